// @ts-check
/** A list of suggestions below a field, while the keyboard stays in the field. One on the page. */

/** @typedef {{text: string, label: string, type?: string, help?: string, maybe?: boolean}} Suggestion */

/** @type {Popup | null} */
let one = null;
/** That of the page. */
export const thePopup = () => (one ??= new Popup());

export class Popup {
  /** @type {Suggestion[]} */
  #shown = [];
  #at = 0;
  /** @type {HTMLInputElement | HTMLTextAreaElement | null} */
  #field = null;
  /** @type {(suggestion: Suggestion) => void} */
  #take = () => {};

  constructor() {
    this.element = document.createElement("ul");
    this.element.className = "suggest";
    this.element.id = "suggest";
    this.element.hidden = true;
    this.element.setAttribute("role", "listbox");
    this.element.setAttribute("aria-label", "Suggestions");
    // The field keeps the keyboard when somebody clicks.
    this.element.addEventListener("pointerdown", (event) => event.preventDefault());
    this.element.addEventListener("click", (event) => {
      const option = /** @type {Element} */ (event.target).closest("[role=option]");
      if (option) this.#choose([...this.element.children].indexOf(option));
    });
    (document.querySelector("main") ?? document.body).append(this.element); // within a landmark
    addEventListener("scroll", () => this.isOpen && this.#place(), { capture: true, passive: true });
    addEventListener("resize", () => this.close());
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** @param {HTMLInputElement | HTMLTextAreaElement} field @param {Suggestion[]} suggestions @param {(suggestion: Suggestion) => void} take */
  show(field, suggestions, take) {
    if (!suggestions.length) return this.close();
    this.#shown = suggestions;
    this.#take = take;
    this.#at = 0;
    this.#field = field;
    this.element.replaceChildren(...suggestions.map(optionFor));
    this.element.hidden = false;
    field.setAttribute("aria-controls", this.element.id);
    this.#place();
    this.#mark();
    return undefined;
  }

  close() {
    this.element.hidden = true;
    this.#field?.removeAttribute("aria-activedescendant");
    this.#field?.removeAttribute("aria-controls");
    this.#field = null;
  }

  /** Keys of the field that are the list's. @param {KeyboardEvent} event @returns {boolean} whether it was one */
  key(event) {
    if (!this.isOpen || event.ctrlKey || event.metaKey || event.altKey) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.#at = (this.#at + step + this.#shown.length) % this.#shown.length;
      this.#mark();
    } else if (event.key === "Enter" || event.key === "Tab") this.#choose(this.#at);
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** @param {number} place */
  #choose(place) {
    const chosen = this.#shown[place];
    const take = this.#take;
    this.close();
    if (chosen) take(chosen);
  }

  #mark() {
    [...this.element.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === this.#at)));
    const current = this.element.children[this.#at];
    current?.scrollIntoView({ block: "nearest" });
    if (current) this.#field?.setAttribute("aria-activedescendant", current.id);
  }

  #place() {
    const box = this.#field?.getBoundingClientRect();
    if (!box || !this.#field?.isConnected) return this.close();
    placeBeside(this.element, box);
    return undefined;
  }
}

/** Put a floating element below a box, or above where there is more room. @param {HTMLElement} element @param {DOMRect} box */
export function placeBeside(element, box) {
  const { width, height } = element.getBoundingClientRect();
  const fits = box.bottom + 4 + height <= innerHeight - 8 || box.top < innerHeight - box.bottom;
  const top = fits ? box.bottom + 4 : box.top - 4 - height;
  element.style.setProperty("left", `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`);
  element.style.setProperty("top", `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`);
}

/** @param {Suggestion} suggestion @param {number} place */
function optionFor(suggestion, place) {
  const option = document.createElement("li");
  option.id = `suggest-${place}`;
  option.setAttribute("role", "option");
  option.append(piece("suggest-name clip", suggestion.label), ...notes(suggestion));
  return option;
}

/** What stands beside a name: whether it is certain, and its type.
 * @param {{type?: string, maybe?: boolean, help?: string}} about */
export function notes(about) {
  const found = [];
  if (about.help) found.push(piece("suggest-help clip", about.help));
  if (about.maybe) found.push(piece("maybe", "maybe"));
  if (about.type && about.type !== "any") found.push(piece("suggest-type", about.type));
  return found;
}

/** @param {string} name @param {string} text */
export function piece(name, text) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  return span;
}
