// @ts-check
/** The drawer with what is wrong: a click shows the culprit. Marks the culprits on the canvas too. */

/** @typedef {import("./main.js").Editor} Editor */

export class Problems {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    /** The worst of each thing, by its ref: error or warning. @type {Map<string, string>} */
    this.worst = new Map();
    editor.root.addEventListener("click", (event) => {
      const item = /** @type {Element} */ (event.target).closest("[data-culprit]");
      if (item instanceof HTMLElement) this.#show(item.dataset.culprit ?? "", item.dataset.path ?? "");
    });
    this.mark();
  }

  /** Begin at what the address asks for (`?at=REF&path=SETTING`): a problem on another page leads here. */
  arrive() {
    const asked = new URLSearchParams(location.search);
    const ref = asked.get("at");
    if (ref !== null) this.#show(ref, asked.get("path") ?? "");
  }

  /** Put a mark on every culprit, after the list or the canvas changed. */
  mark() {
    const { editor } = this;
    const head = editor.root.querySelector("[data-act=problems]");
    head?.setAttribute("aria-expanded", String(editor.root.dataset.problems === "open"));
    const worst = new Map();
    const before = this.worst;
    this.worst = worst;
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (editor.root.querySelectorAll("[data-culprit]"))) {
      const { culprit = "", severity = "" } = item.dataset;
      if (worst.get(culprit) !== "error") worst.set(culprit, severity);
    }
    for (const ref of new Set([...before.keys(), ...worst.keys()])) {
      const element = editor.element(ref);
      element?.classList.toggle("has-error", worst.get(ref) === "error");
      element?.classList.toggle("has-warning", worst.get(ref) === "warning");
    }
    editor.outline?.mark();
  }

  /** @param {string} ref @param {string} path of the setting, if it is one */
  #show(ref, path) {
    const { editor } = this;
    if (ref && !editor.graph.has(ref)) return;
    editor.walkTo(ref);
    editor.openInspector(ref, path);
  }
}
