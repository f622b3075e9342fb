// @ts-check
// How large a drawn flow is shown in a page: `<div data-controller="zoom">` holds the tools (components/graph_tools.html) and
// the frame that scrolls, `[data-zoomed]`. As it comes it fits the width down to a size that can be read (graph-frame.css).
// Buttons, keys (as in the editor: + − 0 F), Ctrl+wheel and two fingers change its size, a pulled mouse what is seen of it.
import { announce } from "./announce.js";

const STEP = 1.2;
const LEAST = 0.1;
const MOST = 3;
const KEYS = /** @type {Record<string, string>} */ ({ "+": "in", "=": "in", "-": "out", 0: "reset", f: "fit", F: "fit" });
const DIFFERENT = ["added", "removed", "changed", "moved"].map((look) => `.graph .status-${look}, .graph .edge-${look}`).join(", ");
const PULLED = 4; // pixels after which a press is no click any more

/** @param {HTMLElement} view */
export default function connect(view) {
  const frame = /** @type {HTMLElement | null} */ (view.querySelector("[data-zoomed]"));
  const tools = /** @type {HTMLElement | null} */ (view.querySelector(".graph-tools"));
  if (!frame || !tools || !frame.querySelector(".graph")) return undefined;
  const zoom = new Zoom(frame, /** @type {HTMLElement} */ (tools.querySelector(".graph-percent")));
  tools.hidden = false;
  zoom.tell();
  showDifference(frame);

  tools.addEventListener("click", ({ target }) => {
    const button = /** @type {HTMLElement | null} */ (target instanceof Element ? target.closest("[data-zoom]") : null);
    if (button) zoom.does(button.dataset.zoom ?? "");
  });
  view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    event.preventDefault();
    zoom.does(KEYS[event.key]);
  });
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    zoom.to(zoom.scale * Math.exp(-Math.max(-60, Math.min(60, event.deltaY * unit)) / 120), event);
  }, { passive: false });
  pull(frame);
  pinch(frame, zoom);
  const resized = new ResizeObserver(() => zoom.tell());
  resized.observe(frame);
  return () => resized.disconnect();
}

/** Of two versions on one drawing: the first thing that differs comes into sight. @param {HTMLElement} frame */
function showDifference(frame) {
  const boxes = [...frame.querySelectorAll(DIFFERENT)].map((element) => element.getBoundingClientRect());
  const inside = frame.getBoundingClientRect();
  if (!boxes.length || boxes.some((box) => box.left >= inside.left && box.right <= inside.right)) return;
  const first = boxes.reduce((one, other) => (other.left < one.left ? other : one));
  frame.scrollLeft += first.left + first.width / 2 - inside.left - frame.clientWidth / 2;
  frame.scrollTop += first.top + first.height / 2 - inside.top - frame.clientHeight / 2;
}

/** @typedef {{clientX: number, clientY: number}} At */

class Zoom {
  /** @param {HTMLElement} frame @param {HTMLElement} percent */
  constructor(frame, percent) {
    this.frame = frame;
    this.percent = percent;
  }

  /** The drawing: looked for each time, as a live page may replace it. */
  get graph() {
    return /** @type {SVGSVGElement} */ (this.frame.querySelector(".graph"));
  }

  /** @returns {{width: number, height: number}} at 100 % */
  get natural() {
    return this.graph.viewBox.baseVal;
  }

  get scale() {
    return this.graph.getBoundingClientRect().width / this.natural.width || 1;
  }

  /** @param {string} what */
  does(what) {
    if (what === "in") this.to(this.scale * STEP);
    if (what === "out") this.to(this.scale / STEP);
    if (what === "reset") this.to(1);
    if (what === "fit") this.to(this.#whole());
    announce(this.percent.textContent ?? "");
  }

  /** @param {number} wanted @param {At} [anchor] what stays where it is; the middle unless told */
  to(wanted, anchor) {
    const { frame, graph } = this;
    const scale = Math.max(LEAST, Math.min(MOST, wanted));
    const box = frame.getBoundingClientRect();
    const at = anchor ?? { clientX: box.left + frame.clientWidth / 2, clientY: box.top + frame.clientHeight / 2 };
    const before = graph.getBoundingClientRect();
    const share = { x: (at.clientX - before.left) / before.width, y: (at.clientY - before.top) / before.height };
    frame.classList.add("is-zoomed");
    frame.style.setProperty("--graph-width", `${this.natural.width * scale}px`);
    const after = graph.getBoundingClientRect();
    frame.scrollLeft += after.left + share.x * after.width - at.clientX;
    frame.scrollTop += after.top + share.y * after.height - at.clientY;
    this.tell();
  }

  /** Shows how large it is. */
  tell() {
    const words = `${Math.round(this.scale * 100)} %`;
    if (this.percent.textContent !== words) this.percent.textContent = words;
  }

  /** The size at which all is seen: as wide as the frame, as high as it may become. */
  #whole() {
    const { frame, natural } = this;
    const most = Number.parseFloat(getComputedStyle(frame).maxHeight) || innerHeight;
    const lines = frame.offsetHeight - frame.clientHeight;
    return Math.min(1, frame.clientWidth / natural.width, (most - lines) / natural.height);
  }
}

/** What is seen is moved by the mouse, wherever it is pressed. @param {HTMLElement} frame */
function pull(frame) {
  /** @type {{x: number, y: number, left: number, top: number, far: boolean} | null} */
  let from = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button > 1 || onBars(frame, event)) return;
    from = { x: event.clientX, y: event.clientY, left: frame.scrollLeft, top: frame.scrollTop, far: false };
    if (event.button === 1) event.preventDefault();
  });
  frame.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    if (!from.far && Math.hypot(x, y) > PULLED) {
      from.far = true;
      frame.setPointerCapture(event.pointerId);
      frame.classList.add("is-grabbed");
    }
    if (from.far) frame.scrollTo(from.left - x, from.top - y);
  });
  const done = () => {
    frame.classList.remove("is-grabbed");
    // The click of this press comes right after it.
    if (from?.far) addEventListener("click", stop, { capture: true });
    if (from?.far) setTimeout(() => removeEventListener("click", stop, { capture: true }));
    from = null;
  };
  frame.addEventListener("pointerup", done);
  frame.addEventListener("pointercancel", done);
  frame.addEventListener("dragstart", (event) => event.preventDefault()); // cards may be links
}

/** @param {Event} event */
function stop(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** @param {HTMLElement} frame @param {At} at whether on its scroll bars */
function onBars(frame, { clientX, clientY }) {
  const box = frame.getBoundingClientRect();
  return clientX - box.left > frame.clientLeft + frame.clientWidth || clientY - box.top > frame.clientTop + frame.clientHeight;
}

/** Two fingers. One scrolls, as everywhere. @param {HTMLElement} frame @param {Zoom} zoom */
function pinch(frame, zoom) {
  /** @type {{apart: number, scale: number} | null} */
  let begun = null;
  /** @param {TouchEvent} event */
  const hand = ({ touches: [a, b] }) => ({
    apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1,
    clientX: (a.clientX + b.clientX) / 2,
    clientY: (a.clientY + b.clientY) / 2,
  });
  frame.addEventListener("touchstart", (event) => {
    begun = event.touches.length === 2 ? { apart: hand(event).apart, scale: zoom.scale } : null;
    if (begun) event.preventDefault();
  }, { passive: false });
  frame.addEventListener("touchmove", (event) => {
    if (!begun || event.touches.length !== 2) return;
    event.preventDefault();
    const now = hand(event);
    zoom.to((begun.scale * now.apart) / begun.apart, now);
  }, { passive: false });
  frame.addEventListener("touchend", () => (begun = null));
}
