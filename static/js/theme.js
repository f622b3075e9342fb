// Before the first paint: the theme chosen here, unless it is the system's. A classic script, so that it blocks.
(() => {
  try {
    const theme = localStorage.getItem("quadrille-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is switched off: the system's theme it is.
  }
})();
