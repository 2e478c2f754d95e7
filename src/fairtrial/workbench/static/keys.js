// Keys for lists and items.  Nothing happens while somebody writes, or with a modifier.
"use strict";

const press = (selector) => {
  const found = document.querySelector(selector);
  if (found) found.click();
  return Boolean(found);
};

/** Move the focus along the links of a list. */
function move(step) {
  const links = [...document.querySelectorAll("a.go")];
  if (!links.length) return press(step > 0 ? 'a[rel="next"]' : 'a[rel="prev"]');
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  n: () => press('a[rel="next"]'),
  p: () => press('a[rel="prev"]'),
  u: () => press("a.up"),
  "/": () => {
    const search = document.getElementById("search");
    if (search) search.focus();
    return Boolean(search);
  },
};

document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, [contenteditable]")) return;
  if (KEYS[event.key] && KEYS[event.key]()) event.preventDefault();
});
