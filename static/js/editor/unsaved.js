// @ts-check
/** The strip that says what is not saved yet, why, and when it goes again by itself. Said aloud once, and once more when all is well. */

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./queue.js").QueueState} QueueState */

const UNSEEN = 30; // a pause of so many seconds or more is not kept to while nobody looks: then it goes as soon as somebody does

export class Unsaved {
  #isTold = false;
  #clock = 0;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#hurry());
  }

  /** @param {QueueState} state */
  show(state) {
    const { root, notice } = this.editor;
    root.classList.toggle("has-unsaved", state.count > 0);
    clearInterval(this.#clock);
    if (state.failed || state.isRetrying) return this.#ask(state);
    if (notice.element.contains(document.activeElement)) this.editor.focusCanvas();
    notice.close("unsaved");
    if (this.#isTold && !state.count) {
      this.#isTold = false;
      this.editor.announce("All changes are saved now.");
    }
    return undefined;
  }

  /** @param {QueueState} state */
  #ask(state) {
    const { notice, queue } = this.editor;
    const what = state.count === 1 ? "One change is not saved." : `${state.count} changes are not saved.`;
    notice.ask("unsaved", [what, state.reason].join(" ").trim(), [
      { label: "Try again", act: () => queue.retry(), isMain: true, isKept: true },
      { label: "Discard and reload", act: () => this.#discard() },
    ]);
    this.#count();
    if (state.againAt) this.#clock = window.setInterval(() => this.#count(), 1000);
    if (this.#isTold || !state.failed) return;
    this.#isTold = true;
    this.editor.announce(`${what} ${state.reason} ${state.againAt ? "It is tried again by itself." : ""}`);
  }

  /** How long it is until the next try. */
  #count() {
    const { againAt, isRetrying } = this.editor.queue.state;
    const seconds = Math.max(1, Math.round((againAt - Date.now()) / 1000));
    this.editor.notice.when.textContent = isRetrying ? "Trying again…" : againAt ? `Trying again in ${seconds} s.` : "";
  }

  /** The line is back, or somebody looks again: why wait. */
  #hurry() {
    if (this.editor.queue.state.againAt) void this.editor.queue.retry();
  }

  #discard() {
    this.editor.queue.discard();
    location.reload();
  }
}

/** After a time; a long one ends when somebody looks. @param {() => void} act @param {number} seconds @returns {() => void} forgets it */
export function whileSeen(act, seconds) {
  const timer = setTimeout(() => (seconds < UNSEEN || !document.hidden) && act(), seconds * 1000);
  return () => clearTimeout(timer);
}
