// @ts-check
/** Put the parts of an answer in their places: in the namespace of the place, without losing the focus. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {{id: string, html: string, into?: string, before?: string}} Part `into`: the id of the element it is appended
 *   to when it is new; `before`: the id of the sibling it then goes before
 */

/** Replace, add and remove elements. Answers the elements as they now stand.
 * @param {Part[]} parts @param {string[]} [removed] element ids @returns {Element[]} */
export function applyParts(parts, removed = []) {
  const focused = document.activeElement?.closest("[id]")?.id;
  for (const id of removed) document.getElementById(id)?.remove();
  const placed = parts.map(placePart).filter((element) => element !== null);
  const again = focused ? document.getElementById(focused) : null;
  if (again && again !== document.activeElement && document.activeElement === document.body) {
    /** @type {HTMLElement} */ (again).focus({ preventScroll: true });
  }
  return placed;
}

/** @param {Part} part @returns {Element | null} */
function placePart(part) {
  const old = document.getElementById(part.id);
  const place = old?.parentNode ?? (part.into ? document.getElementById(part.into) : null);
  if (!(place instanceof Element)) return null;
  const fresh = parsePart(part.html, place.namespaceURI === SVG);
  if (old) old.replaceWith(fresh);
  else place.insertBefore(fresh, part.before ? document.getElementById(part.before) : null);
  return fresh;
}

/** One element from its markup. Scripts in it never run. @param {string} html @param {boolean} isSvg @returns {Element} */
export function parsePart(html, isSvg) {
  const parser = new DOMParser();
  const parent = isSvg
    ? parser.parseFromString(`<svg xmlns="${SVG}">${html}</svg>`, "image/svg+xml").documentElement
    : parser.parseFromString(html, "text/html").body;
  const element = parent.firstElementChild;
  if (!element || element.nodeName === "parsererror") throw new Error("a part of the page could not be read");
  return document.importNode(element, true);
}

/** @param {string} name @param {Record<string, string | number>} [attributes] @returns {SVGElement} */
export function svgElement(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
