// Reads a growing answer to screen readers sentence by sentence, so that not every token interrupts.

import { find, show } from "./dom.js";

export class Speaker {
  constructor() {
    this.held = "";
  }

  add(text) {
    this.held += text;
    const end = Math.max(...[". ", "! ", "? ", ".\n", "\n\n"].map((mark) => this.held.lastIndexOf(mark)));
    if (end > 0) {
      this.speak(this.held.slice(0, end + 1));
      this.held = this.held.slice(end + 1);
    }
  }

  speak(text) {
    if (text.trim()) find("spoken").textContent = show(text.trim());
  }

  end() {
    this.speak(this.held);
    this.held = "";
  }
}
