// @ts-check
// The token that proves a request comes from our own page; htmx sends it by itself.

/** @returns {string} */
export function csrfToken() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
}
