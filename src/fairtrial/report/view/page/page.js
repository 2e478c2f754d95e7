// The page: state, address, filters, keys.

import { count, make, plain, show } from "./text.js";
import { embedded } from "./source.js";
import { SORTS, defaults, findItem, fromFragment, makeKinds, makeSearch, nameItem, select, toFragment } from "./model.js";
import { makeList } from "./list.js";
import { makeItem } from "./item.js";
import { makeOverview } from "./overview.js";

const KEYS = [
  ["j k ↓ ↑", "next and previous item"], ["/", "search"], ["1 … 9", "what is shown: all, wrong, broke, fixed and so on"], ["d", "difference between the two answers"],
  ["p", "prompt as sent"], ["o", "overview"], ["[ ]", "the compared candidates: previous and next"], ["x", "clear all filters"], ["t", "light or dark"], ["Esc", "back to the list"], ["?", "this help"],
];
const THEMES = ["auto", "light", "dark"];
const find = (selector) => document.querySelector(selector);

async function start(source) {
  const index = await source.index();
  const kinds = makeKinds(index);
  const search = makeSearch(index, source);
  const sizes = new Map();
  for (const cluster of index.items.cluster) sizes.set(cluster, (sizes.get(cluster) || 0) + 1);
  let state = fromFragment(index, location.hash);
  let opened = null;
  const list = makeList(find(".scroller"), index, (i, open) => openItem(i, open));

  /** Draw the list for the state, and put the state into the address. */
  function refresh() {
    const test = state.query ? search.test(state.query) : null;
    if (test && !search.state.ready) search.load(onRead);
    const { shown, counts } = select(index, kinds, state, test);
    for (const button of document.querySelectorAll(".kinds button")) {
      button.setAttribute("aria-pressed", String(button.dataset.kind === state.show));
      button.querySelector(".total").textContent = count(counts[button.dataset.kind]);
    }
    list.set(shown, findItem(index, state.item));
    const reading = test && !search.state.ready ? `, reading texts: ${Math.round(100 * search.state.share)}%` : "";
    find(".count").replaceChildren(`${count(shown.length)} of ${count(index.items.task.length)} items${reading}`,
      ...(isFiltered() ? [" ", make("button", { type: "button", class: "link", onclick: clear }, "clear filters")] : []));
    keepAddress();
  }

  let drawn = 0;
  function onRead(progress) {
    if (!progress.ready && performance.now() - drawn < 150) return;
    drawn = performance.now();
    if (state.query) refresh();
  }

  const isFiltered = () => toFragment(index, { ...state, item: "", sort: "task", from: defaults(index).from, to: defaults(index).to }) !== "";

  function keepAddress() {
    const address = `#${toFragment(index, state)}`;
    if (address !== (location.hash || "#")) history.replaceState(null, "", address);
  }

  function change(changes) {
    state = { ...state, ...changes, facets: { ...state.facets, ...(changes.facets || {}) } };
    for (const [name, value] of Object.entries(state.facets)) if (!value) delete state.facets[name];
    drawFields();
    refresh();
  }

  function clear() {
    const start = defaults(index);
    find("#search").value = "";
    state = { ...start, from: state.from, to: state.to, sort: state.sort, item: state.item };
    drawFields();
    refresh();
  }

  function openItem(i, open) {
    if (i < 0) return;
    const item = nameItem(index, i);
    if (item !== state.item || open) {
      const fresh = item !== state.item;
      state.item = item;
      const address = `#${toFragment(index, state)}`;
      // on a phone the way back leads to the list
      if (open && document.body.dataset.pane !== "item") history.pushState(null, "", address);
      else history.replaceState(null, "", address);
      list.choose(i);
      if (open) document.body.dataset.pane = "item";
      if (fresh || !opened) drawItem(open);
      else if (open) find(".item").focus({ preventScroll: true });
    }
  }

  /** Draw the item of the state; the overview where there is none. */
  async function drawItem(focus) {
    const pane = find(".item");
    const i = state.item ? findItem(index, state.item) : -1;
    const turn = (opened = {});
    let nodes;
    if (i < 0) {
      const lost = state.item ? [make("p", { class: "doubts" }, "There is no item ", show(state.item), " in this page.")] : [];
      nodes = [...lost, ...makeOverview(index, (changes) => { clear(); change(changes); find(".scroller").focus(); document.body.dataset.pane = "list"; })];
      document.body.dataset.pane = state.item ? "item" : "list";
    } else {
      try {
        const held = await source.block(index.items.block[i]);
        if (turn !== opened) return; // another item was opened meanwhile
        nodes = makeItem(index, source, state, i, held, actions);
      } catch (error) {
        nodes = [make("p", { class: "doubts" }, `This item cannot be shown: ${plain(error.message)}.`)];
      }
    }
    const kept = [...pane.querySelectorAll("details[id]")].filter((one) => one.open).map((one) => one.id);
    pane.replaceChildren(...nodes);
    for (const id of kept) if (find(`#${id}`)) find(`#${id}`).open = true;
    pane.scrollTop = 0;
    document.title = plain(`${i < 0 ? "every answer" : state.item} · ${index.trial.name} · fairtrial`);
    if (focus) pane.focus({ preventScroll: true });
  }

  const actions = {
    back,
    step: (steps) => openItem(list.next(steps), document.body.dataset.pane === "item"),
    where: () => (([at, of]) => (at < 0 ? "" : `${count(at + 1)} of ${count(of)}`))(list.place()),
    link: (i) => toFragment(index, { ...defaults(index), item: nameItem(index, i) }),
    filter: (changes) => { change(changes); document.body.dataset.pane = "list"; },
    clusterSize: (cluster) => sizes.get(cluster),
  };

  function back() {
    document.body.dataset.pane = "list";
    find(".scroller").focus();
  }

  function drawKinds() {
    find(".kinds").append(...kinds.map((kind) => make("button", {
      type: "button", "data-kind": kind.id, title: `${kind.tells} (key ${kind.key})`, "aria-pressed": "false", "aria-keyshortcuts": kind.key, onclick: () => change({ show: kind.id }),
    }, kind.label, " ", make("span", { class: "total" }, ""))));
  }

  function drawFields() {
    const names = index.candidates.map((one, i) => [i, one.name]);
    const fields = [
      names.length > 1 && choice("From", names, state.from, (v) => change({ from: Number(v) })),
      names.length > 1 && choice("to", names, state.to, (v) => change({ to: Number(v) })),
      names.length > 1 && choice("Wrong, unread by", [[-1, "anyone"], ...names], state.by, (v) => change({ by: Number(v) })),
      index.tasks.length > 1 && choice("Task", [[-1, "all"], ...index.tasks.map((one, i) => [i, one.name])], state.task, (v) => change({ task: Number(v) })),
      ...index.facets.map((facet) => choice(facet.name, [["", "all"], ...facet.values.map((v) => [v, v])], state.facets[facet.name] || "", (v) => change({ facets: { [facet.name]: v } }))),
      makeClusters(),
    ];
    find(".fields").replaceChildren(...fields.filter(Boolean));
    find(".sort").replaceChildren(choice("Sort", SORTS.map((one) => [one.id, one.label]), state.sort, (v) => change({ sort: v })));
  }

  function choice(label, options, chosen, onChange) {
    const box = make("select", { onchange: (event) => { onChange(event.target.value); if (label === "From" || label === "to") drawItem(); } },
      ...options.map(([value, text]) => make("option", { value, selected: String(value) === String(chosen) }, plain(text))));
    return make("label", {}, make("span", {}, plain(label)), box);
  }

  /** The clusters that have several items; where there are too many to choose from, the one that an item led to. */
  function makeClusters() {
    const several = index.clusters.map((name, i) => [i, name]).filter(([i]) => sizes.get(i) > 1);
    const shown = several.length <= 300 ? several : several.filter(([i]) => i === state.cluster);
    if (!shown.length || (several.length === 1 && sizes.get(several[0][0]) === index.items.task.length)) return null;
    return choice("Cluster", [[-1, "all"], ...shown], state.cluster, (v) => change({ cluster: Number(v) }));
  }

  function setTheme(theme) {
    const chosen = THEMES.includes(theme) ? theme : "auto";
    if (chosen === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    find("#theme").textContent = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" }[chosen];
    find("#theme").setAttribute("aria-label", `Colours: ${chosen}`);
    remember("theme", chosen);
  }

  const nextTheme = () => setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme || "auto") + 1) % THEMES.length]);

  function showHelp() {
    if (find("#help").open) find("#help").close();
    else find("#help").showModal();
  }

  function goHome() {
    state.item = "";
    keepAddress();
    list.choose(-1);
    drawItem();
  }

  function turn(id) {
    const box = find(`#${id}`);
    if (!box) return;
    box.open = !box.open;
    if (box.open) box.scrollIntoView({ block: "nearest" });
  }

  function rotate(steps) {
    const many = index.candidates.length;
    let to = (state.to + steps + many) % many;
    if (to === state.from) to = (to + steps + many) % many;
    change({ to });
    drawItem();
  }

  const keys = {
    j: () => actions.step(1), k: () => actions.step(-1), ArrowDown: () => actions.step(1), ArrowUp: () => actions.step(-1),
    "/": () => find("#search").focus(), "?": showHelp, d: () => turn("difference"), p: () => turn("prompts"), o: goHome, t: nextTheme, x: clear,
    "[": () => rotate(-1), "]": () => rotate(1), Escape: back,
  };
  document.addEventListener("keydown", (event) => {
    const writing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (writing) {
      if (event.key === "Escape") event.target.blur();
      if (event.target.id === "search" && event.key === "Enter") find(".scroller").focus();
      return;
    }
    if (find("#help").open && event.key !== "?") return;
    if (event.key.startsWith("Arrow") && event.target.closest(".item")) return; // scrolls the item
    if (event.key === "Enter" && event.target.closest(".scroller")) return openItem(list.next(0), true);
    const kind = kinds.find((one) => one.key === event.key);
    const act = kind ? () => change({ show: kind.id }) : Object.hasOwn(keys, event.key) && keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  let typed = 0;
  find("#search").addEventListener("input", (event) => {
    clearTimeout(typed);
    typed = setTimeout(() => change({ query: event.target.value.trim() }), 60);
  });
  find("#search").addEventListener("focus", () => search.load(onRead), { once: true });
  find("#home").addEventListener("click", goHome);
  find("#theme").addEventListener("click", nextTheme);
  find("#help-open").addEventListener("click", showHelp);
  find("#help button").addEventListener("click", (event) => { event.preventDefault(); find("#help").close(); });
  addEventListener("popstate", () => {
    const before = state.item;
    state = fromFragment(index, location.hash);
    find("#search").value = state.query;
    drawFields();
    refresh();
    document.body.dataset.pane = state.item ? "item" : "list";
    if (state.item !== before) drawItem();
  });
  let folded = [];
  addEventListener("beforeprint", () => {
    if (!folded.length) folded = [...document.querySelectorAll(".item details:not([open])")];
    folded.forEach((one) => (one.open = true));
  });
  addEventListener("afterprint", () => {
    folded.forEach((one) => (one.open = false));
    folded = [];
  });

  find("h1").append(show(index.trial.name));
  find(".kicker").textContent = `Every answer · ${count(index.items.task.length)} items · ${index.trial.created.slice(0, 10)}`;
  find("#app").hidden = false;
  find(".names").append(...index.candidates.map((one) => make("span", { title: plain(one.name) }, show(one.name))));
  drawKinds();
  drawFields();
  find("#search").value = state.query;
  find("#help dl").append(...KEYS.flatMap(([keys, tells]) => [make("dt", {}, ...keys.split(" ").map((key) => make("kbd", {}, key))), make("dd", {}, tells)]));
  setTheme(remember("theme") || "auto");
  find(".more").open = matchMedia("(min-width: 60rem)").matches;
  refresh();
  drawItem();
  document.body.dataset.pane = state.item ? "item" : "list";
  document.body.dataset.ready = "true";
  requestAnimationFrame(() => setTimeout(() => performance.mark("list"))); // for bench/view.py
}

/** Keep a setting of this reader, or return it; a browser that keeps none for files is asked in vain. */
function remember(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(`fairtrial-${name}`);
    localStorage.setItem(`fairtrial-${name}`, value);
  } catch {
    return null;
  }
  return null;
}

start(embedded()).catch((error) => {
  document.body.append(make("p", { class: "failure" }, `This page cannot be shown: ${plain(error.message)}.`));
});
