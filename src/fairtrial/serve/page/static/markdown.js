// A little Markdown to elements: paragraphs, headings, lists, tables, code, quotes; bold, italics, links.
// Everything is built as elements with text; there is no HTML in, and none out.

import { make, show } from "./dom.js";

const LONGEST = 60000;
const INLINE =
  /(?<code>`+)(?<inside>[^`](?:[^`]|(?!\k<code>)`)*?)\k<code>|\*\*(?<bold>[^*\n]+)\*\*|(?<![*\w])\*(?<italic>[^*\s][^*\n]*)\*|\[(?<label>[^\]\n]{1,300})\]\((?<link>[^()\s]{1,2000})\)|\[(?<number>\d{1,3})\]/g;

// cite: called with a number in brackets; returns an element, or nothing where there is no such passage.
export function write(text, cite = () => null) {
  const root = document.createDocumentFragment();
  if (text.length > LONGEST) {
    root.append(make("p", { class: "text" }, text));
    return root;
  }
  const lines = show(text).split("\n");
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const fence = /^\s{0,3}(```+|~~~+)/.exec(line);
    const heading = /^(#{1,6})\s+(.+)$/.exec(line);
    if (fence) {
      const end = lines.findIndex((other, i) => i > at && other.trim().startsWith(fence[1]));
      const last = end < 0 ? lines.length : end;
      root.append(make("pre", { tabindex: "0", role: "region", "aria-label": "Code" }, make("code", {}, lines.slice(at + 1, last).join("\n"))));
      at = last + 1;
    } else if (heading) {
      root.append(make("p", { class: "said-heading" }, ...inline(heading[2], cite)));
      at += 1;
    } else if (/^\s*([-*+]|\d{1,9}[.)])\s+/.test(line)) {
      at = list(lines, at, root, cite);
    } else if (/^\s*>/.test(line)) {
      const begin = at;
      while (at < lines.length && /^\s*>/.test(lines[at])) at += 1;
      const quoted = lines.slice(begin, at).map((one) => one.replace(/^\s*>\s?/, "")).join("\n");
      root.append(make("blockquote", {}, ...inline(quoted, cite)));
    } else if (isTable(lines, at)) {
      at = table(lines, at, root, cite);
    } else if (line.trim() === "") {
      at += 1;
    } else {
      const begin = at;
      at += 1;
      while (at < lines.length && lines[at].trim() !== "" && !isTable(lines, at) && !/^(\s{0,3}(```|~~~)|#{1,6}\s|\s*([-*+]|\d{1,9}[.)])\s+|\s*>)/.test(lines[at])) at += 1;
      root.append(make("p", { class: "text" }, ...inline(lines.slice(begin, at).join("\n"), cite)));
    }
  }
  return root;
}

const MOST_COLUMNS = 40;
const RULE = /^:?-+:?$/;

function isTable(lines, at) {
  if (!lines[at].includes("|") || !lines[at + 1]?.includes("|")) return false;
  const rules = split(lines[at + 1]);
  return rules.length <= MOST_COLUMNS && rules.every((rule) => RULE.test(rule)) && split(lines[at]).length === rules.length;
}

function split(line) {
  return line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function table(lines, begin, root, cite) {
  const sides = split(lines[begin + 1]).map((rule) => (rule.endsWith(":") ? "figure" : ""));
  const row = (line, tag) => {
    const cells = split(line);
    return make("tr", {}, ...sides.map((side, i) => make(tag, { class: side || null, scope: tag === "th" ? "col" : null }, ...inline(cells[i] ?? "", cite))));
  };
  let at = begin + 2;
  const rows = [];
  for (; at < lines.length && lines[at].includes("|"); at += 1) rows.push(row(lines[at], "td"));
  root.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, make("table", {}, make("thead", {}, row(lines[begin], "th")), make("tbody", {}, ...rows))));
  return at;
}

function list(lines, begin, root, cite) {
  const first = /^\s*(?:[-*+]|(\d{1,9})[.)])\s+/.exec(lines[begin]);
  const made = make(first[1] ? "ol" : "ul", first[1] && first[1] !== "1" ? { start: first[1] } : {});
  const sort = first[1] ? /^\s*\d{1,9}[.)]\s+(.*)$/ : /^\s*[-*+]\s+(.*)$/;
  let at = begin;
  while (at < lines.length) {
    const item = sort.exec(lines[at]);
    if (!item) break;
    let text = item[1];
    at += 1;
    while (at < lines.length && /^\s{2,}\S/.test(lines[at]) && !/^\s*([-*+]|\d{1,9}[.)])\s+/.test(lines[at])) {
      text += `\n${lines[at].trim()}`;
      at += 1;
    }
    made.append(make("li", {}, ...inline(text, cite)));
    if (lines[at]?.trim() === "" && sort.test(lines[at + 1] ?? "")) at += 1;
  }
  root.append(made);
  return at;
}

function inline(text, cite) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const made = element(match.groups, match[0], cite);
    if (!made) continue;
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push(...[made].flat());
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

function element(groups, whole, cite) {
  if (groups.inside !== undefined) return make("code", {}, groups.inside);
  if (groups.bold !== undefined) return make("strong", {}, groups.bold);
  if (groups.italic !== undefined) return make("em", {}, groups.italic);
  if (groups.number !== undefined) return cite(Number(groups.number));
  if (/^https?:\/\//i.test(groups.link)) {
    const link = make("a", { href: groups.link, rel: "noopener noreferrer nofollow", target: "_blank" }, groups.label);
    return groups.label === groups.link ? link : [link, make("span", { class: "soft small" }, ` (${groups.link})`)];
  }
  return null;
}
