"""What an engine is asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairtrial.records.content import ImagePart, Prompt
from fairtrial.records.hashing import content_hash


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
        query: what levers that search an archive look for, in place of the question.
        relevant: what a perfect search of that archive would return, each ``URI`` or ``URI#START-END``.
    """

    pairs: tuple[Pair, ...]
    delimiter: str = " "
    rolling: bool = False
    label: str = field(default="", compare=False)
    item_key: str = field(default="", compare=False)
    query: str = ""
    relevant: tuple[str, ...] = ()
    _id: str = field(default="", init=False, repr=False, compare=False)
    """Known once it was asked for: a run asks for it many times."""

    @property
    def id(self) -> str:
        """Content hash; the ledger never pays twice for the same one."""
        if not self._id:
            told = {id(pair.prompt): pair.prompt for pair in self.pairs}  # mostly one, and it may be long
            prompts = {at: prompt.identity() for at, prompt in told.items()}
            pairs = [[*prompts[id(p.prompt)], p.continuation] for p in self.pairs]
            sought = describe_sought(self)
            body = ["score", pairs, self.delimiter, self.rolling, *([sought] if sought else [])]
            object.__setattr__(self, "_id", content_hash(body))
        return self._id

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The prompts of all pairs, each once."""
        return tuple(dict.fromkeys(pair.prompt for pair in self.pairs))


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
        row: the item's columns as a JSON object, for functions that are given them; empty for all others.
        query: what levers that search an archive look for, in place of the question.
        relevant: what a perfect search of that archive would return, each ``URI`` or ``URI#START-END``.
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
    row: str = ""
    query: str = ""
    relevant: tuple[str, ...] = ()
    _id: str = field(default="", init=False, repr=False, compare=False)
    """Known once it was asked for: a run asks for it many times."""

    @property
    def id(self) -> str:
        """Content hash; the ledger never pays twice for the same one."""
        if not self._id:
            body = {name: getattr(self, name) for name in _DECODED}
            row = {"row": self.row} if self.row else {}
            asked = {**body, **row, **describe_sought(self), "prompt": self.prompt.document()}
            object.__setattr__(self, "_id", content_hash(["generate", asked]))
        return self._id

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The one prompt."""
        return (self.prompt,)


_DECODED = ("max_tokens", "stop", "temperature", "top_p", "top_k", "seed")

Request = ScoreRequest | GenerateRequest


def describe_sought(request: Request) -> dict[str, object]:
    """Return as JSON values what is to be searched for and found, as far as the task says so."""
    if not request.query and not request.relevant:
        return {}
    told = {"query": request.query, "relevant": list(request.relevant)}
    return {name: value for name, value in told.items() if value}


def list_images(request: Request) -> tuple[ImagePart, ...]:
    """Return the images that a request shows, each once."""
    return tuple(dict.fromkeys(image for prompt in request.prompts for image in prompt.images))
