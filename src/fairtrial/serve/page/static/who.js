// Who answers: the candidate's name, its trial's verdicts, its doubts, whether it is the same, and what is kept.

import { count, fill, make } from "./dom.js";

const COMING = {
  whole: "Its answers come whole: nothing is shown before the end.",
  sentence: "Its answers come sentence by sentence, as each has been checked.",
  larger: "An answer of its small model comes whole, one of its larger model as it is written.",
};

export function describeCandidate(one) {
  const verdicts = one.verdicts ?? [];
  const doubts = [...(one.doubts ?? [])];
  if (one.sameness) doubts.unshift(...tellSameness(one.sameness));
  return make(
    "div",
    { class: "card who" },
    make("h2", {}, one.name),
    make("p", { class: "soft small" }, one.trial ? `Judged in the trial ${one.trial_name || one.trial.slice(0, 12)}.` : "No trial has judged it.", ` Candidate ${one.candidate.slice(0, 12)}.`),
    COMING[one.coming] && make("p", { class: "soft small" }, COMING[one.coming]),
    verdicts.length > 0 && list(verdicts.map((verdict) => verdict.words)),
    doubts.length > 0 && make("div", { class: "doubts" }, make("p", {}, make("strong", {}, "In doubt: ")), make("ul", {}, ...doubts.map((told) => make("li", {}, told)))),
  );
}

function list(words) {
  const items = words.map((told) => make("li", {}, told));
  if (items.length <= 2) return make("ul", {}, ...items);
  return [make("ul", {}, ...items.slice(0, 2)), make("details", { class: "small" }, make("summary", {}, `${count(items.length - 2, "more verdict")}`), make("ul", {}, ...items.slice(2)))];
}

function tellSameness(found) {
  const told = [];
  if (found.id && found.id !== "same") told.push(`It is not what was tested: ${found.id}.`);
  const bad = (found.different ?? 0) + (found.failed ?? 0);
  if (bad) told.push(`${bad} of ${count(found.asked, "stored question")} were answered otherwise than in the trial when this server was started.`);
  return told;
}

export function describeRecording(recording) {
  if (!recording) return null;
  return make("p", { class: "note" }, make("strong", {}, `${Math.round(100 * recording.share)}% of answers are kept. `), recording.notice);
}

export function describeTested(one) {
  const decoding = Object.entries(one.decoding).filter(([, value]) => value !== null && !(Array.isArray(value) && !value.length));
  const told = decoding.map(([name, value]) => `${name} ${Array.isArray(value) ? JSON.stringify(value) : value}`).join(", ");
  return [
    make("p", {}, make("strong", {}, "Tested with: "), told || "greedy decoding, as long as each task asked for"),
    one.system ? [make("p", {}, "This system message stands before every conversation:"), make("pre", { tabindex: "0", role: "region", "aria-label": "System message" }, one.system)] : make("p", { class: "soft" }, one.chats ? "It was tested without a system message of its own." : "It is asked in running text, without a chat template."),
  ].flat();
}

export function fillWho(element, shown, recording) {
  fill(element, make("div", { class: shown.length > 1 ? "cards" : "" }, ...shown.map(describeCandidate)), describeRecording(recording));
}
