// @ts-check
// A button that copies its `data-copy` text.
import { announce } from "../announce.js";
import { toast } from "../toast.js";

/** @param {HTMLElement} button */
export default function connect(button) {
  const use = button.querySelector("use");
  const copy = async () => {
    try {
      await writeText(button.dataset.copy ?? "");
    } catch {
      toast("The browser did not allow copying. Select the text and copy it by hand.", "error");
      return;
    }
    button.dataset.copied = "";
    use?.setAttribute("href", "#icon-check");
    announce("Copied");
    setTimeout(() => {
      delete button.dataset.copied;
      use?.setAttribute("href", "#icon-copy");
    }, 1500);
  };
  button.addEventListener("click", copy);
}

/** Over plain HTTP the clipboard API is missing; the old way still works. @param {string} text */
async function writeText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hush";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copying was refused");
}
