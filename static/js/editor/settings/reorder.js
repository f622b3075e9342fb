// @ts-check
/** Dragging the branches of a decision into another order. By keyboard the buttons beside them do the same. */

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
    drag(row, /** @type {HTMLElement} */ (handle), event.pointerId, editor);
  });
}

/** @param {HTMLElement} row @param {HTMLElement} handle @param {number} pointer @param {import("../main.js").Editor} editor */
function drag(row, handle, pointer, editor) {
  const list = /** @type {HTMLElement} */ (row.parentElement);
  const before = [...list.children].indexOf(row);
  const { signal, abort } = aborting();
  handle.setPointerCapture(pointer);
  row.classList.add("is-dragged");
  const move = (/** @type {PointerEvent} */ event) => {
    const previous = row.previousElementSibling;
    const next = row.nextElementSibling;
    // The others make room: an element that is taken out and put back loses the pointer.
    if (previous && event.clientY < middle(previous)) row.after(previous);
    else if (next && event.clientY > middle(next)) row.before(next);
  };
  const end = (/** @type {boolean} */ isKept) => {
    abort();
    row.classList.remove("is-dragged");
    const place = [...list.children].indexOf(row);
    if (place === before) return;
    if (!isKept) {
      const others = [...list.children].filter((other) => other !== row);
      list.replaceChildren(...others.slice(0, before), row, ...others.slice(before));
      return;
    }
    // The inspector stores what a field stands for when one of its inputs tells of a change.
    row.querySelector("input[type=hidden]")?.dispatchEvent(new Event("change", { bubbles: true }));
    // After the server's word, which does not say where the branch is now.
    const said = `Now branch ${place + 1} of ${list.children.length}`;
    void editor.queue.idle().then(() => editor.announce(said));
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
