// @ts-check
// A select or checkbox that sends its form as soon as it changes; the submit button, for those without script, hides.

/** @param {HTMLSelectElement | HTMLInputElement} control */
export default function connect(control) {
  const button = control.form?.querySelector("[data-without-script]");
  if (button instanceof HTMLElement) button.hidden = true;
  control.addEventListener("change", () => control.form?.requestSubmit());
}
