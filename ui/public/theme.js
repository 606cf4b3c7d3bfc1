// Runs before the first paint, so that a dark room never flashes white. The rest is in src/state/theme.svelte.ts.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("whatisup.theme");
  } catch (_) {
    // Storage may be refused; the system's choice is then as good as any.
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
