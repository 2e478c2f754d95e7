// What is shown before an item is opened: the verdicts, with the ways to the items behind them.

import { count, make, percent, show } from "./text.js";
import { NOTHING, OPEN, RIGHT, WRONG } from "./model.js";

/** Return the nodes of the overview.  `go` filters the list. */
export function makeOverview(index, go) {
  return [
    make("h2", {}, "Every answer"),
    make("p", {}, `${count(index.items.task.length)} items with the answers of ${index.candidates.length} ${index.candidates.length === 1 ? "candidate" : "candidates"}. Choose an item on the left, or begin with what differs.`),
    index.doubts.length ? make("div", { class: "doubts", role: "note", "aria-label": "Reasons to doubt" }, make("p", {}, make("b", {}, "Before you rely on this:")),
      make("ul", {}, ...index.doubts.map((line) => make("li", {}, show(line))))) : null,
    index.verdicts.length ? make("ul", { class: "verdicts" }, ...index.verdicts.map((verdict) => describeVerdict(index, verdict, go))) : null,
    makeScores(index, go),
    index.lost_images ? make("p", { class: "small soft" }, `${index.lost_images === 1 ? "1 image is" : `${count(index.lost_images)} images are`} not in this page: too large, or of a kind that is not shown.`) : null,
    make("p", { class: "small soft" }, "Made by fairtrial from the ledger ", show(index.trial.ledger), ", trial ", make("code", {}, index.trial.id.slice(0, 16)),
      `${index.trial.finished ? "" : ", which is not finished"}. This page loads nothing.`),
  ].filter(Boolean);
}

function describeVerdict(index, verdict, go) {
  const from = index.candidates.findIndex((one) => one.name === verdict.b);
  const to = index.candidates.findIndex((one) => one.name === verdict.a);
  const task = index.tasks.findIndex((one) => one.name === verdict.task);
  const number = (first, second) => index.items.task.reduce((sum, own, i) => sum + (own === task && index.answers[from].state[i] === first && index.answers[to].state[i] === second), 0);
  const button = (show_, words, total) => total > 0 && make("button", { type: "button", onclick: () => go({ show: show_, from, to, task }) }, `${words} ${count(total)}`);
  return make("li", {}, make("span", { class: `word ${verdict.word.split(" ")[0]}` }, `${verdict.mark} ${verdict.word}`),
    make("div", {}, make("p", {}, show(verdict.text)), make("p", { class: "ways" }, button("fixed", "Fixed", number(WRONG, RIGHT)), button("broke", "Broke", number(RIGHT, WRONG)))));
}

/** How many answers are right, by task and candidate: plain counts, whose intervals are in the report. */
function makeScores(index, go) {
  const rows = index.tasks.map((task, t) => make("tr", {}, make("th", { scope: "row" }, make("button", { type: "button", class: "link", onclick: () => go({ task: t }) }, show(task.name))),
    ...index.candidates.map((_, c) => {
      const answer = index.answers[c];
      const at = index.items.task.flatMap((own, i) => (own === t && answer.state[i] !== NOTHING ? [i] : []));
      const graded = at.filter((i) => answer.state[i] !== OPEN);
      if (!graded.length) return make("td", { class: "soft" }, at.length ? `${count(at.length)} answers` : "–");
      const mean = graded.reduce((sum, i) => sum + answer.grade[i], 0) / graded.length;
      return make("td", {}, make("button", { type: "button", class: "link", onclick: () => go({ task: t, show: "wrong", by: c }) }, `${percent(mean)} of ${count(graded.length)}`));
    })));
  return make("div", { class: "scroll" }, make("table", { class: "scores" }, make("caption", {}, "Mean grade of the answers in this page; the report has the intervals. A number leads to the wrong answers."),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "task"), ...index.candidates.map((one) => make("th", { scope: "col" }, show(one.name))))), make("tbody", {}, ...rows)));
}
