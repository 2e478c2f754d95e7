"""Opening passages that answers have cited: decided at the moment of opening, by names that nobody can make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

testclient = pytest.importorskip("starlette.testclient")
pytest.importorskip("prometheus_client")

from fairtrial.archive.stores.sqlite import SqliteStore  # noqa: E402
from fairtrial.serve.app import make_app  # noqa: E402
from fairtrial.serve.hall import Hall  # noqa: E402
from fairtrial.serve.openers import PassageOpeners  # noqa: E402
from tests.support.archives import BRIDGE, FERRY, SECRET, UNSHOWN, deny, make_archive  # noqa: E402
from tests.support.retrieving import BROAD  # noqa: E402
from tests.support.servers.chat_server import make_reader, serve_engine  # noqa: E402


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "town.db", (FERRY, BRIDGE, SECRET, UNSHOWN))


@pytest.fixture
def client(archive: Path) -> Iterator:
    served = serve_engine("reader", make_reader(archive))
    with testclient.TestClient(make_app(Hall((served,))), base_url="http://localhost") as found:
        found.served = served
        yield found
    served.desk.close(0.0)


def cite(client) -> dict[str, dict]:
    body = {"messages": [{"role": "user", "content": BROAD}]}
    found = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["fairtrial"]
    return {one["uri"]: one for one in found["citations"]}


def test_a_cited_passage_is_opened_with_all_that_is_known_of_it(client) -> None:
    cited = cite(client)
    told = client.get(cited[BRIDGE.uri]["open"]).json()
    assert told["text"] == BRIDGE.text
    assert told["title"] == "Bridge stays closed"
    assert told["attribution"] == ["The Tide, Saltmere"]
    assert told["corrections"] == [
        {"at": "2026-02-03T00:00:00+00:00", "text": "The pier is the second, not the third."}
    ]
    assert (told["publisher"], told["label"], told["licence"]) == ("The Tide", "news", "LicenseRef-Tide")


def test_words_that_may_not_be_shown_are_not(client) -> None:
    told = client.get(cite(client)[UNSHOWN.uri]["open"])
    assert "agreement" in told.json()["hidden"] or "outside" in told.json()["hidden"]
    assert told.json()["publisher"] == "The Tide"
    assert "quay" not in told.text
    assert UNSHOWN.title not in told.text


def test_it_is_decided_anew_when_it_is_opened(client, archive: Path) -> None:
    cited = cite(client)
    assert client.get(cited[FERRY.uri]["open"]).json()["text"] == FERRY.text
    with SqliteStore(archive) as store, store.writing():
        store.put_rights({FERRY.id: deny(*FERRY.rights.evidence[0].statements[-1:] and ["display"])})
    now = client.get(cited[FERRY.uri]["open"])
    assert "Saltmere" not in now.text
    assert now.json()["hidden"]


def test_what_was_withdrawn_is_gone(client, archive: Path) -> None:
    cited = cite(client)
    with SqliteStore(archive) as store, store.writing():
        store.withdraw([FERRY.id])
    gone = client.get(cited[FERRY.uri]["open"])
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "passage_gone")


def test_names_of_passages_cannot_be_made(client) -> None:
    path = cite(client)[FERRY.uri]["open"]
    other = PassageOpeners()
    for name in ("x", path[:-4] + "AAAA", other.write_path(client.served.openers.read(path.rpartition("/")[2]))):
        found = client.get(name if name.startswith("/") else f"/v1/passages/{name}")
        assert found.status_code == 404
        assert json.loads(found.text)["error"]["code"] == "passage_unknown"
