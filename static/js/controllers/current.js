// @ts-check
// A row of links that scrolls sideways on a phone: brings the current one into view.

/** @param {HTMLElement} row */
export default function connect(row) {
  const link = row.querySelector("[aria-current]");
  if (!(link instanceof HTMLElement) || row.scrollWidth <= row.clientWidth) return;
  const [frame, box] = [row.getBoundingClientRect(), link.getBoundingClientRect()];
  row.scrollLeft += box.left - frame.left - (row.clientWidth - box.width) / 2;
}
