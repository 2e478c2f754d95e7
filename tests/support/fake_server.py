"""A server of a fake engine, asked as its clients ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from starlette import testclient

from fairtrial.engines import open_engine
from fairtrial.models import resolve
from fairtrial.serve.app import make_app
from fairtrial.serve.desk import Desk
from fairtrial.serve.hall import Hall
from fairtrial.serve.served import About, Served, ServingLimits
from fairtrial.spec.candidate import Candidate

ASKED = {"messages": [{"role": "user", "content": "Who is there?"}], "max_tokens": 8}


class Gate:
    """What an engine stands at before it answers.

    Attributes:
        reached: somebody stands there.
        open: they may go on.
    """

    def __init__(self) -> None:
        self.reached, self.open = Event(), Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.open.wait(600)


@contextmanager
def open_faker(spec: Candidate, gate: Gate | None = None):
    engine = open_engine(spec, resolve(spec.model, Path.cwd()))
    if gate:
        inside = engine.generate

        def generate(requests):
            gate.wait()
            return inside(requests)

        engine.generate = generate
    yield engine
    engine.close()


@contextmanager
def serving(spec: Candidate | None = None, gate: Gate | None = None, **more) -> Iterator:
    spec = spec or Candidate(id="faker", model="fake:one", chat="model")
    limits = more.pop("limits", ServingLimits())
    desk = Desk(lambda: open_faker(spec, gate), limits.places, limits.waiting)
    desk.start()
    served = Served(About(spec.id, "c" * 32, "t" * 32, ({"words": "fine"},)), spec, desk, limits, **more)
    app = make_app(Hall((served,)))
    with testclient.TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        client.served = served
        yield client
    desk.close(0.0)


def post(client, path: str, body: object, **more):
    return client.post(path, json=body, **more)


def chunks(response) -> list:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]
