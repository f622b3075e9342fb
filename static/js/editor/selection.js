// @ts-check
/** What is selected: refs of nodes and edges; none means the flow itself. The last one chosen is the leading one. */

export class Selection {
  /** @type {Set<string>} */
  #refs = new Set();
  /** How often somebody has chosen something, rather than an answer of the server. */
  choices = 0;

  /** @param {(selection: Selection) => void} changed called after every change */
  constructor(changed) {
    this.changed = changed;
  }

  /** @returns {string[]} */
  get refs() {
    return [...this.#refs];
  }

  /** @returns {string} the leading ref; empty for the flow */
  get leading() {
    return this.refs.at(-1) ?? "";
  }

  /** @param {string} ref */
  has(ref) {
    return this.#refs.has(ref);
  }

  /** @param {...string} refs */
  set(...refs) {
    if (this.#become(refs)) {
      this.choices += 1;
      this.changed(this);
    }
  }

  /** Select what an edit has made. @param {...string} refs */
  follow(...refs) {
    if (this.#become(refs)) this.changed(this);
  }

  /** @param {string[]} refs @returns {boolean} whether it is another selection than before */
  #become(refs) {
    const wanted = refs.filter((ref) => ref !== "");
    const same = wanted.length === this.#refs.size && wanted.every((ref) => this.#refs.has(ref)) && wanted.at(-1) === this.refs.at(-1);
    this.#refs = new Set(wanted);
    return !same;
  }

  /** @param {string} ref */
  toggle(ref) {
    if (!this.#refs.delete(ref)) this.#refs.add(ref);
    this.choices += 1;
    this.changed(this);
  }

  clear() {
    this.set();
  }

  /** Drop what no longer exists. @param {(ref: string) => boolean} exists */
  keep(exists) {
    this.follow(...this.refs.filter(exists));
  }
}
