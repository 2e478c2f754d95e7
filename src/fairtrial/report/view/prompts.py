"""What was asked, as the page keeps it: messages that many requests share are stored once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.plan import SpecRecord
from fairtrial.records import GenerateRequest, ImagePart, Message, Prompt, Request
from fairtrial.spec.schemes import scheme_of

TEXT = "Prompt sent, exactly as text"
TEMPLATE = "Messages sent; the chat template in the model’s file, which the ledger does not hold, writes them as text"
OWN_TEMPLATE = "Messages sent; the candidate’s own chat template writes them as text"
SERVER = "Messages sent to the server, which writes them as text in a way that only it knows"
SERVER_TEXT = "Prompt sent to the server, as text"
GIVEN = "What the task asks, as the function was given it"
RECORDED = "What the task asks; the answers are recorded ones, and may have been asked for in another form"


@dataclass(slots=True)
class PromptTable:
    """The messages and requests of some items; what refers to them gives their places.

    Attributes:
        messages: ``[role, [part, ...], after]``; a part is a text, or ``{"image": hash}``.
        requests: ``{"kind", "prompts": [[message, ...], ...], ...}``.
        images: those that the messages show, each once.
    """

    messages: list[list[Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    images: dict[str, ImagePart] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _known: dict[str, int] = field(default_factory=dict)

    def place_of(self, request_id: str, request: Request) -> int:
        """Return the place of a request, which is entered if it is new."""
        if request_id not in self._known:
            self._known[request_id] = len(self.requests)
            self.requests.append(self._describe(request))
        return self._known[request_id]

    def _describe(self, request: Request) -> dict[str, Any]:
        prompts = [self._place_messages(prompt) for prompt in request.prompts]
        if isinstance(request, GenerateRequest):
            told: dict[str, Any] = {"max_tokens": request.max_tokens, "stop": list(request.stop)}
            if request.temperature > 0:
                drawn = ("temperature", "top_p", "top_k", "seed")
                told |= {name: getattr(request, name) for name in drawn}
            return {"kind": "generate", "prompts": prompts, "settings": told}
        at = {prompt: i for i, prompt in enumerate(request.prompts)}
        pairs = [[at[pair.prompt], pair.continuation] for pair in request.pairs]
        return {"kind": "score", "prompts": prompts, "pairs": pairs, "delimiter": request.delimiter}

    def _place_messages(self, prompt: Prompt) -> list[int]:
        return [self._place_message(message) for message in prompt.messages]

    def _place_message(self, message: Message) -> int:
        parts = [{"image": p.hash} if isinstance(p, ImagePart) else p.text for p in message.parts]
        self.images.update((image.hash, image) for image in message.images)
        body = [message.role, parts, message.after]
        key = dumps(body)
        if key not in self._places:
            self._places[key] = len(self.messages)
            self.messages.append(body)
        return self._places[key]


def find_chat(spec: SpecRecord) -> str:
    """Return ``none``, ``model`` or the path of a template; endpoints chat unless told otherwise."""
    scheme = scheme_of(spec.model)
    usual = "model" if scheme is not None and scheme.answers == "elsewhere" else "none"
    return str(spec.document.get("chat") or usual)


def name_form(spec: SpecRecord) -> str:
    """Return what it is that a page can show of what the candidate was sent."""
    scheme, chat = scheme_of(spec.model), find_chat(spec)
    if scheme is not None and scheme.answers == "elsewhere":
        return SERVER_TEXT if chat == "none" else SERVER
    if scheme is not None and scheme.answers != "here":
        return GIVEN if scheme.answers == "function" else RECORDED
    return {"none": TEXT, "model": TEMPLATE}.get(chat, OWN_TEMPLATE)
