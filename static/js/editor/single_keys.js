// @ts-check
/** Whether keys of one letter or sign do something here: whoever speaks their input can turn them off (WCAG 2.1.4). */

const KEY = "quadrille-single-keys";

/** Whether this key is one that has been turned off; arrows, Enter, function keys and anything with Ctrl or Alt never are.
 * @param {KeyboardEvent} event */
export function isMuted(event) {
  const isSingle = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  return isSingle && localStorage.getItem(KEY) === "off";
}

/** Let a checkbox turn them off and on, for good. @param {Element | null} box */
export function offerChoice(box) {
  if (!(box instanceof HTMLInputElement)) return;
  box.checked = localStorage.getItem(KEY) !== "off";
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  });
}
