"""The server in this process, with engines that say what they are told to, for pages in a browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn

from fairtrial.engines.base import Engine
from fairtrial.engines.live import NOTHING, AnswerPiece, Wishes
from fairtrial.pages.binding import bind_address
from fairtrial.records import GenerateAnswer, GenerateRequest
from fairtrial.serve.app import make_app
from fairtrial.serve.desk import Desk
from fairtrial.serve.hall import Hall
from fairtrial.serve.served import About, Served, ServingLimits
from fairtrial.spec.candidate import Candidate
from tests.support import guarding, retrieving
from tests.support.retrieving import Scripted

HOSTILE = (
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>\n\n"
    "# A heading\n\n* **bold** and `code` and [a link](javascript:alert(1)) and [another](https://example.org/x)\n\n"
    "```html\n<b>not bold</b>\n```\n\n| a | b |\n|---|--:|\n| <i>one</i> | 2 |\n\nHidden\u202etext [7]"
)


class _Slowly:
    """An answer that comes word by word."""

    def __init__(self, text: str, prompt: str) -> None:
        self.notes: list[Any] = []
        self.error = None
        self.answer: GenerateAnswer | None = None
        self._words = [f"{word} " for word in text.split(" ")]
        self._given = self._text = ""
        self._read = len(prompt.split())

    def grow(self) -> None:
        if self._words:
            self._text += self._words.pop(0)
        if not self._words and self.answer is None:
            self.answer = GenerateAnswer(self._text.rstrip(), len(self._text.split()), "stop", self._read)

    def take(self) -> AnswerPiece:
        whole = self.answer.text if self.answer else self._text.rstrip()
        new, self._given = whole[len(self._given) :], whole
        return AnswerPiece(new)


class SlowEngine(Scripted):
    """Says what it is told to word by word, so many seconds a word."""

    seconds = 0.01

    def __init__(self, say: Callable[[str], str]) -> None:
        super().__init__(say)
        self.can = replace(self.can, images=False)

    def open_live(self, places: int) -> SlowEngine:
        self.places = places
        self._growing: list[_Slowly] = []
        return self

    def begin(self, request: GenerateRequest, wishes: Wishes = NOTHING) -> _Slowly:
        prompt = request.prompt.plain()
        self.sent.append(prompt)
        self._growing.append(_Slowly(self.say(prompt), prompt))
        return self._growing[-1]

    def advance(self) -> None:
        time.sleep(self.seconds)
        for one in self._growing:
            one.grow()
        self._growing = [one for one in self._growing if one.answer is None]

    def cancel(self, writing: _Slowly) -> None:
        self._growing = [one for one in self._growing if one is not writing]


@dataclass
class ChatServer:
    """A server that listens, with its hall."""

    url: str
    hall: Hall


def serve_engine(name: str, make: Callable[[], Engine], **more: Any) -> Served:
    """Return a candidate whose engine is made by a function, with its desk begun."""
    spec = Candidate.model_validate({"id": name, "model": "fake:one", "chat": "model", **more.pop("spec", {})})

    @contextmanager
    def opened() -> Iterator[Engine]:
        engine = make()
        yield engine
        engine.close()

    limits = more.pop("limits", ServingLimits())
    desk = Desk(opened, limits.places, limits.waiting)
    desk.start()
    about = more.pop("about", About(name, name[:1] * 32))
    return Served(about, spec, desk, limits, **more)


def make_reader(archive: Path) -> Callable[[], Engine]:
    """Return what opens an engine that answers from an archive, behind a guard, and sees images."""

    def make() -> Engine:
        inside = Scripted(
            lambda _: (
                'It sails on Monday [1]. "The ferry to Saltmere sails again" [1]. See [9]. Card 4111 1111 1111 1111.'
            )
        )
        inside.can = replace(inside.can, images=True)
        retrieved = retrieving.wrap(archive, inside)
        return guarding.guard({"policy": {"output": [{"personal_data": ["card"]}]}}, retrieved)

    return make


def say_by_question(answers: Mapping[str, str], otherwise: str) -> Callable[[str], str]:
    """Return what says an answer by a word of the prompt's end."""
    return lambda prompt: next((said for word, said in answers.items() if word in prompt[-200:]), otherwise)


@contextmanager
def chat_server(served: Sequence[Served], **more: Any) -> Iterator[ChatServer]:
    """Yield a server of some candidates that listens; it is stopped at the end."""
    hall = Hall(tuple(served), **more)
    listening = bind_address("127.0.0.1", 0)
    listening.listen(64)
    server = uvicorn.Server(uvicorn.Config(make_app(hall), lifespan="off", log_config=None, access_log=False))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield ChatServer(f"http://127.0.0.1:{listening.getsockname()[1]}", hall)
    finally:
        server.should_exit = True
        thread.join(10)
        hall.close(0.0)
        listening.close()
