// Text and elements: what comes from models is only ever put into text nodes, with its hidden characters shown.

const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e0fff}]/gu;
const FOLD_AFTER = 6000;
const STEP = 200000; // characters that are put on the page at once

/** Return an element; children are elements or plain strings. */
export function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Return a text as one string with its hidden characters named, for labels and titles. */
export function plain(text) {
  return String(text).replace(HIDDEN, (character) => name(character));
}

/** Return a text as nodes; hidden characters (controls, zero width, changes of direction) stand out by name. */
export function show(text) {
  const whole = String(text);
  const nodes = document.createDocumentFragment();
  let at = 0;
  for (const found of whole.matchAll(HIDDEN)) {
    nodes.append(whole.slice(at, found.index), make("span", { class: "odd" }, name(found[0])));
    at = found.index + found[0].length;
  }
  nodes.append(whole.slice(at));
  return nodes;
}

function name(character) {
  return `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** Return a block of text as it was written; a long one unfolds on demand, so that a page of it stays quick. */
export function block(text, kind = "said") {
  const whole = String(text);
  const box = make("div", { class: `text ${kind}`, dir: "auto" });
  if (whole.length <= FOLD_AFTER) {
    box.append(show(whole));
    return box;
  }
  const shown = make("span", {}, show(cut(whole, 0, FOLD_AFTER)));
  let end = cut(whole, 0, FOLD_AFTER).length;
  const more = make("button", { type: "button", class: "link" }, "");
  const label = () => {
    const left = whole.length - end;
    more.textContent = left > STEP ? `Show ${count(STEP)} more of ${count(left)} characters` : `Show all ${count(whole.length)} characters`;
    more.hidden = left <= 0;
  };
  more.addEventListener("click", () => {
    const next = cut(whole, end, end + STEP);
    shown.append(show(next));
    end += next.length;
    label();
  });
  label();
  box.append(shown, more);
  return box;
}

/** Return a part of a text that splits no character in two. */
function cut(text, from, to) {
  const inside = to < text.length && /[\ud800-\udbff]/.test(text[to - 1]) && /[\udc00-\udfff]/.test(text[to]);
  return text.slice(from, inside ? to + 1 : to);
}

/** Return a whole number with its thousands apart. */
export function count(number) {
  return Number(number).toLocaleString("en-US");
}

/** Return a number with three significant digits. */
export function figure(number) {
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  if (number !== 0 && (Math.abs(number) >= 1e6 || Math.abs(number) < 1e-4)) return number.toPrecision(3).replace("-", "−");
  return number.toLocaleString("en-US", { maximumSignificantDigits: Math.abs(number) >= 100 ? 6 : 3 }).replace("-", "−");
}

/** Return a share as a percentage. */
export function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}
