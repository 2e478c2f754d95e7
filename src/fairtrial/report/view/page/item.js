// One item: the question, what was expected, every candidate's answers side by side, and the prompts as sent.

import { block, count, figure, make, percent, plain, show } from "./text.js";
import { compare } from "./difference.js";
import { makeAnswerCard } from "./answer.js";
import { nameItem } from "./model.js";

/** Return the nodes of an item's pane.  `actions`: what its buttons and links do. */
export function makeItem(index, source, state, i, held, actions) {
  const item = held.items[index.items.block.slice(0, i).reduce((sum, one) => sum + (one === index.items.block[i]), 0)];
  const title = nameItem(index, i);
  const cards = index.candidates.map((_, c) => makeAnswerCard(index, i, c, item.answers[c]));
  return [
    makeHead(index, i, title, actions),
    make("section", { class: "asked", "aria-label": "Question" }, item.question ? block(item.question, "question") : make("p", { class: "soft" }, "(no question of its own)"),
      ...(item.images || []).map((hash, n) => showImage(source, hash, n + 1))),
    makeExpected(index, item),
    makeChoices(index, item),
    make("section", { class: "answers", "aria-label": "Answers" }, ...cards),
    makeDifference(index, state, item),
    makePrompts(index, source, held, item),
    item.row && Object.keys(item.row).length ? make("details", { class: "row" }, make("summary", {}, "The task's own row"), block(JSON.stringify(item.row, null, 2), "code")) : null,
  ].filter(Boolean);
}

function makeHead(index, i, title, actions) {
  const cluster = index.items.cluster[i];
  const size = actions.clusterSize(cluster);
  const facets = index.facets.map((facet, f) => [facet, index.items.facets[f][i]]).filter(([, value]) => value >= 0);
  const link = (label, change) => make("button", { type: "button", class: "link", onclick: () => actions.filter(change) }, label);
  return make("header", { class: "head" },
    make("div", { class: "steps" }, make("button", { type: "button", class: "quiet back", onclick: actions.back }, "← Items"),
      make("button", { type: "button", class: "quiet", "aria-label": "Previous item", "aria-keyshortcuts": "k", onclick: () => actions.step(-1) }, "↑"),
      make("button", { type: "button", class: "quiet", "aria-label": "Next item", "aria-keyshortcuts": "j", onclick: () => actions.step(1) }, "↓"),
      make("span", { class: "where soft" }, actions.where())),
    make("h2", {}, make("a", { href: `#${actions.link(i)}`, title: "Link to this item" }, show(title))),
    make("p", { class: "small soft" }, `id ${index.items.id[i].slice(0, 12)}`,
      ...(size > 1 ? [" · ", link(`cluster of ${count(size)}`, { cluster })] : []),
      ...facets.flatMap(([facet, value]) => [" · ", link(plain(`${facet.name} ${facet.values[value]}`), { facets: { [facet.name]: facet.values[value] } })])));
}

function showImage(source, hash, number) {
  const url = source.image(hash);
  return url
    ? make("img", { class: "shown", src: url, alt: `Image ${number} of the question` })
    : make("p", { class: "small soft" }, `Image ${number} is not in this page: too large, or of a kind that is not shown.`);
}

function makeExpected(index, item) {
  if (item.choices.length && item.answers.some((found) => found.some((one) => one.shares.length))) return null;
  const right = item.gold.map((gold) => make("li", {}, gold === "" ? make("span", { class: "soft" }, "(an empty text)") : block(gold, "gold")));
  return make("section", { class: "expected", "aria-label": "Expected" }, make("h3", {}, "Expected"),
    right.length ? make("ul", { class: "plain-list" }, ...right) : make("p", { class: "soft" }, "No right answer is stated."),
    item.choices.length ? make("p", { class: "small soft" }, "Choices: ", ...item.choices.flatMap((choice, c) => [c ? " · " : "", make("bdi", {}, show(choice))])) : null);
}

/** The choices, with the share of probability among them that each candidate gave: first repeats. */
function makeChoices(index, item) {
  const first = item.answers.map((found) => found[0]).map((one) => (one && one.shares.length ? one : null));
  if (!item.choices.length || !first.some(Boolean)) return null;
  const rows = item.choices.map((choice, c) => {
    const right = item.gold.includes(choice);
    const bars = first.map((one, candidate) => {
      if (!one) return null;
      const { name } = index.candidates[candidate];
      const nats = one.calls[0].logprobs[c];
      const told = nats === null ? "impossible" : `${figure(nats)} nats`;
      const top = one.shares[c] === Math.max(...one.shares);
      const bar = make("i", {});
      bar.style.setProperty("width", percent(one.shares[c]));
      return make("div", { class: `share${top ? " top" : ""}`, role: "img", "aria-label": plain(`${name}: ${percent(one.shares[c])}, ${told}`) },
        make("span", { class: "who" }, show(name)), make("span", { class: "rail" }, bar),
        make("span", { class: "number" }, percent(one.shares[c])), make("span", { class: "number soft" }, nats === null ? "−∞" : figure(nats)));
    });
    return make("li", { class: right ? "right" : "" }, make("div", { class: "choice" }, make("span", { class: "tick", "aria-label": right ? "right answer" : "" }, right ? "✓" : ""),
      make("bdi", { class: "text" }, show(choice))), ...bars.filter(Boolean));
  });
  return make("section", { class: "choices", "aria-label": "Choices" }, make("h3", {}, "Choices"),
    make("p", { class: "small soft" }, "Share of probability among the choices, and log-probability in nats. ✓ marks what was expected."), make("ol", { class: "plain-list" }, ...rows));
}

/** What differs between the texts of the two candidates that are compared. */
function makeDifference(index, { from, to }, item) {
  const text = (candidate) => item.answers[candidate][0]?.calls.find((call) => call.finish)?.text;
  const [a, b] = [text(from), text(to)];
  if (from === to || a === undefined && b === undefined) return null;
  const box = make("details", { class: "difference", id: "difference" }, make("summary", {}, "Difference: ", show(index.candidates[from].name), " → ", show(index.candidates[to].name)));
  box.addEventListener("toggle", () => {
    if (box.open && box.childElementCount === 1) box.append(a === b ? make("p", { class: "soft" }, "The same text.") : showDifference(a || "", b || ""));
  });
  return box;
}

function showDifference(a, b) {
  const runs = compare(a, b).map(([kind, text]) => (kind ? make(kind < 0 ? "del" : "ins", {}, show(text)) : show(text)));
  return make("div", { class: "text said", dir: "auto" }, ...runs);
}

function makePrompts(index, source, held, item) {
  const groups = new Map();
  item.answers.forEach((found, candidate) => {
    const asked = [...new Set(found.flatMap((one) => one.calls.map((call) => call.request)))].filter((one) => one !== null);
    if (!asked.length) return;
    const { system, form } = index.candidates[candidate];
    const key = JSON.stringify([system, form, ...asked.map((one) => [held.requests[one].prompts, held.requests[one].settings && { ...held.requests[one].settings, seed: 0 }])]);
    if (!groups.has(key)) groups.set(key, { system, form, asked: asked.filter((one, at) => asked.findIndex((other) => sameRequest(held, one, other)) === at), names: [] });
    groups.get(key).names.push(index.candidates[candidate].name);
  });
  if (!groups.size) return null;
  const every = [...groups.values()];
  const first = every[0].asked.flatMap((one) => messagesOf(held, one));
  const several = every.length > 1;
  const parts = every.map(({ system, form, asked, names }, g) => make("section", {},
    several ? make("h4", {}, show(names.join(", "))) : null,
    form ? make("p", { class: "small soft" }, `${form}.`) : null,
    system ? describeMessage(source, ["system", [system]], null) : null,
    ...asked.flatMap((one) => describeRequest(source, held, one, g ? first : null))));
  const label = several ? `Prompts as sent: ${every.length} different ones` : "Prompt as sent";
  return make("details", { class: "prompts", id: "prompts" }, make("summary", {}, label), ...parts);
}

const messagesOf = (held, request) => held.requests[request].prompts.flat().map((one) => held.messages[one]);

function sameRequest(held, one, other) {
  const told = (at) => JSON.stringify({ ...held.requests[at], settings: { ...held.requests[at].settings, seed: 0 } });
  return one === other || told(one) === told(other);
}

const plainText = (message) => message[1].map((part) => (typeof part === "string" ? part : "<image>")).join("");

function describeRequest(source, held, at, first) {
  const request = held.requests[at];
  const shown = request.prompts.map((messages, p) => make("div", { class: "prompt" },
    request.prompts.length > 1 ? make("p", { class: "small soft" }, `Prompt ${p + 1}`) : null,
    ...messages.map((one, m) => describeMessage(source, held.messages[one], first && first.filter((other) => other[0] === held.messages[one][0])[rank(held, messages, m)]))));
  const settings = request.settings && Object.entries(request.settings).filter(([, value]) => !Array.isArray(value) || value.length)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${plain(JSON.stringify(value))}`).join(" · ");
  const scored = request.pairs && make("p", { class: "small soft" }, `Scored after it, with ${plain(JSON.stringify(request.delimiter))} between: `,
    ...request.pairs.flatMap(([, text], p) => [p ? " · " : "", make("code", {}, show(JSON.stringify(text)))]));
  return [...shown, settings ? make("p", { class: "small soft" }, settings) : scored].filter(Boolean);
}

/** Return which message of its role one is. */
const rank = (held, messages, at) => messages.slice(0, at).filter((one) => held.messages[one][0] === held.messages[messages[at]][0]).length;

function describeMessage(source, message, other) {
  const [role, parts] = message;
  const body = other && plainText(other) !== plainText(message) && parts.every((part) => typeof part === "string")
    ? [showDifference(plainText(other), plainText(message))]
    : parts.map((part, p) => (typeof part === "string" ? (part ? block(part, "sent") : make("p", { class: "soft" }, "(empty)")) : showImage(source, part.image, p + 1)));
  return make("div", { class: `message ${role}` }, make("span", { class: "role" }, role), make("div", {}, ...body));
}
