// The list of items: only the rows in sight exist, so that ten thousand scroll as quickly as ten.

import { make, plain, show } from "./text.js";
import { NOTHING, RIGHT, WRONG, nameItem } from "./model.js";

const TALLEST = 8e6; // pixels; browsers have no taller elements than some tens of millions
const SPARE = 6; // rows beyond what is in sight

export const MARKS = { [NOTHING]: "–", [RIGHT]: "✓", [WRONG]: "✗" };
export const WORDS = { [NOTHING]: "not asked", [RIGHT]: "right", [WRONG]: "wrong" };

/** Return the sign and word for a candidate's answers to an item, and what colours them. */
export function markOf(index, candidate, i) {
  const answer = index.answers[candidate];
  const state = answer.state[i];
  const value = answer.grade[i];
  if (state === RIGHT || state === WRONG) {
    const binary = index.tasks[index.items.task[i]].binary;
    if (binary && value > 0 && value < 1) {
      const right = Math.round(value * answer.asked[i]);
      return { sign: "◐", word: `right ${right} of ${answer.asked[i]} times`, kind: "partly" };
    }
    if (!binary) return { sign: value.toFixed(2), word: `graded ${value.toFixed(2)}`, kind: state === RIGHT ? "right" : "wrong" };
    return { sign: MARKS[state], word: WORDS[state], kind: WORDS[state] };
  }
  if (state === NOTHING) return { sign: MARKS[state], word: WORDS[state], kind: "nothing" };
  const open = answer.value[i];
  return { sign: open === null ? "·" : String(Number(open.toPrecision(3))), word: open === null ? "not graded" : `value ${open}`, kind: "nothing" };
}

/** Return the list: `set` gives it items, `choose` marks one and brings it into sight. */
export function makeList(scroller, index, onChoose) {
  const space = scroller.querySelector(".space");
  let shown = [];
  let chosen = -1;
  let height = 0;
  let scale = 1;
  let rows = new Map();

  function measure() {
    height = 4.3 * parseFloat(getComputedStyle(document.documentElement).fontSize);
    const whole = shown.length * height;
    scale = Math.max(1, whole / TALLEST);
    space.style.setProperty("height", `${whole / scale}px`);
  }

  function draw() {
    const top = scroller.scrollTop * scale;
    const first = Math.max(0, Math.floor(top / height) - SPARE);
    const last = Math.min(shown.length, Math.ceil((top + scroller.clientHeight) / height) + SPARE);
    const kept = new Map();
    for (let at = first; at < last; at++) {
      const row = rows.get(at) || makeRow(at);
      row.style.setProperty("transform", `translateY(${scroller.scrollTop + at * height - top}px)`);
      row.setAttribute("aria-selected", String(at === chosen));
      kept.set(at, row);
      if (!row.isConnected) space.append(row);
    }
    for (const [at, row] of rows) if (!kept.has(at)) row.remove();
    rows = kept;
  }

  function makeRow(at) {
    const i = shown[at];
    const { items } = index;
    const marks = index.candidates.map((candidate, c) => {
      const mark = markOf(index, c, i);
      return make("span", { class: `mark ${mark.kind}`, title: plain(`${candidate.name}: ${mark.word}`) },
        make("b", {}, mark.sign), " ", make("bdi", {}, show(index.answers[c].short[i])));
    });
    const told = index.candidates.map((candidate, c) => `${candidate.name} ${markOf(index, c, i).word}`).join(", ");
    return make("div", {
      class: "entry", role: "option", id: `entry-${at}`, "aria-posinset": at + 1, "aria-setsize": shown.length,
      "aria-label": plain(`${nameItem(index, i)}: ${items.text[i]}. ${told}`),
      onclick: () => onChoose(i, true),
    },
    make("div", { class: "line" }, make("span", { class: "number" }, show(index.tasks.length > 1 ? nameItem(index, i) : String(items.doc[i]))),
      make("bdi", { class: "preview" }, show(items.text[i] || "(no question)"))),
    make("div", { class: "marks" }, ...marks));
  }

  function redraw() {
    for (const row of rows.values()) row.remove();
    rows = new Map();
    measure();
    draw();
  }

  scroller.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(redraw).observe(scroller);
  return {
    /** Show these items; what was chosen stays so if it is among them. */
    set(places, item) {
      shown = places;
      chosen = places.indexOf(item);
      scroller.scrollTop = 0;
      redraw();
      this.choose(item);
    },
    choose(item) {
      chosen = shown.indexOf(item);
      if (chosen < 0) scroller.removeAttribute("aria-activedescendant");
      else {
        const top = (chosen * height) / scale;
        const bottom = ((chosen + 1) * height) / scale - scroller.clientHeight;
        if (scroller.scrollTop > top) scroller.scrollTop = top;
        if (scroller.scrollTop < bottom) scroller.scrollTop = bottom;
        scroller.setAttribute("aria-activedescendant", `entry-${chosen}`);
      }
      draw();
    },
    /** Return the item so many places further than the chosen one. */
    next: (steps) => (shown.length ? shown[Math.min(shown.length - 1, Math.max(0, chosen < 0 ? 0 : chosen + steps))] : -1),
    place: () => [chosen, shown.length],
  };
}
