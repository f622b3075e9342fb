// @ts-check
// Where the keyboard goes when an answer or a live update takes away what had it: to what has come in its place or stands
// around it, never back to the top of the page.

/** @typedef {{ element: Element, around: Element[] }} Held */

const STOPS = "a[href], button:not(:disabled), input:not(:disabled, [type=hidden]), select:not(:disabled), textarea:not(:disabled), summary";

/** What has the keyboard inside of `root`, and what stands around it. @param {Element} root @returns {Held | null} */
export function heldIn(root) {
  const element = document.activeElement;
  if (!element || element === document.body || !root.contains(element)) return null;
  const around = [];
  for (let outer = element.parentElement; outer && outer !== document.body; outer = outer.parentElement) around.push(outer);
  return { element, around };
}

/**
 * Give the keyboard on, if it was taken away: to the first value that was refused, to what does the same as before, else to
 * the heading of what is left.
 * @param {Held | null} held @param {Element | null} [fresh] what has come in the place of what is gone
 */
export function handOn(held, fresh = null) {
  if (!held || held.element.isConnected || document.activeElement !== document.body) return;
  const wanted = (fresh && (first(fresh, "[aria-invalid=true]") ?? likeIt(held.element, fresh))) || nearby(held.around, fresh);
  if (!wanted) return;
  if (wanted.tabIndex < 0 && !wanted.hasAttribute("tabindex")) wanted.tabIndex = -1;
  wanted.focus({ preventScroll: !wanted.matches("[aria-invalid=true]") });
}

/** @param {Element} root @param {string} what @returns {HTMLElement | undefined} the first that can be seen */
function first(root, what) {
  const all = /** @type {HTMLElement[]} */ ([...(root.matches(what) ? [root] : []), ...root.querySelectorAll(what)]);
  return all.find((each) => each.checkVisibility());
}

/** @param {Element} gone @param {Element} root @returns {HTMLElement | undefined} what is named as the one that is gone was */
function likeIt(gone, root) {
  const name = nameOf(gone);
  return /** @type {HTMLElement[]} */ ([...root.querySelectorAll(gone.nodeName)]).find((each) => nameOf(each) === name && each.matches(STOPS) && each.checkVisibility());
}

/** @param {Element} element */
function nameOf(element) {
  return [element.getAttribute("name"), element.getAttribute("aria-label"), element.getAttribute("value"), element.textContent?.trim()].join("\n");
}

/** @param {Element[]} around @param {Element | null} fresh @returns {HTMLElement | undefined} */
function nearby(around, fresh) {
  const outer = fresh ?? around.find((each) => each.isConnected);
  if (!(outer instanceof HTMLElement)) return undefined;
  return first(outer, "h1, h2, h3, h4") ?? first(outer, STOPS) ?? outer;
}
