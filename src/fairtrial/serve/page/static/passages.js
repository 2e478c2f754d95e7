// A passage that an answer has cited, opened in a dialog: what its rights allow is decided when it is opened.

import { day, fill, find, make } from "./dom.js";
import { ask } from "./server.js";

export async function openPassage(citation) {
  const dialog = find("passage");
  fill(dialog, head(citation), make("p", { role: "status" }, "Opening …"));
  dialog.showModal();
  let body;
  try {
    body = describe(await ask(citation.open));
  } catch (error) {
    body = [make("p", { class: "wrong" }, `It cannot be opened: ${error.message}`)];
  }
  fill(dialog, head(citation), ...body, make("form", { method: "dialog", class: "actions" }, make("button", { autofocus: true }, "Close")));
  dialog.querySelector("button").focus();
}

function head(citation) {
  const told = [citation.publisher, day(citation.published)].filter(Boolean).join(", ");
  return make("h2", { id: "passage-title" }, `[${citation.number}] ${told || citation.uri}`);
}

function describe(found) {
  const facts = [
    ["Publisher", found.publisher], ["Published", day(found.published)], ["Changed", day(found.modified)],
    ["Kind", found.label], ["Licence", found.licence], ["Rights held by", found.holder],
    ["Credit", found.attribution?.join("; ")], ["Decided by", found.rule], ["May be shown until", found.until],
    ["Address", found.uri],
  ];
  return [
    found.retracted && make("p", { class: "error" }, make("strong", {}, "Retracted. "), found.retracted === "retracted" ? "" : found.retracted),
    ...(found.corrections ?? []).map((one) => make("p", { class: "doubts" }, make("strong", {}, `Corrected${one.at ? ` ${day(one.at)}` : ""}. `), one.text)),
    found.title && make("p", { class: "said-heading" }, found.title),
    found.headings && make("p", { class: "soft" }, found.headings.join(" › ")),
    found.hidden ? make("p", { class: "note" }, `Its words are not shown: ${found.hidden}.`) : make("blockquote", { class: "text passage" }, found.text),
    make("dl", { class: "facts" }, ...facts.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, address(value))])),
  ];
}

function address(value) {
  if (/^https?:\/\/\S+$/i.test(value)) return make("a", { href: value, rel: "noopener noreferrer", target: "_blank" }, value);
  return value;
}
