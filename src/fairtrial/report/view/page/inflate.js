// Inflate (RFC 1950 and 1951), for browsers that lack DecompressionStream.

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Return the bytes that were packed by zlib. */
export function inflate(packed) {
  let at = 2; // after zlib's header
  let held = 0;
  let have = 0;
  let out = new Uint8Array(packed.length * 6 + 1024);
  let size = 0;

  const bits = (wanted) => {
    while (have < wanted) {
      if (at >= packed.length) throw new Error("the data of this page are cut off");
      held |= packed[at++] << have;
      have += 8;
    }
    const value = held & ((1 << wanted) - 1);
    held >>>= wanted;
    have -= wanted;
    return value;
  };
  const room = (more) => {
    if (size + more <= out.length) return;
    const larger = new Uint8Array(Math.max(out.length * 2, size + more));
    larger.set(out);
    out = larger;
  };
  const decode = ({ counts, symbols }) => {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length < 16; length++) {
      code |= bits(1);
      const number = counts[length];
      if (code - number < first) return symbols[index + code - first];
      index += number;
      first = (first + number) << 1;
      code <<= 1;
    }
    throw new Error("the data of this page are damaged");
  };
  const extra = (place, table, step) => table[place] + (place < 2 * step || (step === 4 && place === 28) ? 0 : bits((place / step - 1) | 0));

  for (let last = 0; !last; ) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      held = have = 0;
      const length = packed[at] | (packed[at + 1] << 8);
      room(length);
      out.set(packed.subarray(at + 4, at + 4 + length), size);
      at += 4 + length;
      size += length;
      continue;
    }
    const [literals, distances] = kind === 1 ? fixed() : dynamic(bits, decode);
    for (let symbol = decode(literals); symbol !== 256; symbol = decode(literals)) {
      if (symbol < 256) {
        room(1);
        out[size++] = symbol;
        continue;
      }
      const length = extra(symbol - 257, LENGTHS, 4);
      const distance = extra(decode(distances), DISTANCES, 2);
      room(length);
      for (let i = 0; i < length; i++, size++) out[size] = out[size - distance];
    }
  }
  return out.subarray(0, size);
}

function tree(lengths) {
  const counts = new Uint16Array(16);
  const symbols = new Uint16Array(lengths.length);
  for (const length of lengths) counts[length]++;
  counts[0] = 0;
  const places = new Uint16Array(16);
  for (let i = 1; i < 15; i++) places[i + 1] = places[i] + counts[i];
  lengths.forEach((length, symbol) => {
    if (length) symbols[places[length]++] = symbol;
  });
  return { counts, symbols };
}

function fixed() {
  const lengths = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
  return [tree(lengths), tree(new Array(30).fill(5))];
}

function dynamic(bits, decode) {
  const literals = bits(5) + 257;
  const distances = bits(5) + 1;
  const codes = bits(4) + 4;
  const lengths = new Array(19).fill(0);
  for (let i = 0; i < codes; i++) lengths[ORDER[i]] = bits(3);
  const code = tree(lengths);
  const all = [];
  while (all.length < literals + distances) {
    const symbol = decode(code);
    if (symbol < 16) all.push(symbol);
    else {
      const value = symbol === 16 ? all[all.length - 1] : 0;
      const times = symbol === 16 ? bits(2) + 3 : symbol === 17 ? bits(3) + 3 : bits(7) + 11;
      for (let i = 0; i < times; i++) all.push(value);
    }
  }
  return [tree(all.slice(0, literals)), tree(all.slice(literals))];
}
