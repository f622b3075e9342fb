// A click that comes before what it is for has loaded: it waits, instead of doing at once what would have been asked about
// first. A classic script, so that it is there before anything can be clicked.
(() => {
  const WAITING = "[data-controller~=confirm], [data-controller~=opens]";
  /** @type {WeakSet<EventTarget>} */
  const ready = new WeakSet();
  /** @type {EventTarget | null} */
  let clicked = null;

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
    if (target !== clicked) return;
    clicked = null;
    /** @type {HTMLElement} */ (target).click();
  });
})();
