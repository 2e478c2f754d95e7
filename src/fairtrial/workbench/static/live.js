// Brings parts of a page up to date while they change by themselves: elements with `data-live`, the address that gives
// them anew.  What is the same stays; what is open stays open, and what has the focus keeps it.
"use strict";

const LONGEST = 30000;

/** Return the document at an address.  The browser parses it; nothing in it runs. */
function load(address) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.timeout = 20000;
    request.onload = () => (request.status === 200 && request.response ? resolve(request.response) : reject(new Error(String(request.status))));
    request.onerror = request.ontimeout = () => reject(new Error("no answer"));
    request.send();
  });
}

/** Make one element like another: what is equal is not touched, so that nothing flickers or loses its place. */
function become(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  after.forEach((node, at) => (at < before.length ? become(before[at], node) : old.append(document.importNode(node, true))));
  before.slice(after.length).forEach((node) => node.remove());
}

function follow(part) {
  const address = part.dataset.live || location.href;
  const every = Number(part.dataset.every) || 2000;
  let wait = every;
  const turn = async () => {
    if (!part.isConnected) return;
    if (document.hidden) return void setTimeout(turn, every);
    try {
      const fresh = await load(address);
      const other = fresh.getElementById(part.id);
      wait = every;
      if (!other) return void show(fresh);
      const goes = other.hasAttribute("data-live");
      become(part, other);
      if (!goes) return;
    } catch {
      wait = Math.min(2 * wait, LONGEST);
    }
    setTimeout(turn, wait);
  };
  setTimeout(turn, wait);
}

/** What was waited for is there: the whole content takes the place of the waiting. */
function show(fresh) {
  const main = document.getElementById("main");
  const other = fresh.getElementById("main");
  if (!main || !other) return;
  become(main, other);
  main.querySelectorAll("[data-live]").forEach(follow);
}

document.querySelectorAll("[data-live]").forEach(follow);
