"""What was asked, as the page keeps it: messages that many requests share are stored once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fairtrial.ledger.encoding import dumps
from fairtrial.records import GenerateRequest, ImagePart, Message, Prompt, Request


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
