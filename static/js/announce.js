// @ts-check
// Says something to screen readers.

/** @param {string} text */
export function announce(text) {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  // A change is only announced when the region was seen empty before.
  setTimeout(() => (live.textContent = text), 50);
}
