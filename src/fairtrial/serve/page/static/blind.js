// Two candidates that answer one question, by chance left or right; who they are is told after the vote alone.

import { AnswerView, tellFacts } from "./answer.js";
import { fill, find, make } from "./dom.js";
import { ask } from "./server.js";

const VOTES = [
  ["left", "Left is better"],
  ["right", "Right is better"],
  ["both good", "Both are good"],
  ["both bad", "Both are bad"],
];

function readSession() {
  let session = sessionStorage.getItem("session");
  if (!session) {
    session = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem("session", session);
  }
  return session;
}

export class Blind {
  constructor(chat) {
    this.chat = chat;
    this.pairs = [];
    this.open = null;
  }

  introduce(element) {
    const kept = this.chat.told.votes
      ? `Votes are kept on the server: who was voted for, when, in which order they were shown, a hash of the question${this.chat.told.votes.words ? ", and the words of questions and answers" : ", none of its words"}.`
      : "Votes are not kept: the server was started without --votes.";
    fill(
      element,
      make(
        "div",
        { class: "note" },
        make("p", {}, "Each question goes to two candidates, drawn by chance, and so is which of them stands on the left. They are asked as they were tested, without what was said before."),
        make("p", {}, "Both answers are shown when both have ended, so that speed does not tell them apart; how long they are, and what they say of themselves, still can. Their names are told after your vote."),
        make("p", { class: "soft small" }, kept),
      ),
    );
  }

  forget() {
    this.pairs = [];
    this.open = null;
  }

  async answer(content, before, signal) {
    this.close();
    const box = make("div", { class: "pair", role: "group", "aria-label": "Two answers" }, make("p", { class: "soft", role: "status" }, "Both are writing …"));
    find("log").append(box);
    box.scrollIntoView({ block: "nearest" });
    this.chat.say("Both are writing.");
    try {
      const pair = await ask("/chat/pairs", { images: Array.isArray(content) }, signal);
      const messages = [...before, { role: "user", content }];
      const asked = [pair.left, pair.right].map((model) => ask("/v1/chat/completions", { model, messages }, signal));
      const found = await Promise.all(asked);
      this.draw(box, pair.pair, found, content);
    } catch (error) {
      const stopped = error.name === "AbortError";
      fill(box, make("p", { class: "wrong" }, stopped ? "Stopped. There is nothing to vote on." : error.message));
      this.chat.say(stopped ? "Stopped." : error.message);
    }
  }

  draw(box, pair, found, content) {
    const views = found.map((one, side) => {
      const view = new AnswerView(side ? "Right" : "Left");
      const [choice] = one.choices;
      view.text = choice.message.content;
      view.thought = choice.message.reasoning_content ?? "";
      view.end(choice.message.fairtrial ?? {}, "");
      return view;
    });
    const same = views[0].text === views[1].text;
    const buttons = make("div", { class: "actions votes", role: "group", "aria-label": "Your vote" }, ...VOTES.map(([vote, name]) => make("button", { type: "button", onclick: () => this.vote(vote) }, name)));
    const why = make("p", { class: "wrong small", role: "alert" });
    fill(box, make("div", { class: "sides" }, ...views.map((view) => view.element)), same && make("p", { class: "doubt" }, "Both answers are the same, word for word: the vote counts as a tie."), buttons, why);
    this.open = { pair, views, box, buttons, why, content };
    box.scrollIntoView({ block: "start" });
    this.chat.say("Both answers are there. Which is better? Four buttons follow them.");
  }

  close() {
    if (!this.open) return;
    fill(this.open.buttons, make("p", { class: "soft" }, "Not voted on."));
    this.open = null;
  }

  async vote(vote) {
    const held = this.open;
    if (!held) return;
    for (const button of held.buttons.querySelectorAll("button")) button.disabled = true;
    try {
      const told = await ask("/chat/votes", { pair: held.pair, vote, session: readSession() });
      this.open = null;
      for (const [i, side] of ["left", "right"].entries()) {
        const one = told[side];
        fill(held.views[i].title, `${i ? "Right" : "Left"}: ${one.name}`);
        held.views[i].beside.append(make("p", { class: "figures soft small" }, tellFacts({ ...one, whole: true, cost: one.cost })));
      }
      const words = VOTES.find(([name]) => name === vote)[1].toLowerCase();
      fill(held.buttons, make("p", {}, `You said that ${words}. `, `Left was ${told.left.name}, right was ${told.right.name}. `, make("span", { class: "soft" }, told.kept ? "Your vote is kept." : "Your vote is not kept.")));
      this.pairs.push({ asked: held.content, vote, left: { ...told.left, content: held.views[0].text }, right: { ...told.right, content: held.views[1].text }, kept: told.kept });
      this.chat.say(`Left was ${told.left.name}, right was ${told.right.name}.`);
      find("question").focus();
    } catch (error) {
      held.why.textContent = error.message;
      for (const button of held.buttons.querySelectorAll("button")) button.disabled = false;
    }
  }
}
