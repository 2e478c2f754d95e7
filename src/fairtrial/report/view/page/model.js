// The index of all items: which are shown, and in which order.  Knows no element of the page.

export const NOTHING = 0, RIGHT = 1, WRONG = 2, OPEN = 3;

/** What the page starts with; the address holds what differs from it. */
export function defaults(index) {
  const other = index.candidates.findIndex((_, i) => i !== index.baseline);
  return {
    show: "all", by: -1, from: index.baseline, to: other < 0 ? index.baseline : other,
    task: -1, cluster: -1, facets: {}, query: "", sort: "task", item: "",
  };
}

/** The ways to show items, each with its key; `of` tells whether an item is one. */
export function makeKinds(index) {
  const bit = (...names) => names.reduce((sum, name) => sum | (1 << index.signs.findIndex((sign) => sign.name === name)), 0);
  const several = index.candidates.length > 1;
  const by = (state, test) => (state.by < 0 ? index.answers.some(test) : test(index.answers[state.by]));
  const signed = (mask) => (i, state) => by(state, (answer) => (answer.signs[i] & mask) !== 0);
  const stateOf = (i, candidate) => index.answers[candidate].state[i];
  const kinds = [
    { id: "all", label: "All", tells: "every item", of: () => true },
    { id: "wrong", label: "Wrong", tells: "answered wrong", of: (i, state) => by(state, (answer) => answer.state[i] === WRONG) },
    several && {
      id: "broke", label: "Broke", tells: "right → wrong",
      of: (i, { from, to }) => stateOf(i, from) === RIGHT && stateOf(i, to) === WRONG,
    },
    several && {
      id: "fixed", label: "Fixed", tells: "wrong → right",
      of: (i, { from, to }) => stateOf(i, from) === WRONG && stateOf(i, to) === RIGHT,
    },
    several && {
      id: "disagree", label: "Disagree", tells: "right for some candidates and wrong for others",
      of: (i) => index.answers.some((a) => a.state[i] === RIGHT) && index.answers.some((a) => a.state[i] === WRONG),
    },
    several && {
      id: "nobody", label: "Nobody right", tells: "wrong for every candidate that was asked",
      of: (i) => index.answers.some((a) => a.state[i] === WRONG) && index.answers.every((a) => a.state[i] === WRONG || a.state[i] === NOTHING),
    },
    { id: "unread", label: "Unread", tells: "no answer or no grade could be read, or there was no text", of: signed(bit("unread", "unfinished", "empty", "unjudged")) },
    { id: "refused", label: "Refused", tells: "refused by a server", of: signed(bit("refused")) },
    { id: "near", label: "Near miss", tells: "wrong only in form, or in what comes before the right answer", of: signed(bit("near_miss", "ends_right")) },
    { id: "cut", label: "Cut off", tells: "wrong, and cut off at the limit of tokens", of: signed(bit("cut")) },
    { id: "trained", label: "Trained on", tells: "part of what a candidate was trained on", of: signed(bit("trained")) },
  ];
  kinds.forEach((kind, at) => kind && (kind.key = at < 10 ? String((at + 1) % 10) : "l"));
  // of signs only those that occur, so that the row stays short
  const occurs = index.answers.reduce((all, answer) => answer.signs.reduce((sum, one) => sum | one, all), 0);
  const rare = { unread: ["unread", "unfinished", "empty", "unjudged"], refused: ["refused"], near: ["near_miss", "ends_right"], cut: ["cut"], trained: ["trained"] };
  return kinds.filter((kind) => kind && (!rare[kind.id] || occurs & bit(...rare[kind.id])));
}

const most = (index, name, i) => Math.max(...index.answers.map((answer) => answer[name][i] || 0));

export const SORTS = [
  { id: "task", label: "Task order" },
  { id: "disagreement", label: "Most disagreement", key: (index, i) => -index.items.apart[i] },
  { id: "longest", label: "Longest answer", key: (index, i) => -most(index, "length", i) },
  { id: "shortest", label: "Shortest answer", key: (index, i) => most(index, "length", i) },
  { id: "question", label: "Longest question", key: (index, i) => -index.items.length[i] },
  { id: "slowest", label: "Slowest", key: (index, i) => -most(index, "seconds", i) },
  { id: "quickest", label: "Quickest", key: (index, i) => most(index, "seconds", i) },
];

/** Return the places of the items that a state shows, in its order, and how many each kind would show. */
export function select(index, kinds, state, found) {
  const { items } = index;
  const counts = Object.fromEntries(kinds.map((kind) => [kind.id, 0]));
  const chosen = kinds.find((kind) => kind.id === state.show) || kinds[0];
  const facets = index.facets.map((facet, f) => [items.facets[f], facet.values.indexOf(state.facets[facet.name])]).filter(([, value]) => value >= 0);
  const shown = [];
  for (let i = 0; i < items.task.length; i++) {
    if (state.task >= 0 && items.task[i] !== state.task) continue;
    if (state.cluster >= 0 && items.cluster[i] !== state.cluster) continue;
    if (facets.some(([column, value]) => column[i] !== value)) continue;
    if (found && !found(i)) continue;
    for (const kind of kinds) if (kind.of(i, state)) counts[kind.id]++;
    if (chosen.of(i, state)) shown.push(i);
  }
  const sort = SORTS.find((one) => one.id === state.sort);
  if (sort && sort.key) {
    const keys = new Map(shown.map((i) => [i, sort.key(index, i)]));
    shown.sort((a, b) => keys.get(a) - keys.get(b) || a - b);
  }
  return { shown, counts };
}

/** The name of an item in an address: its task and its place there. */
export function nameItem(index, i) {
  return `${index.tasks[index.items.task[i]].name}/${index.items.doc[i]}`;
}

/** Return the place of the item with a name; -1 for none. */
export function findItem(index, name) {
  const cut = name.lastIndexOf("/");
  const task = index.tasks.findIndex((one) => one.name === name.slice(0, cut));
  const doc = Number(name.slice(cut + 1));
  return task < 0 ? -1 : index.items.doc.findIndex((own, i) => own === doc && index.items.task[i] === task);
}

/** Return a state as a fragment of an address, and the other way round. */
export function toFragment(index, state) {
  const start = defaults(index);
  const told = new URLSearchParams();
  if (state.item) told.set("item", state.item);
  for (const name of ["show", "query", "sort"]) if (state[name] !== start[name]) told.set(name, state[name]);
  for (const name of ["by", "from", "to"]) if (state[name] !== start[name]) told.set(name, index.candidates[state[name]].name);
  if (state.task >= 0) told.set("task", index.tasks[state.task].name);
  if (state.cluster >= 0) told.set("cluster", index.clusters[state.cluster]);
  for (const [name, value] of Object.entries(state.facets)) told.set(`is:${name}`, value);
  return told.toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
}

export function fromFragment(index, fragment) {
  const told = new URLSearchParams(fragment.replace(/^#/, ""));
  const state = defaults(index);
  for (const name of ["show", "query", "sort", "item"]) if (told.has(name)) state[name] = told.get(name);
  for (const name of ["by", "from", "to"]) {
    const at = index.candidates.findIndex((one) => one.name === told.get(name));
    if (at >= 0) state[name] = at;
  }
  state.task = index.tasks.findIndex((one) => one.name === told.get("task"));
  state.cluster = told.has("cluster") ? index.clusters.indexOf(told.get("cluster")) : -1;
  for (const facet of index.facets) if (told.has(`is:${facet.name}`)) state.facets[facet.name] = told.get(`is:${facet.name}`);
  return state;
}

/** Full text: all blocks are read once, in the background as soon as someone searches. */
export function makeSearch(index, source) {
  const texts = new Array(index.items.task.length);
  const blocks = new Map();
  index.items.block.forEach((block, i) => blocks.set(block, [...(blocks.get(block) || []), i]));
  let read = null;
  const state = { ready: false, share: 0 };
  const terms = (query) => [...query.toLowerCase().matchAll(/"([^"]+)"?|(\S+)/g)].map((one) => one[1] || one[2]);

  async function load(progress) {
    let done = 0;
    for (const [number, places] of blocks) {
      const block = await source.block(number);
      places.forEach((i, at) => (texts[i] = textOf(index, i, block.items[at])));
      state.share = ++done / blocks.size;
      progress(state);
      if (done % 4 === 0) await new Promise((go) => setTimeout(go));
    }
    state.ready = true;
    progress(state);
  }
  return {
    state,
    /** Return a test of items for a query; null for an empty one. */
    test(query) {
      const wanted = terms(query);
      return wanted.length ? (i) => texts[i] !== undefined && wanted.every((term) => texts[i].includes(term)) : null;
    },
    /** Read all texts, once; `progress` is told how far it is. */
    load: (progress) => (read ||= load(progress)),
  };
}

function textOf(index, i, item) {
  const said = item.answers.flat().flatMap((one) => [one.read, ...[...one.calls, ...one.judged.flatMap((judge) => judge.calls)].flatMap((call) => [call.text, call.thought, call.said])]);
  const own = [nameItem(index, i), index.items.id[i], index.clusters[index.items.cluster[i]]];
  return [...own, item.question, ...item.choices, ...item.gold, ...said].filter(Boolean).join("\n").toLowerCase();
}
