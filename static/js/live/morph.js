// @ts-check
// Makes an element equal to new HTML by changing only what differs, so that focus, scroll, selection, open `<details>` and
// half-typed fields stay. Works inside SVG too.
//
// Children are matched by `id` or `data-key`, else in order. `data-live-keep="token"` keeps an element as it is while the
// token is the same; `data-live-own="viewBox class"` names attributes that belong to scripts and are left alone;
// `data-live-same` stands for an element that the page has already: only its key is sent.

import { handOn, heldIn } from "./focus.js";

/** What the person changed, not the server. @type {Record<string, string[]>} */
const OWN = { DETAILS: ["open"], DIALOG: ["open"] };

/**
 * Answers whether the element is whole now: not where it was to keep a row that it does not have.
 * @param {Element} target @param {string} html its new outer HTML
 */
export function replacePart(target, html) {
  const fresh = parse(target, html);
  if (!fresh) return true;
  return morphTo(target, fresh);
}

/**
 * Answers as `replacePart` does.
 * @param {Element} target @param {Element} fresh what it is to become
 */
export function morphTo(target, fresh) {
  missing = 0;
  const focused = document.activeElement;
  const held = heldIn(target);
  if (fresh.nodeName === target.nodeName) morph(target, fresh);
  else target.replaceWith(document.importNode(fresh, true));
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.id) {
    document.getElementById(focused.id)?.focus({ preventScroll: true });
  }
  handOn(held);
  return missing === 0;
}

/** How many rows were to be kept and are not there, in the part that is being replaced. */
let missing = 0;

/** Stands for a row that the page has already. @param {Node} node */
function isStub(node) {
  return node instanceof Element && node.hasAttribute("data-live-same");
}

/** An SVG fragment parsed outside of `<svg>` would be unknown HTML elements. @param {Element} target @param {string} html */
function parse(target, html) {
  const template = document.createElement("template");
  const isInsideSvg = target instanceof SVGElement && target.ownerSVGElement !== null;
  template.innerHTML = isInsideSvg ? `<svg>${html}</svg>` : html;
  const root = template.content.firstElementChild;
  return isInsideSvg ? (root?.firstElementChild ?? null) : root;
}

/** @param {Element} from @param {Element} to */
function morph(from, to) {
  if (isStub(to)) return;
  const keep = from.getAttribute("data-live-keep");
  if (keep !== null && keep === to.getAttribute("data-live-keep")) return;
  if (from.isEqualNode(to)) return;
  morphAttributes(from, to);
  morphChildren(from, to);
}

/** @param {Element} from @param {Element} to */
function morphAttributes(from, to) {
  const own = [...(OWN[from.nodeName] ?? []), ...(from.getAttribute("data-live-own") ?? "").split(" ")];
  for (const { name, value } of [...to.attributes]) {
    if (!own.includes(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    const hasKeyboard = name === "tabindex" && from === document.activeElement; // it was given on to it
    if (!own.includes(name) && !to.hasAttribute(name) && !hasKeyboard) from.removeAttribute(name);
  }
}

/** @param {Node} node @returns {string | null} */
function keyOf(node) {
  if (!(node instanceof Element)) return null;
  return node.id || node.getAttribute("data-key");
}

/** @param {Element} from @param {Element} to */
function morphChildren(from, to) {
  const wanted = new Set([...to.children].map(keyOf).filter(Boolean));
  /** @type {Map<string, Element>} */
  const keyed = new Map();
  for (const child of [...from.children]) {
    const key = keyOf(child);
    if (!key) continue;
    if (wanted.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let cursor = from.firstChild;
  for (const next of [...to.childNodes]) {
    const key = keyOf(next);
    const match = key ? sameName(keyed.get(key), next) : following(cursor, next);
    if (match === null && isStub(next)) {
      missing += 1;
      continue;
    }
    if (match === null) {
      from.insertBefore(document.importNode(next, true), cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else from.insertBefore(match, cursor);
    if (match instanceof Element && next instanceof Element) morph(match, next);
    else if (match.nodeValue !== next.nodeValue) match.nodeValue = next.nodeValue;
  }
  while (cursor) {
    const gone = cursor;
    cursor = cursor.nextSibling;
    gone.remove?.();
  }
}

/** @param {Element | undefined} found @param {Node} next @returns {ChildNode | null} */
function sameName(found, next) {
  return found && found.nodeName === next.nodeName ? found : null;
}

/** The next node without a key that `next` may become. @param {ChildNode | null} from @param {Node} next @returns {ChildNode | null} */
function following(from, next) {
  for (let node = from; node; node = node.nextSibling) {
    if (node.nodeName === next.nodeName && keyOf(node) === null) return node;
  }
  return null;
}
