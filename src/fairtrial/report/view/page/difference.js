// What differs between two texts, word by word (Myers, "An O(ND) difference algorithm", 1986).  Pure.

const MOST_EDITS = 1500; // beyond that, what lies between the common ends counts as changed as a whole

/** Return runs of [kind, text]: kind 0 is in both, -1 only in the first, 1 only in the second. */
export function compare(a, b) {
  const one = words(a);
  const other = words(b);
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start++;
  let end = 0;
  while (end < one.length - start && end < other.length - start && one[one.length - 1 - end] === other[other.length - 1 - end]) end++;
  const middle = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  return join([
    [0, one.slice(0, start)],
    ...(shortest(...middle) || [[-1, middle[0]], [1, middle[1]]]),
    [0, one.slice(one.length - end)],
  ]);
}

function words(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];
}

function join(runs) {
  const joined = [];
  for (const [kind, parts] of runs) {
    const text = parts.join("");
    const last = joined[joined.length - 1];
    if (!text) continue;
    if (last && last[0] === kind) last[1] += text;
    else joined.push([kind, text]);
  }
  return joined;
}

/** Return the shortest way from one list to the other as runs; null if it is too long to look for. */
function shortest(a, b) {
  const limit = Math.min(a.length + b.length, MOST_EDITS);
  let reach = new Int32Array(2 * limit + 3);
  const steps = [];
  const zero = limit + 1;
  for (let edits = 0; edits <= limit; edits++) {
    steps.push(reach.slice(zero - edits - 1, zero + edits + 2));
    for (let line = -edits; line <= edits; line += 2) {
      const down = line === -edits || (line !== edits && reach[zero + line - 1] < reach[zero + line + 1]);
      let x = down ? reach[zero + line + 1] : reach[zero + line - 1] + 1;
      while (x < a.length && x - line < b.length && a[x] === b[x - line]) x++;
      reach[zero + line] = x;
      if (x >= a.length && x - line >= b.length) return walkBack(a, b, steps);
    }
  }
  return null;
}

function walkBack(a, b, steps) {
  const runs = [];
  let x = a.length;
  let y = b.length;
  for (let edits = steps.length - 1; edits >= 0; edits--) {
    const reach = (line) => steps[edits][line + edits + 1];
    const line = x - y;
    const down = line === -edits || (line !== edits && reach(line - 1) < reach(line + 1));
    const before = edits === 0 ? 0 : down ? reach(line + 1) : reach(line - 1);
    const from = edits === 0 ? 0 : down ? before : before + 1;
    while (x > from) {
      x--;
      y--;
      runs.push([0, [a[x]]]);
    }
    if (edits > 0) {
      if (down) runs.push([1, [b[--y]]]);
      else runs.push([-1, [a[--x]]]);
    }
  }
  return runs.reverse();
}
