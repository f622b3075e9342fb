// @ts-check
// A submit button that asks first, in the page's one confirm dialog.

/** @param {HTMLButtonElement} button */
export default function connect(button) {
  let isConfirmed = false;
  // Capturing, so that neither the form nor htmx sees the click before the answer.
  button.addEventListener(
    "click",
    async (event) => {
      if (isConfirmed) {
        isConfirmed = false;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!(await confirmed(button.dataset))) return;
      isConfirmed = true;
      button.click();
    },
    { capture: true },
  );
}

/**
 * Ask, and tell whether the answer was yes.
 * @param {DOMStringMap} words confirm (what will happen), confirmTitle, confirmVerb
 * @returns {Promise<boolean>}
 */
export function confirmed({ confirm = "", confirmTitle = "Are you sure?", confirmVerb = "Go on" }) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("confirm"));
  write("confirm-title", confirmTitle);
  write("confirm-text", confirm);
  write("confirm-yes", confirmVerb);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** @param {string} id @param {string} text */
function write(id, text) {
  const element = document.getElementById(id);
  if (element) element.textContent = text;
}
