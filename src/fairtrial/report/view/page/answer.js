// One candidate's answers to one item.

import { block, count, figure, make, percent, plain, show } from "./text.js";
import { markOf } from "./list.js";

const COSTS = [
  ["seconds", (v) => `${figure(v)} s`],
  ["tokens_in", (v) => `${count(v)} tokens read`],
  ["tokens_out", (v) => `${count(v)} written`],
  ["usd", (v) => `$${figure(v)}`],
  ["joules", (v) => `${figure(v)} J`],
];

/** Return the card of a candidate's answers to an item; of several repeats one at a time. */
export function makeAnswerCard(index, i, candidate, repeats) {
  const { name } = index.candidates[candidate];
  const mark = markOf(index, candidate, i);
  const body = make("div", { class: "reading" });
  const heading = make("h3", {}, show(name), candidate === index.baseline && index.candidates.length > 1 ? make("span", { class: "soft" }, " baseline") : null);
  const verdict = make("span", { class: `grade ${mark.kind}` }, mark.word.startsWith("graded") ? mark.word : `${mark.sign} ${mark.word}`);
  const card = make("article", { class: "answer", "aria-label": plain(`${name}: ${mark.word}`) }, make("header", {}, heading, verdict));
  if (repeats.length > 1) card.append(makeRepeats(index, i, repeats, (reading) => body.replaceChildren(...describe(index, reading))));
  if (repeats.length) body.append(...describe(index, repeats[0]));
  else body.append(make("p", { class: "soft" }, "This candidate was not asked."));
  card.append(body);
  return card;
}

function makeRepeats(index, i, repeats, onChoose) {
  const task = index.tasks[index.items.task[i]];
  const buttons = repeats.map((reading, r) => {
    const value = reading.values[task.measure];
    const sign = value === undefined ? "" : task.binary ? (value === 1 ? " ✓" : value === 0 ? " ✗" : ` ${figure(value)}`) : ` ${figure(value)}`;
    return make("button", {
      type: "button", "aria-pressed": String(r === 0), "aria-label": `Repeat ${r + 1}${sign}`,
      onclick: () => {
        buttons.forEach((one, at) => one.setAttribute("aria-pressed", String(at === r)));
        onChoose(reading);
      },
    }, `${r + 1}${sign}`);
  });
  return make("div", { class: "repeats", role: "group", "aria-label": "Repeats" }, make("span", { class: "soft" }, "Repeats"), ...buttons);
}

/** Return the nodes that tell one reading. */
function describe(index, reading) {
  const texts = Object.fromEntries(index.signs.map((sign) => [sign.name, sign.text]));
  const signs = reading.signs.map((sign) => make("li", {}, texts[sign] || sign));
  const written = reading.calls.some((call) => call.text !== undefined || call.finish);
  return [
    signs.length ? make("ul", { class: "signs" }, ...signs) : null,
    reading.read !== null && make("p", { class: "read" }, make("span", { class: "soft" }, written ? "read as " : "likeliest "), make("bdi", {}, show(reading.read))),
    ...reading.calls.flatMap(describeCall),
    ...reading.judged.map((one) => describeJudgement(one)),
    reading.calls.length ? null : make("p", { class: "soft" }, "Only the grade is known, not the answer."),
    describeFigures(reading),
  ].filter(Boolean);
}

function describeCall(call) {
  const nodes = [];
  if (call.thought) nodes.push(make("details", { class: "thought" }, make("summary", {}, `Thoughts, ${count(call.thought.length)} characters`), block(call.thought, "thinking")));
  if (call.finish === "refused") nodes.push(block(call.said || "(its server gave no words)", "refusal"));
  else if (call.finish) {
    nodes.push(call.text ? block(call.text) : make("p", { class: "soft" }, "(no text)"));
    if (call.said) nodes.push(block(call.said, "refusal"));
    if (call.finish === "length") nodes.push(make("p", { class: "small soft" }, "Ended at the limit of tokens."));
  }
  if (call.credits) nodes.push(make("p", { class: "small" }, make("span", { class: "soft" }, "Source: "), show(call.credits.join("; "))));
  if (call.changed) nodes.push(make("ul", { class: "small soft plain-list" }, ...call.changed.map(([name, words]) => make("li", {}, "The server refused ", show(name), ": ", show(words)))));
  if (call.trace) nodes.push(describeTrace(call.trace));
  return nodes;
}

/** What a judge said of the answer. */
function describeJudgement({ by, calls }) {
  return make("details", { class: "judged" }, make("summary", {}, "Judged by ", show(by)), ...calls.flatMap(describeCall));
}

/** A passage of an archive: where it is from, what became of it, and its words where they may be displayed. */
function describePassage(use) {
  const where = [use.publisher, use.published && use.published.slice(0, 10), use.label, `${use.uri}#${use.start}-${use.end}`].filter(Boolean);
  const told = [
    use.withheld && `not shown: ${use.withheld}`,
    use.cited && "cited",
    use.quoted && `${count(use.quoted)} words repeated`,
    use.amount !== undefined && `${figure(use.amount)} ${use.currency || ""}`.trim(),
    use.attribution && `credit: ${use.attribution}`,
  ].filter(Boolean);
  const head = `${use.number ? `[${use.number}] ` : ""}${where.join(", ")}${told.length ? ` (${told.join("; ")})` : ""}`;
  const words = use.text
    ? make("details", {}, make("summary", {}, show(use.title || "its words")), block(use.text, "sent"))
    : make("p", { class: "small soft" }, `Its words may not be displayed; sha256 ${plain(use.sha256.slice(0, 12))}`);
  return make("li", {}, show(head), words);
}

const DONE = { pass: "noted", block: "blocked", rewrite: "rewritten", refer: "referred" };

function describeIntervention(one) {
  const what = `${one.stage} ${DONE[one.action]} by ${one.check}: ${plain(one.rule || "")}${one.category ? ` (${plain(one.category)})` : ""}`;
  const words = one.evidence ? `: \u201c${one.evidence.map(plain).join("\u201d, \u201c")}\u201d` : "";
  return make("li", {}, show(`${what}${words}${one.failed ? "; the check could not be made" : ""}`));
}

function describeTrace(trace) {
  const steps = trace.map((step) => {
    const told = [
      step.tokens_in !== undefined && `read ${count(step.tokens_in)} tokens and wrote ${count(step.tokens_out || 0)}`,
      step.signal !== undefined && `${percent(step.signal)} sure`,
      step.action && plain(step.action),
      step.sources && step.sources.length > 0 && `used ${plain(step.sources.join(", "))}`,
    ].filter(Boolean);
    return make("li", {}, make("b", {}, show(step.by || "the model")), told.length ? ` ${told.join("; ")}` : "",
      step.passages && make("ul", { class: "plain-list" }, ...step.passages.map(describePassage)),
      step.quotes && make("p", { class: "small soft" }, `Quotations: ${plain(step.quotes.map((one) => one.result + (one.done ? ` (${one.done})` : "")).join(", "))}`),
      step.interventions && make("ul", { class: "plain-list" }, ...step.interventions.map(describeIntervention)),
      step.prompt && make("details", {}, make("summary", {}, "what was really sent"), block(step.prompt, "sent")));
  });
  return make("details", { class: "trace" }, make("summary", {}, `What happened on the way, ${trace.length} ${trace.length === 1 ? "step" : "steps"}`), make("ol", {}, ...steps));
}

function describeFigures(reading) {
  const known = COSTS.filter(([name]) => reading.values[name] !== undefined && (name !== "tokens_out" || reading.values[name] > 0));
  const line = known.map(([name, format]) => format(reading.values[name])).join(" · ");
  const rows = Object.entries(reading.values).map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, show(name)), make("td", {}, figure(value))));
  const told = reading.calls.filter((call) => call.logprob !== undefined).map((call) => make("tr", {}, make("th", { scope: "row" }, "log-probability of the text"), make("td", {}, `${figure(call.logprob)} nats`)));
  if (!rows.length) return null;
  return make("details", { class: "figures" }, make("summary", {}, line || "Measures"), make("table", {}, make("tbody", {}, ...rows, ...told)));
}
