// Before the first paint: the theme somebody chose, and that scripts run (so that .with-js may show).
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch { /* storage is refused: follow the system */ }
})();
