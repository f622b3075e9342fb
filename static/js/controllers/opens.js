// @ts-check
// A button that opens the `<dialog>` whose id is in `data-opens`; `data-close` inside closes it, as does a click beside it.

/** @param {HTMLElement} button */
export default function connect(button) {
  button.addEventListener("click", (event) => {
    const dialog = document.getElementById(button.dataset.opens ?? "");
    if (!(dialog instanceof HTMLDialogElement)) return;
    event.preventDefault();
    dialog.showModal();
    dialog.addEventListener("click", (inside) => {
      const target = inside.target;
      if (target === dialog || (target instanceof Element && target.closest("[data-close]"))) dialog.close();
    });
  });
}
