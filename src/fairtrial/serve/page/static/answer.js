// One answer as it grows: its text, its thoughts, and what stands beside it once it has ended.

import { count, day, fill, make } from "./dom.js";
import { write } from "./markdown.js";
import { openPassage } from "./passages.js";

export class AnswerView {
  constructor(name) {
    this.text = "";
    this.thought = "";
    this.body = make("div", { class: "said" });
    this.thoughts = make("details", { class: "thoughts", hidden: true }, make("summary", {}, "Thoughts"), make("p", { class: "text soft" }));
    this.beside = make("div", { class: "beside" });
    this.title = make("h2", {}, name);
    this.element = make("article", { class: "turn answer", "aria-busy": "true" }, this.title, this.thoughts, this.body, this.beside);
    this.waiting = false;
    this.extras = {};
  }

  add(text, thought) {
    this.text += text;
    this.thought += thought;
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const citations = new Map((this.extras.citations ?? []).map((one) => [one.number, one]));
    fill(this.body, write(this.text.trimStart(), (number) => (citations.has(number) ? cite(citations.get(number)) : null)));
    if (this.thought) {
      this.thoughts.hidden = false;
      fill(this.thoughts.lastChild, this.thought);
    }
  }

  end(extras, facts, note = "") {
    this.element.removeAttribute("aria-busy");
    this.extras = extras;
    this.draw();
    if (!this.text && !note) fill(this.body, make("p", { class: "soft" }, "(an empty answer)"));
    fill(this.beside, ...tellBeside(extras), note && make("p", { class: "wrong" }, note), facts && make("p", { class: "figures soft small" }, facts));
  }
}

export function cite(citation) {
  const label = [citation.publisher, day(citation.published)].filter(Boolean).join(", ");
  return make("button", { type: "button", class: "cite", "aria-label": `Open passage ${citation.number}${label ? `: ${label}` : ""}`, onclick: () => openPassage(citation) }, `[${citation.number}]`);
}

export function tellBeside(extras) {
  return [tellSources(extras), tellCredits(extras), tellWithheld(extras), tellGuard(extras), tellQuotes(extras), tellChanges(extras)].filter(Boolean);
}

function tellSources({ citations = [] }) {
  if (!citations.length) return null;
  const shown = citations.map((one) => {
    const told = [one.publisher, day(one.published), one.label].filter(Boolean).join(", ") || one.uri;
    const more = [!one.cited && "not cited", one.corrected && "corrected"].filter(Boolean).join(", ");
    return make("li", {}, cite(one), ` ${told}`, more && make("span", { class: one.corrected ? "doubt" : "soft" }, ` (${more})`));
  });
  return make("section", { class: "sources", "aria-label": "Sources" }, make("h3", {}, "Sources"), make("ul", { class: "plain" }, ...shown));
}

function tellCredits({ credits = [] }) {
  return credits.length ? make("p", { class: "small" }, `Credits: ${credits.join("; ")}`) : null;
}

function tellWithheld({ withheld = [] }) {
  if (!withheld.length) return null;
  const reasons = Map.groupBy ? [...Map.groupBy(withheld, (one) => one.reason)] : withheld.map((one) => [one.reason, [one]]);
  const listed = reasons.map(([reason, found]) => make("li", {}, `${count(found.length, "passage")}: ${reason}`, make("span", { class: "soft" }, ` (${found.map((one) => one.uri).join(", ")})`)));
  return make("details", { class: "small" }, make("summary", {}, `${count(withheld.length, "passage")} not shown to the model`), make("ul", {}, ...listed));
}

const ACTIONS = { pass: "noted", block: "blocked", rewrite: "rewritten", refer: "referred to an authority" };
const STAGES = { input: "The question was", output: "The answer was" };

function tellGuard({ guard = [] }) {
  if (!guard.length) return null;
  const listed = guard.map((one) => make("li", { class: one.failed ? "doubt" : "" }, `${STAGES[one.stage] ?? one.stage} ${ACTIONS[one.action] ?? one.action}: ${[one.rule, one.category].filter(Boolean).join(", ")}`, make("span", { class: "soft" }, ` (check ${one.check})`), one.failed && "; the check could not be made"));
  return make("section", { class: "small", "aria-label": "Guard" }, make("h3", {}, "What the guard did"), make("ul", { class: "plain" }, ...listed));
}

const RESULTS = { found: "stands in its source", misattributed: "stands in another source than the one named", stitched: "is put together from several places", "not found": "stands in no source" };

function tellQuotes({ quotes = [] }) {
  if (!quotes.length) return null;
  const listed = quotes.map((one, number) => make("li", { class: one.result === "found" ? "" : "doubt" }, `Quotation ${number + 1} ${RESULTS[one.result] ?? one.result}`, one.result === "found" && one.exact === false && ", but not word for word", one.passages?.length ? ` [${one.passages.join(", ")}]` : "", one.done && `; it was ${one.done}`));
  return make("section", { class: "small", "aria-label": "Quotations" }, make("h3", {}, "Quotations"), make("ul", { class: "plain" }, ...listed));
}

function tellChanges({ decoding_changed: changed = [], truncated_tokens: cut = 0 }) {
  const told = [changed.length && `asked otherwise than in its trial: ${changed.join(", ")}`, cut && `${count(cut, "token")} cut from the beginning`].filter(Boolean);
  return told.length ? make("p", { class: "doubt small" }, `${told.join("; ")}.`.replace(/^./, (letter) => letter.toUpperCase())) : null;
}

// What an answer cost: its tokens, or its share of the machine's time at the price of an hour.
function tellCost(cost) {
  if (cost?.usd === undefined) return "no price known";
  const said = `$${dollars(cost.usd)}`;
  if (cost.machine_seconds === undefined) return said;
  const machine = cost.for_machine ? `for another machine (${cost.for_machine})` : "for the machine";
  const time = `${cost.machine_seconds.toFixed(2)} s of the machine at $${price(cost.usd_per_hour)} an hour, stated by ${cost.stated_by} ${machine}`;
  return `${said} (${cost.tokens_usd ? `$${dollars(cost.tokens_usd)} for tokens, and ` : ""}${time})`;
}

function dollars(value) {
  return value ? value.toLocaleString("en", { maximumSignificantDigits: 2, maximumFractionDigits: 20 }) : "0";
}

function price(value) {
  return value >= 0.01 ? value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 4 }) : dollars(value);
}

export function tellFacts({ usage, seconds, first, finish, cost, whole }) {
  const told = [];
  if (usage && !usage.prompt_tokens && !usage.completion_tokens) told.push("no tokens read or written");
  else if (usage) {
    const growing = whole || !first ? seconds : seconds - first;
    told.push(count(usage.completion_tokens, "token"));
    if (usage.completion_tokens > 1 && growing > 0.02) told.push(`${((usage.completion_tokens - (whole ? 0 : 1)) / growing).toFixed(1)} tokens/s`);
    const thought = usage.completion_tokens_details?.reasoning_tokens;
    if (thought) told.push(`${thought} of them thoughts`);
    told.push(`${count(usage.prompt_tokens, "token")} read`);
  }
  if (first && !whole) told.push(`${first.toFixed(2)} s to the first word`);
  told.push(`${seconds.toFixed(2)} s in all`);
  told.push(tellCost(cost));
  if (finish === "length") told.push("cut at its longest");
  if (finish === "content_filter") told.push("refused");
  return told.join(" · ");
}
