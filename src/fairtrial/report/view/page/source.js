// Where the page's data come from.  Another source, such as a server beside a running trial, has the same three functions.

import { inflate } from "./inflate.js";

const KEPT = 24; // blocks

/** Return the source of a page that holds its data itself: compressed JSON in elements of its own. */
export function embedded() {
  const blocks = new Map();
  return {
    index: () => read("index"),
    block(number) {
      const known = blocks.get(number) || read(`block-${number}`);
      blocks.delete(number);
      blocks.set(number, known); // the latest last
      if (blocks.size > KEPT) blocks.delete(blocks.keys().next().value);
      return known;
    },
    /** An image as a data URL; null where the page does not hold it. */
    image(hash) {
      const element = /^[0-9a-z]+$/i.test(hash) ? document.getElementById(`image-${hash}`) : null;
      return element && `data:${element.type};base64,${element.textContent}`;
    },
  };
}

async function read(id) {
  let element = document.getElementById(id);
  if (!element && document.readyState === "loading") {
    await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
    element = document.getElementById(id);
  }
  if (!element) throw new Error("a part of this page is missing: was it saved whole?");
  return JSON.parse(await unpack(bytes(element.textContent)));
}

function bytes(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const found = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) found[i] = raw.charCodeAt(i);
  return found;
}

async function unpack(packed) {
  if (typeof DecompressionStream === "undefined") return new TextDecoder().decode(inflate(packed));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}
