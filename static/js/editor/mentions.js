// @ts-check
/** The list below a text in which an @ has been begun: arrows choose, Enter or Tab takes, Escape leaves it. */

import { begun, finished, fitting } from "./mentioning.js";

/** @typedef {import("./mentioning.js").Mentionable} Mentionable */

const ID = "mention-options";

export class MentionHelp {
  /** @type {Mentionable[]} */
  #fits = [];
  #at = 0;
  /** @type {HTMLTextAreaElement | null} */
  #area = null;

  /** @param {HTMLElement} root holds the texts, and the people as JSON in `#comment-people` @param {(text: string) => void} say */
  constructor(root, say) {
    this.root = root;
    this.say = say;
    this.list = document.createElement("ul");
    this.list.id = ID;
    this.list.className = "mention-options";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "People");
    root.addEventListener("input", (event) => this.#typed(event.target));
    // Before the panel looks at the keys: Escape leaves the list first.
    root.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    root.addEventListener("focusout", () => this.#close());
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the text keeps the focus
      const option = /** @type {Element} */ (event.target).closest("[role=option]");
      if (option) this.#take([...this.list.children].indexOf(option));
    });
  }

  get #people() {
    const element = this.root.querySelector("#comment-people");
    return /** @type {Mentionable[]} */ (element ? JSON.parse(element.textContent ?? "[]") : []);
  }

  /** @param {EventTarget | null} target */
  #typed(target) {
    if (!(target instanceof HTMLTextAreaElement) || !target.matches("[data-mentions]")) return;
    const word = begun(target.value, target.selectionStart);
    const fits = word ? fitting(this.#people, word.word) : [];
    if (!fits.length) return this.#close();
    if (!this.#fits.length) this.say(`${fits.length} ${fits.length === 1 ? "person fits" : "people fit"}: arrow keys choose`);
    this.#area = target;
    this.#fits = fits;
    this.#at = 0;
    this.#show(target);
    return undefined;
  }

  /** @param {HTMLTextAreaElement} area */
  #show(area) {
    this.list.replaceChildren(...this.#fits.map((person, place) => option(person, place, place === this.#at)));
    if (this.list.previousElementSibling !== area) area.after(this.list);
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-controls", ID);
    area.setAttribute("aria-activedescendant", `${ID}-${this.#at}`);
  }

  #close() {
    if (!this.#area) return;
    for (const name of ["aria-autocomplete", "aria-controls", "aria-activedescendant"]) this.#area.removeAttribute(name);
    this.list.remove();
    this.#area = null;
    this.#fits = [];
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.#area || event.target !== this.#area || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.#at = (this.#at + step + this.#fits.length) % this.#fits.length;
      this.#show(this.#area);
    } else if (event.key === "Enter" || event.key === "Tab") {
      this.#take(this.#at);
    } else if (event.key === "Escape") {
      this.#close();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {number} place */
  #take(place) {
    const area = this.#area;
    const person = this.#fits[place];
    const word = area && begun(area.value, area.selectionStart);
    if (!area || !person || !word) return this.#close();
    const done = finished(area.value, area.selectionStart, word.start, person.handle);
    area.value = done.text;
    area.setSelectionRange(done.caret, done.caret);
    this.say(`Mentioned ${person.handle}`);
    return this.#close();
  }
}

/** @param {Mentionable} person @param {number} place @param {boolean} isChosen */
function option({ handle, email }, place, isChosen) {
  const item = document.createElement("li");
  item.id = `${ID}-${place}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", String(isChosen));
  const name = document.createElement("b");
  name.textContent = handle;
  item.append(name);
  if (email !== handle) item.append(` ${email}`);
  return item;
}
