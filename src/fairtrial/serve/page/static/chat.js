// The chat page: one candidate in conversation, or two side by side whose names are hidden until the vote.

import { AnswerView, tellFacts } from "./answer.js";
import { Blind } from "./blind.js";
import { find, fill, hide, make } from "./dom.js";
import { Images } from "./images.js";
import { ask, open, stream } from "./server.js";
import { describeTested, fillWho } from "./who.js";
import { Speaker } from "./speaker.js";

const SETTINGS = [
  ["temperature", "Temperature", { type: "number", min: 0, max: 5, step: 0.1 }],
  ["top_p", "Top p", { type: "number", min: 0.01, max: 1, step: 0.01 }],
  ["max_tokens", "Most new tokens", { type: "number", min: 1, max: 131072, step: 1 }],
];

// Whether the reader looks at the end, and not at something above it.
function isLow() {
  return window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 120;
}

class Chat {
  constructor(told) {
    this.told = told;
    this.messages = [];
    this.speaker = new Speaker();
    this.abort = null;
    this.images = new Images(told.limits);
    this.blind = told.candidates.length > 1 ? new Blind(this) : null;
    this.chosen = told.candidates[0];
    this.drawChoice();
    this.drawSettings();
    this.choose(this.chosen.name);
    this.listen();
  }

  get isBlind() {
    return this.mode?.value === "";
  }

  // Who answers

  drawChoice() {
    hide(find("votes-link"), !this.told.votes);
    if (!this.blind) return;
    const blind = make("option", { value: "" }, "two of them, blind");
    this.mode = make("select", { id: "mode" }, ...this.told.candidates.map((one) => make("option", { value: one.name }, one.name)), blind);
    this.mode.addEventListener("change", () => {
      this.begin();
      this.choose(this.mode.value);
    });
    find("who").before(make("div", { class: "field" }, make("label", { for: "mode" }, "Who answers"), this.mode));
  }

  choose(name) {
    const found = this.told.candidates.find((one) => one.name === name);
    this.chosen = found ?? this.chosen;
    if (this.isBlind) this.blind.introduce(find("who"));
    else fillWho(find("who"), [this.chosen], this.chosen.recording);
    this.images.allow(this.isBlind ? this.told.candidates.filter((one) => one.images).length > 1 : this.chosen.images);
    hide(find("tested"), this.isBlind);
    hide(find("decoding"), this.isBlind);
    fill(find("tested"), ...describeTested(this.chosen));
    for (const [key] of SETTINGS) find(`set-${key}`).placeholder = this.chosen.decoding[key] ?? (key === "temperature" ? "0" : "");
    find("title").textContent = this.isBlind ? "Chat: two candidates, blind" : "Chat";
    this.tellDifference();
  }

  // Settings

  drawSettings() {
    const fields = SETTINGS.map(([key, name, form]) => make("label", {}, name, make("input", { id: `set-${key}`, ...form })));
    fill(find("decoding"), ...fields);
    find("settings").addEventListener("input", () => this.tellDifference());
  }

  readSettings() {
    const found = {};
    for (const [key] of SETTINGS) {
      const value = find(`set-${key}`).value;
      if (value !== "" && Number.isFinite(Number(value))) found[key] = Number(value);
    }
    return found;
  }

  tellDifference() {
    const found = this.isBlind ? {} : this.readSettings();
    const tested = { temperature: 0, ...Object.fromEntries(Object.entries(this.chosen.decoding).filter(([, value]) => value !== null)) };
    const changed = Object.keys(found).filter((key) => tested[key] !== undefined && tested[key] !== found[key]);
    if (find("system").value.trim()) changed.push("a system message of your own");
    find("differs").textContent = changed.length ? `Otherwise than in the trial: ${changed.join(", ")}.` : "";
  }

  // A conversation

  listen() {
    const question = find("question");
    find("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    question.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
    });
    question.addEventListener("input", () => {
      question.style.height = "";
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.abort && !find("passage").open) this.abort.abort();
    });
    find("stop").addEventListener("click", () => this.abort?.abort());
    find("clear").addEventListener("click", () => this.begin());
    find("export").addEventListener("click", () => this.save());
  }

  begin() {
    this.abort?.abort();
    this.messages = [];
    this.blind?.forget();
    fill(find("log"));
    this.say("A new conversation.");
    find("question").focus();
  }

  async submit() {
    const text = find("question").value;
    if (this.abort || (!text.trim() && !this.images.held.length)) return;
    let images;
    try {
      images = await this.images.give();
    } catch (error) {
      find("image-why").textContent = error.message;
      return;
    }
    find("question").value = "";
    const content = images.length ? [{ type: "text", text }, ...images.map((one) => ({ type: "image_url", image_url: { url: one.data } }))] : text;
    const shown = make("article", { class: "turn question" }, make("h2", { class: "hidden" }, "You"), ...images.map((one, i) => make("img", { src: one.url, alt: `image ${i + 1} of the question` })), make("p", { class: "text" }, text));
    find("log").append(shown);
    this.busy(true);
    try {
      if (this.isBlind) await this.blind.answer(content, this.withSystem([]), this.abort.signal);
      else await this.answer({ role: "user", content });
    } finally {
      this.busy(false);
    }
  }

  withSystem(messages) {
    const system = find("system").value.trim();
    return system ? [{ role: "system", content: system }, ...messages] : messages;
  }

  async answer(question) {
    const view = new AnswerView(this.chosen.name);
    find("log").append(view.element);
    view.element.scrollIntoView({ block: "nearest" });
    this.say(`${this.chosen.name} is writing.`);
    const sent = this.messages.filter((one) => one.role === "user" || one.content).map(({ role, content }) => ({ role, content }));
    const body = { model: this.chosen.name, messages: this.withSystem([...sent, question]), stream: true, stream_options: { include_usage: true }, ...this.readSettings() };
    const found = { extras: {}, usage: null, first: 0, finish: "", pieces: 0, thoughts: 0, seconds: 0 };
    let note = "";
    const begun = performance.now();
    const since = () => (performance.now() - begun) / 1000;
    try {
      for await (const event of stream("/v1/chat/completions", body, this.abort.signal)) this.take(event, view, found, since);
      this.speaker.end();
    } catch (error) {
      note = error.name === "AbortError" ? "Stopped." : error.message;
    }
    found.seconds = since();
    this.finish(view, found, note, question);
  }

  take(event, view, found, since) {
    found.usage = event.usage ?? found.usage;
    const choice = event.choices?.[0];
    if (!choice) return;
    const { content = "", reasoning_content: thought = "" } = choice.delta ?? {};
    if (content || thought) {
      found.first ||= since();
      found.pieces += content ? 1 : 0;
      found.thoughts += thought ? 1 : 0;
      const low = isLow();
      view.add(content, thought);
      this.speaker.add(content);
      if (low) window.scrollTo(0, document.documentElement.scrollHeight);
    }
    found.finish = choice.finish_reason ?? found.finish;
    found.extras = choice.fairtrial ?? found.extras;
  }

  finish(view, found, note, question) {
    const whole = found.pieces <= 1 && found.thoughts <= 1;
    const low = isLow();
    view.end(found.extras, tellFacts({ ...found, whole, cost: found.extras.cost }), note);
    if (low) view.element.scrollIntoView({ block: "end" });
    const failed = note && (note !== "Stopped." || !view.text);
    if (!failed) {
      this.messages.push({ ...question, asked: new Date().toISOString() });
      this.messages.push({ role: "assistant", content: view.text, reasoning_content: view.thought || undefined, model: this.chosen.name, stopped: note === "Stopped." || undefined, finish_reason: found.finish || undefined, seconds: found.seconds, seconds_to_first: found.first || undefined, usage: found.usage ?? undefined, fairtrial: found.extras });
    } else if (!find("question").value && typeof question.content === "string") find("question").value = question.content;
    this.say(note || `The answer has ended: ${found.usage ? `${found.usage.completion_tokens} tokens in ` : ""}${found.seconds.toFixed(1)} seconds.`);
  }

  busy(is) {
    this.abort = is ? new AbortController() : null;
    hide(find("stop"), !is);
    find("send").disabled = is;
    if (!is) this.speaker.end();
    find("question").focus();
  }

  say(text) {
    find("status").textContent = text;
  }

  save() {
    const body = {
      object: "fairtrial.conversation",
      exported: new Date().toISOString(),
      server: location.origin,
      blind: this.isBlind,
      candidate: this.isBlind ? undefined : { name: this.chosen.name, candidate: this.chosen.candidate, trial: this.chosen.trial },
      system: find("system").value.trim() || undefined,
      decoding: this.isBlind ? {} : this.readSettings(),
      messages: this.messages,
      pairs: this.isBlind ? this.blind.pairs : undefined,
    };
    const url = URL.createObjectURL(new Blob([JSON.stringify(body, null, 2)], { type: "application/json" }));
    make("a", { href: url, download: `conversation-${body.exported.slice(0, 19).replaceAll(":", "-")}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    this.say("The conversation was exported.");
  }
}

await open("/chat/settings", async (told) => {
  hide(find("desk"), false);
  new Chat(told);
  find("question").focus();
});
