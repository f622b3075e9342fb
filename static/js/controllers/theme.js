// @ts-check
// The theme switch. `js/theme.js` applies the choice on the next page before it paints.
const KEY = "quadrille-theme";
const ICONS = { light: "sun", dark: "moon", system: "screen" };

/** @param {HTMLElement} menu */
export default function connect(menu) {
  menu.hidden = false;
  show(menu, stored());
  menu.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-theme-choice]") : null;
    if (!(button instanceof HTMLElement)) return;
    const choice = /** @type {keyof typeof ICONS} */ (button.dataset.themeChoice);
    store(choice);
    apply(choice);
    show(menu, choice);
    menu.removeAttribute("open");
    menu.querySelector("summary")?.focus();
  });
}

/** @returns {keyof typeof ICONS} */
function stored() {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** @param {keyof typeof ICONS} choice */
function store(choice) {
  try {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // Storage is switched off: the choice holds for this page.
  }
}

/** @param {keyof typeof ICONS} choice */
function apply(choice) {
  if (choice === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

/** @param {HTMLElement} menu @param {keyof typeof ICONS} choice */
function show(menu, choice) {
  menu.querySelector("[data-theme-icon]")?.setAttribute("href", `#icon-${ICONS[choice]}`);
  for (const button of menu.querySelectorAll("[data-theme-choice]")) {
    const isChosen = button instanceof HTMLElement && button.dataset.themeChoice === choice;
    button.setAttribute("aria-checked", String(isChosen));
  }
}
