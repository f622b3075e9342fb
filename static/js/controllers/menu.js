// @ts-check
// A `<details>` menu that closes like one: Escape, a click elsewhere, focus gone; arrow keys, Home and End walk its items.

/** @param {HTMLDetailsElement} menu */
export default function connect(menu) {
  const summary = menu.querySelector("summary");
  const items = () => /** @type {HTMLElement[]} */ ([...menu.querySelectorAll(".menu-item:not(:disabled)")]);
  const close = () => {
    menu.open = false;
  };

  /** @param {Event} event */
  const elsewhere = (event) => {
    if (menu.open && event.target instanceof Node && !menu.contains(event.target)) close();
  };
  document.addEventListener("pointerdown", elsewhere);

  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) close();
  });

  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      event.stopPropagation();
      close();
      summary?.focus();
      return;
    }
    if (menu.open && (event.key === "Home" || event.key === "End")) {
      event.preventDefault();
      items().at(event.key === "Home" ? 0 : -1)?.focus();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    menu.open = true;
    const list = items();
    const at = list.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    list[at < 0 && step < 0 ? list.length - 1 : (at + step + list.length) % list.length]?.focus();
  });

  return () => document.removeEventListener("pointerdown", elsewhere);
}
