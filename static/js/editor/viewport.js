// @ts-check
/** Which piece of the canvas is seen, and how large. Wheel, keys, buttons and gestures all end here. */

import { clampScale, fitView, reveal, toCanvas, zoomAt } from "./geometry.js";

const STEP = 1.2;
const SQUARES = 80; // after so many canvas units the squared paper repeats itself
const LARGEST_WINDOW = { width: 8000, height: 5000 }; // in pixels: what the paper covers, wherever one looks

export class Viewport {
  /** Where the canvas lies in the window, while a gesture goes on: asked for between two changes it would have all laid out once more.
   * @type {DOMRect | null} */
  #box = null;
  #isHeld = false;

  /**
   * @param {SVGSVGElement} svg @param {SVGGElement} layer holds everything that moves
   * @param {{key: string, changed: (view: import("./geometry.js").View) => void}} options `key`: under which name this
   *   browser tab remembers the view
   */
  constructor(svg, layer, { key, changed }) {
    this.svg = svg;
    this.layer = layer;
    this.key = key;
    this.changed = changed;
    this.paper = svg.querySelector(".canvas-paper");
    this.paperScale = 0;
    this.view = recall(key) ?? { x: 0, y: 0, scale: 1 };
    /** Whether somebody has chosen this view already, now or before the page was loaded anew. */
    this.wasOpened = recall(key) !== null;
    this.timer = 0;
    addEventListener("pagehide", () => this.#remember());
    const elsewhere = () => (this.#box = null);
    new ResizeObserver(elsewhere).observe(svg);
    for (const sign of ["scroll", "resize"]) addEventListener(sign, elsewhere, { capture: true, passive: true });
    svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#show();
  }

  /** The drawing comes into sight: it is where it belongs (editor.css). */
  place() {
    this.svg.dataset.placed = "";
  }

  /** A gesture begins, or ends: meanwhile the canvas stays where it is, unless the window tells otherwise. @param {boolean} isHeld */
  hold(isHeld) {
    this.#isHeld = isHeld;
    this.#box = null;
  }

  /** @returns {{left: number, top: number, width: number, height: number}} where the canvas lies in the window */
  get #place() {
    const box = this.#box ?? this.svg.getBoundingClientRect();
    if (this.#isHeld) this.#box = box;
    return box;
  }

  /** @returns {import("./geometry.js").Size} */
  get size() {
    if (this.svg.dataset.placed !== undefined) return this.#place;
    const box = /** @type {Element} */ (this.svg.parentElement);
    return { width: box.clientWidth, height: box.clientHeight };
  }

  /** @returns {import("./geometry.js").Rect} what is seen, in canvas units */
  get seen() {
    const from = toCanvas(this.view, { x: 0, y: 0 });
    const { width, height } = this.size;
    return { ...from, width: width / this.view.scale, height: height / this.view.scale };
  }

  /** @param {{clientX: number, clientY: number}} event @returns {import("./geometry.js").Point} within the canvas element */
  onScreen(event) {
    const { left, top } = this.#place;
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** @param {{clientX: number, clientY: number}} event @returns {import("./geometry.js").Point} in canvas units */
  onCanvas(event) {
    return toCanvas(this.view, this.onScreen(event));
  }

  /** @param {import("./geometry.js").View} view */
  set(view) {
    if (view === this.view) return;
    this.view = view;
    this.#show();
  }

  /** @param {number} x @param {number} y in screen pixels */
  pan(x, y) {
    this.set({ ...this.view, x: this.view.x + x, y: this.view.y + y });
  }

  /** @param {number} scale @param {import("./geometry.js").Point} [anchor] on the screen; the middle unless told */
  zoomTo(scale, anchor) {
    const { width, height } = this.size;
    this.set(zoomAt(this.view, clampScale(scale), anchor ?? { x: width / 2, y: height / 2 }));
  }

  zoomIn() {
    this.zoomTo(this.view.scale * STEP);
  }

  zoomOut() {
    this.zoomTo(this.view.scale / STEP);
  }

  /** @param {import("./geometry.js").Rect | null} bounds */
  fit(bounds) {
    if (bounds && this.size.width) this.set(fitView(bounds, this.size));
  }

  /** Bring something into view, moving no further than needed. @param {import("./geometry.js").Rect} rect */
  reveal(rect) {
    if (this.size.width) this.set(reveal(this.view, rect, this.size));
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (event.ctrlKey || event.metaKey) {
      const turn = Math.max(-60, Math.min(60, event.deltaY * unit));
      this.zoomTo(this.view.scale * Math.exp(-turn / 120), this.onScreen(event));
    } else if (event.shiftKey && !event.deltaX) {
      this.pan(-event.deltaY * unit, 0);
    } else {
      this.pan(-event.deltaX * unit, -event.deltaY * unit);
    }
  }

  #show() {
    const { x, y, scale } = this.view;
    const transform = `translate(${x} ${y}) scale(${scale})`;
    this.layer.setAttribute("transform", transform);
    this.#showPaper();
    const isFar = String(scale < 0.5); // squares and small print would only be noise
    if (this.svg.dataset.far !== isFar) this.svg.dataset.far = isFar;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#remember(), 200); // not in each frame of a gesture
    this.changed(this.view);
  }

  /** The paper moves along as far as its squares repeat. Not its pattern: that would have everything in the canvas painted anew in each
   * frame, where what only moves is not. */
  #showPaper() {
    const { x, y, scale } = this.view;
    const step = SQUARES * scale;
    this.paper?.setAttribute("transform", `translate(${(x % step) - step} ${(y % step) - step}) scale(${scale})`);
    if (this.paperScale === scale) return;
    this.paperScale = scale;
    for (const side of /** @type {const} */ (["width", "height"])) this.paper?.setAttribute(side, String(LARGEST_WINDOW[side] / scale + 2 * SQUARES));
  }

  #remember() {
    if (this.wasOpened) sessionStorage.setItem(this.key, JSON.stringify(this.view));
  }
}

/** @param {string} key @returns {import("./geometry.js").View | null} */
function recall(key) {
  try {
    const { x, y, scale } = JSON.parse(sessionStorage.getItem(key) ?? "");
    return [x, y, scale].every(Number.isFinite) ? { x, y, scale: clampScale(scale) } : null;
  } catch {
    return null;
  }
}
