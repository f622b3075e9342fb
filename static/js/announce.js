// @ts-check
// Says something to screen readers.

/** What was said is not said again when a dialog that lay over it closes: to a screen reader it would be new then. */
document.addEventListener("beforetoggle", ({ target }) => {
  if (!(target instanceof HTMLDialogElement)) return;
  for (const live of document.querySelectorAll("#live, [data-announced]")) live.textContent = "";
}, { capture: true });

/** @param {string} text */
export function announce(text) {
  const live = region();
  if (!live) return;
  live.textContent = "";
  // A change is only announced when the region was seen empty before.
  setTimeout(() => {
    if (live === region()) live.textContent = text;
    else announce(text);
  }, 50);
}

/** Where it is heard: behind a modal dialog nothing is. @returns {Element | null} */
function region() {
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  if (!dialog) return document.getElementById("live");
  const own = dialog.querySelector(":scope > [data-announced]");
  if (own) return own;
  const fresh = document.createElement("div");
  fresh.className = "hush";
  fresh.dataset.announced = "";
  fresh.setAttribute("role", "status");
  fresh.setAttribute("aria-live", "polite");
  dialog.append(fresh);
  return fresh;
}
