// @ts-check
/** What is selected: refs of nodes and edges; none means the flow itself. The last one chosen is the leading one. */

export class Selection {
  /** @type {Set<string>} */
  #refs = new Set();

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
    const wanted = refs.filter((ref) => ref !== "");
    const same = wanted.length === this.#refs.size && wanted.every((ref) => this.#refs.has(ref)) && wanted.at(-1) === this.refs.at(-1);
    this.#refs = new Set(wanted);
    if (!same) this.changed(this);
  }

  /** @param {string} ref */
  toggle(ref) {
    if (!this.#refs.delete(ref)) this.#refs.add(ref);
    this.changed(this);
  }

  clear() {
    this.set();
  }

  /** Drop what no longer exists. @param {(ref: string) => boolean} exists */
  keep(exists) {
    this.set(...this.refs.filter(exists));
  }
}
