// A table that is wider than the screen scrolls in itself; with a keyboard, too.
addEventListener("load", () => setTimeout(() => {
  for (const wide of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (wide.scrollWidth > wide.clientWidth) {
      wide.tabIndex = 0;
      wide.setAttribute("role", "region");
      wide.setAttribute("aria-label", "Table");
    }
  }
}));
