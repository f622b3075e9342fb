// @ts-check
/**
 * The value that a group of inputs stands for. `data-compose` says how an element is put together:
 * `list` of its `data-row`s, `map` of rows with a key and a value, `object` of what has a `data-key`; anything else is one input.
 */

/** @param {Element} element @returns {unknown} strings as typed; the server knows the types */
export function collect(element) {
  const how = element.getAttribute("data-compose");
  if (how === "list") return own(element, "[data-row]").map(rowValue);
  if (how === "map") return own(element, "[data-row]").map((row) => own(row, "[data-key]", element).map(collect));
  if (how === "object") return objectOf(element, element);
  return inputValue(element);
}

/** @param {Element} row */
function rowValue(row) {
  const inner = row.matches("[data-compose]") ? row : row.querySelector("[data-compose], [data-input]");
  return inner ? collect(inner) : null;
}

/** @param {Element} element @param {Element} within */
function objectOf(element, within) {
  return Object.fromEntries(own(element, "[data-key]", within).map((part) => [part.getAttribute("data-key") ?? "", collect(part)]));
}

/** What belongs to this element itself, not to a composition inside it. @param {Element} element @param {string} selector
 * @param {Element} [within] @returns {Element[]} */
function own(element, selector, within = element) {
  return [...element.querySelectorAll(selector)].filter((part) => part.parentElement?.closest("[data-compose]") === within);
}

/** @param {Element} element an input, or what holds one */
function inputValue(element) {
  if (element.querySelector("input[type=radio]")) {
    return /** @type {HTMLInputElement | null} */ (element.querySelector("input:checked"))?.value ?? null;
  }
  const input = element.matches("input, select, textarea") ? element : element.querySelector("input, select, textarea");
  if (input instanceof HTMLInputElement && input.type === "checkbox") return input.checked;
  if (input instanceof HTMLSelectElement && input.multiple) return [...input.selectedOptions].map((option) => option.value);
  return /** @type {HTMLInputElement | null} */ (input)?.value ?? null;
}
