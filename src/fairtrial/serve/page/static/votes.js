// What the votes say: verdicts first, then what makes them doubtful, then figures.

import { count, fill, find, make } from "./dom.js";
import { open } from "./server.js";

const MARKS = { preferred: "▲", "not preferred": "▲", tied: "=", undecided: "?" };
const COUNTS = [["for_a", "for the first"], ["for_b", "for the second"], ["both_good", "both good"], ["both_bad", "both bad"], ["identical", "the same"]];

await open("/chat/votes", async (told) => {
  const shown = [make("p", { class: "kicker" }, `${count(told.votes, "vote")} of ${count(told.sessions, "session")}`)];
  if (!told.votes) shown.push(make("p", { class: "empty" }, "There are no votes yet. Choose “two of them, blind” on the chat page."));
  for (const one of told.pairs) shown.push(make("p", { class: "headline" }, make("span", { class: `word ${word(one.verdict)}` }, `${MARKS[one.verdict]} `), `${one.words}.`));
  if (told.doubts.length) shown.push(make("div", { class: "doubts" }, make("p", {}, make("strong", {}, "In doubt")), make("ul", {}, ...told.doubts.map((one) => make("li", {}, one)))));
  if (told.votes) {
    shown.push(make("h2", {}, "Pairs"), table(told.pairs), make("h2", {}, "Sides"), make("p", {}, told.sides.words));
    if (told.strengths) shown.push(...strengths(told.strengths));
  }
  shown.push(make("h2", {}, "How to read it"), ...told.notes.map((note) => make("p", { class: "soft" }, note)));
  fill(find("votes"), ...shown);
});

function word(verdict) {
  return { preferred: "better", "not preferred": "better" }[verdict] ?? verdict;
}

function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}

function table(pairs) {
  const head = ["First / second", "Votes", ...COUNTS.map(([, name]) => name), "Share by votes", "Share by sessions"];
  const rows = pairs.map((one) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, `${one.a} / ${one.b}`),
      make("td", { class: "figure", "data-head": head[1] }, one.votes.toLocaleString("en-US")),
      ...COUNTS.map(([key, name]) => make("td", { class: "figure", "data-head": name }, one[key].toLocaleString("en-US"))),
      make("td", { class: "figure", "data-head": head.at(-2) }, share(one.by_votes)),
      make("td", { class: "figure", "data-head": head.at(-1) }, one.by_sessions ? share(one.by_sessions) : "one session"),
    ),
  );
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Pairs" }, make("table", { class: "stacked" }, make("thead", {}, make("tr", {}, ...head.map((name, i) => make("th", { scope: "col", class: i ? "figure" : "" }, name)))), make("tbody", {}, ...rows)));
}

function share(found) {
  return found.units ? `${percent(found.share)} (${percent(found.low)} to ${percent(found.high)})` : "none yet";
}

function strengths(found) {
  return [
    make("h2", {}, "All on one scale"),
    make("p", {}, `${found.words}. From the strongest: ${found.order.join(", ")}.`),
    make("ul", {}, ...found.pairs.map((one) => make("li", { class: one.decided ? "" : "soft" }, one.words))),
  ];
}
