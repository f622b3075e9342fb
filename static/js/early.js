// A click that comes before what it is for has loaded: it waits, instead of doing at once what would have been asked about
// first; so does a choice that is stored as soon as it is made. A classic script, so that it is there before anything can be
// clicked.
(() => {
  // What waits for a script to be shown is shown without it, should one not load or fail.
  addEventListener("error", () => (document.documentElement.dataset.failed = ""), { capture: true, once: true });

  // So it is over a slow line, once the page has been read: what is painted only with its script is painted now.
  const SLOW = 250; // milliseconds
  const paint = () => {
    const script = document.querySelector("script[blocking]");
    if (!script || document.querySelector("[data-placed]")) return;
    script.removeAttribute("blocking");
    document.documentElement.dataset.failed = "";
  };
  document.addEventListener("readystatechange", () => setTimeout(paint, SLOW), { once: true });

  const WAITING = "[data-controller~=confirm], [data-controller~=opens]";
  /** @type {WeakSet<EventTarget>} */
  const ready = new WeakSet();
  /** @type {EventTarget | null} */
  let clicked = null;
  /** @type {Set<EventTarget>} */
  const chosen = new Set();

  document.addEventListener(
    "change",
    ({ target }) => {
      if (target instanceof Element && target.matches("[data-controller~=submits]") && !ready.has(target)) chosen.add(target);
    },
    { capture: true },
  );
  document.addEventListener(
    "click",
    (event) => {
      const target = event.target instanceof Element ? event.target.closest(WAITING) : null;
      if (!target || ready.has(target) || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      clicked = target;
    },
    { capture: true },
  );
  document.addEventListener("controllers-ready", ({ target }) => {
    if (!target) return;
    ready.add(target);
    if (chosen.delete(target)) target.dispatchEvent(new Event("change", { bubbles: true }));
    if (target !== clicked) return;
    clicked = null;
    /** @type {HTMLElement} */ (target).click();
  });
})();
