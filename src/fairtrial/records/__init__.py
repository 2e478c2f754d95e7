"""The frozen records that travel between tasks, engines, the ledger and the statistics.

They hold values and their own content hashes, and know nothing of files, models or databases.  Units are in the field
names or docstrings; log-probabilities are natural logarithms (nats).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


def content_hash(value: object) -> str:
    """Return the 32 hexadecimal digits (128 bits of BLAKE2b) that identify ``value`` by its canonical JSON.

    Canonical: sorted keys, no spaces, UTF-8, floats as Python's shortest repr.  Raises TypeError for what JSON lacks.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a task, with all that is needed to ask, grade, pair and show it.

    Attributes:
        id: content hash of ``data`` (and of its occurrence number where a task repeats a row): the pairing key.
        doc_id: position in the task's own order, from 0.
        question: what a person reads: the question without few-shot examples and instructions.
        choices: the answers offered, empty for free text.
        gold: the right answers as text; for choices, the texts of the right ones; empty if there is no right one.
        cluster: items that share a passage, template or image carry the same cluster name; alone in it by default.
        data: the task's own row, JSON values only; rendering and grading read it.
    """

    id: str
    doc_id: int
    question: str
    choices: tuple[str, ...]
    gold: tuple[str, ...]
    cluster: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """A few-shot example as a turn of user and assistant, and what stands between and after them in running text.

    Attributes:
        user: the example's question.
        assistant: its answer; empty if the example shows none.
        between: stands between question and answer in running text.
        after: stands after the answer in running text.
    """

    user: str
    assistant: str
    between: str = " "
    after: str = "\n\n"

    def plain(self) -> str:
        """Return the turn as running text."""
        return self.user + self.between + self.assistant + self.after


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is shown, kept in parts so that a chat template can place them.

    Attributes:
        user: the question, ready to be read as running text; few-shot examples come before it where they are no turns.
        system: a task description that comes before everything; a template makes it the system message.
        assistant: the beginning of the answer, given by the task; a template leaves it open for continuation.
        turns: few-shot examples, each a turn of the conversation of its own.
    """

    user: str
    system: str = ""
    assistant: str = ""
    turns: tuple[Turn, ...] = ()

    def plain(self) -> str:
        """Return the prompt as running text, for models that are asked without a chat template."""
        return self.system + "".join(turn.plain() for turn in self.turns) + self.user + self.assistant

    def in_one_turn(self) -> Prompt:
        """Return the prompt with its examples in the user's one turn, as running text."""
        if not self.turns:
            return self
        return Prompt("".join(turn.plain() for turn in self.turns) + self.user, self.system, self.assistant)

    def document(self) -> dict[str, Any]:
        """Return the prompt as JSON values; without the key ``turns`` if there are none."""
        body = asdict(self)
        if not self.turns:
            del body["turns"]
        return body


def _parts(prompt: Prompt) -> list[Any]:
    """Return what identifies a prompt; the hashes of those without turns are as old as the ledger."""
    turns = [[[t.user, t.assistant, t.between, t.after] for t in prompt.turns]] if prompt.turns else []
    return [*turns, prompt.system, prompt.user, prompt.assistant]


@dataclass(frozen=True, slots=True)
class Pair:
    """One continuation to be scored after one prompt."""

    prompt: Prompt
    continuation: str


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """Asks for the log-probability of each continuation after its prompt.

    Attributes:
        pairs: all continuations of one item; prompts are usually, not always, the same for all.
        delimiter: stands between prompt and continuation in running text (``" "`` as a rule); a chat template, which
            ends the prompt itself, leaves it out.
        rolling: score the one continuation as a document of any length, window by window, after an empty prompt.
        label: names the item in errors, e.g. ``arc_easy item 17``; not part of the identity.
        item_key: by what a recorded answer to the item is found, where not by the prompt; not part of the identity.
    """

    pairs: tuple[Pair, ...]
    delimiter: str = " "
    rolling: bool = False
    label: str = field(default="", compare=False)
    item_key: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        """Content hash; the ledger never pays twice for the same one."""
        pairs = [[*_parts(p.prompt), p.continuation] for p in self.pairs]
        return content_hash(["score", pairs, self.delimiter, self.rolling])


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Asks for text after a prompt.

    Attributes:
        prompt: what the model sees.
        max_tokens: upper limit of new tokens.
        stop: strings that end the answer; they are not part of it.
        temperature: 0 is greedy.
        top_p: nucleus mass, in (0, 1].
        top_k: keep only the k likeliest tokens; 0 keeps all.
        seed: of the sampler; 0 and unused when greedy.  The same request with the same seed gives the same text in
            the same engine, whatever else is in the batch, up to the engine's arithmetic.
        label: names the item in errors; not part of the identity.
        item_key: by what a recorded answer to the item is found, where not by the prompt; not part of the identity.
    """

    prompt: Prompt
    max_tokens: int
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    label: str = field(default="", compare=False)
    item_key: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        """Content hash; the ledger never pays twice for the same one."""
        body = {**asdict(self), "prompt": self.prompt.document()}
        del body["label"], body["item_key"]
        return content_hash(["generate", body])


Request = ScoreRequest | GenerateRequest


@dataclass(frozen=True, slots=True)
class Step:
    """What one of several models did for an answer.

    Attributes:
        by: ``small``, or the name of the candidate whose model it was.
        tokens_in: tokens that it read, as `fairtrial.measures.sharing` counts them.
        tokens_out: tokens that it generated.
        signal: how sure it was of its own answer, from 0 to 1; None for the last one asked.
    """

    by: str
    tokens_in: int
    tokens_out: int
    signal: float | None = None


@dataclass(frozen=True, slots=True)
class ScoreAnswer:
    """Log-probabilities of the continuations of one `ScoreRequest`, in its order.

    Attributes:
        logprobs: sum over the continuation's tokens, nats.
        greedy: whether each continuation is what greedy decoding would have produced.
        tokens: number of tokens in each continuation.
        prompt_tokens: tokens of the longest prompt as the model saw it.
        truncated_tokens: tokens cut from the left of the longest request because it did not fit; 0 as a rule.
        paid: tokens read and written as an endpoint counts and charges them, which reads the prompt anew for every
            continuation; None for engines that read it once.
        sent_bytes: bytes sent to another machine for this answer; None where that is not counted.
        steps: who did what where several models had a part in the answer; the last one gave it.
    """

    logprobs: tuple[float, ...]
    greedy: tuple[bool, ...]
    tokens: tuple[int, ...]
    prompt_tokens: int = 0
    truncated_tokens: int = 0
    paid: tuple[int, int] | None = field(default=None, compare=False)
    sent_bytes: int | None = field(default=None, compare=False)
    steps: tuple[Step, ...] = ()

    @property
    def moved(self) -> tuple[int, int]:
        """Tokens read and written for it by one model: as charged, else the prompt once and every continuation."""
        return self.paid or (self.prompt_tokens + sum(self.tokens), 0)


@dataclass(frozen=True, slots=True)
class GenerateAnswer:
    """Text for one `GenerateRequest`.

    Attributes:
        text: the new text, without the stop string.
        tokens: number of tokens generated (a stop string's included).
        finish: ``stop`` (stop string or end token), ``length``, or ``refused`` (by the server, e.g. a content filter).
        prompt_tokens: tokens of the prompt as the model saw it.
        truncated_tokens: tokens cut from the left of the prompt because it did not fit; 0 as a rule.
        logprob: log-probability of all generated tokens in the model's own distribution (whatever the temperature),
            nats; None where the engine does not tell.
        logprob_tokens: tokens that ``logprob`` is the sum of, where they are not all; an endpoint may leave out those
            that ended the answer.
        reasoning_tokens: of ``tokens``, those that were spent on reasoning and are not in the text.
        sent_bytes: bytes sent to another machine for this answer; None where that is not counted.
        steps: who did what where several models had a part in the answer; the last one gave it.
        thought: reasoning that came before the answer, kept apart from ``text``; empty if there was none to be seen.
        counted: whether the token counts are our own, because the server gave none.
        masked: whether a secret that the server repeated was masked in it.
        said: the server's or the model's own words where it refused to answer.
        changed: settings of the request that the server refused, each with its words; it was asked without them.
    """

    text: str
    tokens: int
    finish: Literal["stop", "length", "refused"]
    prompt_tokens: int = 0
    truncated_tokens: int = 0
    logprob: float | None = field(default=None, compare=False)
    logprob_tokens: int | None = field(default=None, compare=False)
    reasoning_tokens: int = field(default=0, compare=False)
    sent_bytes: int | None = field(default=None, compare=False)
    steps: tuple[Step, ...] = ()
    thought: str = ""
    counted: bool = field(default=False, compare=False)
    masked: bool = field(default=False, compare=False)
    said: str = field(default="", compare=False)
    changed: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def unfinished(self) -> bool:
        """Whether all tokens went to reasoning, so that there is no answer."""
        thinking = bool(self.thought) or self.reasoning_tokens > 0
        return self.finish == "length" and thinking and not self.text.strip()

    @property
    def moved(self) -> tuple[int, int]:
        """Tokens that one model read and wrote for it."""
        return self.prompt_tokens, self.tokens


Answer = ScoreAnswer | GenerateAnswer


@dataclass(frozen=True, slots=True)
class Measure:
    """A named quantity, and how its value for many items is made from the values of single items.

    Every measure is a ratio of sums, ``transform(sum(weight * value) / sum(weight))``: a plain mean when all weights
    are 1, a word perplexity when value is nats per word and weight is words, an F1 when weight is 2tp + fp + fn.

    Attributes:
        name: standard name, e.g. ``acc_norm``.
        unit: ``1`` for shares, else ``s``, ``B``, ``J``, ``USD``, ``token``, ``nat`` ...
        higher_is_better: direction; None where neither direction is better (e.g. a bias score whose best is 0).
        bounds: smallest and largest possible single value, or None if unbounded.
        transform: ``identity`` or ``exp``, applied to the ratio for display.
    """

    name: str
    unit: str = "1"
    higher_is_better: bool | None = True
    bounds: tuple[float, float] | None = (0.0, 1.0)
    transform: Literal["identity", "exp"] = "identity"


@dataclass(frozen=True, slots=True)
class Observation:
    """One stored number about one item (see `Measure` for ``weight``)."""

    measure: str
    value: float
    weight: float = 1.0
    unit: str = "1"
