// @ts-check
/** The strip over the canvas that asks: changes that did not get through, a change that crossed somebody else's. */

export class Notice {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.text = /** @type {HTMLElement} */ (element.querySelector("[data-text]"));
    this.buttons = /** @type {HTMLElement} */ (element.querySelector("[data-buttons]"));
    this.when = /** @type {HTMLElement} */ (element.querySelector("[data-when]"));
    this.subject = "";
  }

  /** @param {string} subject what it is about: a later notice about the same replaces it @param {string} text
   * @param {{label: string, act: () => void, isMain?: boolean, isKept?: boolean}[]} answers each closes the strip, but
   * for one that keeps it; what has such a one is the same however often it is asked */
  ask(subject, text, answers) {
    const isAsked = !this.element.hidden && subject === this.subject && answers.some(({ isKept }) => isKept);
    this.subject = subject;
    this.text.textContent = text;
    this.when.textContent = "";
    if (isAsked) return; // the buttons stay what they are: one of them may have the keyboard
    this.buttons.replaceChildren(
      ...answers.map(({ label, act, isMain, isKept }) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = isMain ? "button button-small button-primary" : "button button-small";
        button.textContent = label;
        button.addEventListener("click", () => {
          if (!isKept) this.close(subject);
          act();
        });
        return button;
      }),
    );
    this.element.hidden = false;
  }

  /** @param {string} subject */
  close(subject) {
    if (subject === this.subject) this.element.hidden = true;
  }
}
