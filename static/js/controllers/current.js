// @ts-check
// A row of links that scrolls sideways on a phone: brings the current one into view.

/** @param {HTMLElement} row */
export default function connect(row) {
  const link = row.querySelector("[aria-current]");
  if (!(link instanceof HTMLElement) || row.scrollWidth <= row.clientWidth) return;
  row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
}
