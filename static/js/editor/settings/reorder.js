// @ts-check
/** Dragging rows into another order: branches of a decision, fields of a form. By keyboard the buttons beside them do the same. */

const STIRRED = 4; // pixels: less is no drag
const ROW = "[data-row], [data-schema-row]";
const EDGE = 40; // pixels: so near the end of the pane it scrolls on

const started = new WeakSet();

/** @param {HTMLElement} root @param {import("../main.js").Editor} editor */
export function reorder(root, editor) {
  if (started.has(root)) return;
  started.add(root);
  root.addEventListener("pointerdown", (event) => {
    const handle = /** @type {Element} */ (event.target).closest("[data-drag]");
    const row = /** @type {HTMLElement | null} */ (handle?.closest("[data-row]"));
    if (!handle || !row || event.button !== 0) return;
    event.preventDefault();
    const moved = (/** @type {number} */ _from, /** @type {number} */ to) => {
      // The inspector stores what a field stands for when one of its inputs tells of a change.
      row.querySelector("input[type=hidden]")?.dispatchEvent(new Event("change", { bubbles: true }));
      announcePlace(editor, "branch", to, row.parentElement?.children.length ?? 0);
    };
    drag(row, /** @type {HTMLElement} */ (handle), event, { pane: editor.inspector.element, moved });
  });
}

/** After the server's word, which does not say where the row is now.
 * @param {import("../main.js").Editor} editor @param {string} what @param {number} place from 0 @param {number} count */
export function announcePlace(editor, what, place, count) {
  void editor.queue.idle().then(() => editor.announce(`Now ${what} ${place + 1} of ${count}`));
}

/** Rows make room for the one whose handle is held, among the rows of its list, which come first in it.
 * @param {HTMLElement} row @param {HTMLElement} handle @param {PointerEvent} pressed
 * @param {{pane: HTMLElement, begun?: () => void, moved: (from: number, to: number) => void}} how `pane`: what scrolls; `begun`: told once
 *   it is a drag; `moved`: told when it is let go of elsewhere, the first place being 0 */
export function drag(row, handle, pressed, { pane, begun, moved }) {
  const list = /** @type {HTMLElement} */ (row.parentElement);
  const before = [...list.children].indexOf(row);
  const { signal, abort } = aborting();
  let isBegun = false;
  handle.setPointerCapture(pressed.pointerId);
  const move = (/** @type {PointerEvent} */ event) => {
    if (!isBegun && Math.abs(event.clientY - pressed.clientY) < STIRRED) return;
    if (!isBegun) {
      isBegun = true;
      row.classList.add("is-dragged");
      begun?.();
    }
    const { top, bottom } = pane.getBoundingClientRect();
    if (event.clientY < top + EDGE) pane.scrollBy(0, -EDGE / 4);
    if (event.clientY > bottom - EDGE) pane.scrollBy(0, EDGE / 4);
    const previous = row.previousElementSibling;
    const next = row.nextElementSibling?.matches(ROW) ? row.nextElementSibling : null;
    // The others make room: an element that is taken out and put back loses the pointer.
    if (previous && event.clientY < middle(previous)) row.after(previous);
    else if (next && event.clientY > middle(next)) row.before(next);
  };
  const end = (/** @type {boolean} */ isKept) => {
    abort();
    row.classList.remove("is-dragged");
    const place = [...list.children].indexOf(row);
    if (place === before || place < 0) return; // where it was, or drawn anew meanwhile: no row of the list any more
    if (!isKept) {
      const others = [...list.children].filter((other) => other !== row);
      list.replaceChildren(...others.slice(0, before), row, ...others.slice(before));
      return;
    }
    moved(before, place);
  };
  handle.addEventListener("pointermove", move, { signal });
  handle.addEventListener("pointerup", () => end(true), { signal });
  handle.addEventListener("pointercancel", () => end(false), { signal });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    end(false);
  }, { signal, capture: true });
}

/** @param {Element} element */
function middle(element) {
  const box = element.getBoundingClientRect();
  return box.top + box.height / 2;
}

function aborting() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
