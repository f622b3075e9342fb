// @ts-check
// A text area for JSON: says while typing whether it is valid, and indents it on leaving.

/** @param {HTMLTextAreaElement} area */
export default function connect(area) {
  const sign = document.createElement("div");
  sign.className = "help json-sign";
  sign.setAttribute("aria-live", "polite");
  area.after(sign);
  const check = () => {
    const problem = problemOf(area.value);
    sign.textContent = problem;
    sign.classList.toggle("bad", problem !== "");
  };
  area.addEventListener("input", check);
  area.addEventListener("blur", () => {
    if (area.value.trim() && !problemOf(area.value)) area.value = JSON.stringify(JSON.parse(area.value), null, 2);
  });
  return () => sign.remove();
}

/** What is wrong, in the browser's words; empty when nothing is. @param {string} text */
function problemOf(text) {
  if (!text.trim()) return "";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return error instanceof Error ? `Not valid yet: ${error.message}` : "Not valid yet.";
  }
}
