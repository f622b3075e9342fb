// @ts-check
// One message: can be closed; good news goes away by itself unless someone is reading it.
const STAYS_MS = 6000;

/** @param {HTMLElement} box */
export default function connect(box) {
  box.querySelector("[data-close]")?.addEventListener("click", () => box.remove());
  if (box.dataset.kind === "error" || box.dataset.kind === "warning") return undefined;
  const leave = () => {
    if (box.matches(":hover, :focus-within")) timer = setTimeout(leave, STAYS_MS);
    else box.remove();
  };
  let timer = setTimeout(leave, STAYS_MS);
  return () => clearTimeout(timer);
}
