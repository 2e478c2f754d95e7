// Images that are chosen, dropped or pasted, within the server's limits; held here until they are sent.

import { fill, find, make } from "./dom.js";

const KINDS = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"];

export class Images {
  constructor(limits) {
    this.limits = limits;
    this.held = [];
    this.allowed = false;
    find("images").setAttribute("accept", KINDS.join(","));
    find("images").addEventListener("change", (event) => {
      this.take(event.target.files);
      event.target.value = "";
    });
    const composer = find("composer");
    composer.addEventListener("paste", (event) => {
      if (event.clipboardData?.files.length) {
        event.preventDefault();
        this.take(event.clipboardData.files);
      }
    });
    for (const name of ["dragover", "dragleave", "drop"]) {
      document.addEventListener(name, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        composer.classList.toggle("over", name === "dragover");
        if (name === "drop") this.take(event.dataTransfer.files);
      });
    }
  }

  allow(allowed) {
    this.allowed = allowed;
    find("attach").hidden = !allowed;
    if (!allowed) this.clear();
  }

  take(files) {
    const wrong = [];
    for (const file of files) {
      const why = this.refuse(file);
      if (why) wrong.push(`${file.name || "The image"}: ${why}`);
      else this.held.push({ file, url: URL.createObjectURL(file) });
    }
    find("image-why").textContent = wrong.join(" ");
    this.draw();
  }

  refuse(file) {
    if (!this.allowed) return "this candidate cannot see images.";
    if (!KINDS.includes(file.type)) return `it is ${file.type || "of an unknown kind"}; PNG, JPEG, WebP, GIF, BMP and TIFF can be shown.`;
    if (this.held.length >= this.limits.images) return `at most ${this.limits.images} images a question.`;
    const most = Math.floor(this.limits.body_bytes * 0.7);
    const size = file.size + this.held.reduce((sum, one) => sum + one.file.size, 0);
    if (size > most) return `it is too large; all images of a question may have ${Math.floor(most / 1e6)} MB together.`;
    return "";
  }

  draw() {
    fill(find("shown-images"), ...this.held.map((one, number) => make("figure", {}, make("img", { src: one.url, alt: one.file.name || `image ${number + 1}` }), make("button", { type: "button", "aria-label": `Remove ${one.file.name || `image ${number + 1}`}`, onclick: () => this.drop(number) }, "×"))));
  }

  drop(number) {
    URL.revokeObjectURL(this.held[number].url);
    this.held.splice(number, 1);
    this.draw();
  }

  clear() {
    this.held = [];
    this.draw();
    find("image-why").textContent = "";
  }

  // Returns the images as parts of a message, with where they are shown, and lets them go.
  async give() {
    const given = await Promise.all(this.held.map(async (one) => ({ url: one.url, data: await read(one.file) })));
    this.clear();
    return given;
  }
}

function read(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
    reader.readAsDataURL(file);
  });
}
