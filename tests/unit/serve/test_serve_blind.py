"""Two candidates asked blind: drawn by chance, told apart by nothing but their words, and one vote a pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

testclient = pytest.importorskip("starlette.testclient")
pytest.importorskip("prometheus_client")

from fairtrial.ledger import Ledger  # noqa: E402
from fairtrial.ledger.known import count_answers  # noqa: E402
from fairtrial.ledger.votes import read_voted, read_votes  # noqa: E402
from fairtrial.serve.app import make_app  # noqa: E402
from fairtrial.serve.hall import Hall  # noqa: E402
from fairtrial.serve.storing import Ballot, Recorder  # noqa: E402
from tests.support.servers.chat_server import SlowEngine, serve_engine  # noqa: E402

ASKED = [{"role": "user", "content": "Which is better?"}]


def person(served) -> tuple:
    return served.about.candidate, served.about.name, {"id": served.about.name}


@pytest.fixture
def client(tmp_path: Path) -> Iterator:
    served = [serve_engine(name, lambda name=name: SlowEngine(lambda _: f"says {name}")) for name in ("ann", "bob")]
    served[0].recorder = Recorder(tmp_path / "words.db", person(served[0]), 0.0001)
    people = {one.about.candidate: person(one) for one in served}
    hall = Hall(tuple(served), Ballot(tmp_path / "votes.db", people, lambda ledger: {"votes": len(read_votes(ledger))}))
    with testclient.TestClient(make_app(hall), base_url="http://localhost") as found:
        found.hall, found.path = hall, tmp_path
        yield found
    hall.close(0.0)


def draw(client) -> dict:
    return client.post("/chat/pairs", json={}).json()


def ask(client, model: str, messages=ASKED, **more):
    return client.post("/v1/chat/completions", json={"model": model, "messages": messages, **more})


def vote(client, pair: str, choice: str = "left", session: str = "session-1"):
    return client.post("/chat/votes", json={"pair": pair, "vote": choice, "session": session})


def test_answers_do_not_tell_who_gave_them(client) -> None:
    pair = draw(client)
    for side in ("left", "right"):
        found = ask(client, pair[side])
        told = found.text.replace("says ann", "").replace("says bob", "")
        assert found.json()["model"] == pair[side]
        for word in ("ann", "bob", "aaaa", "bbbb", "usage", "trace", "candidate", "fingerprint"):
            assert word not in told
    assert {one["id"] for one in client.get("/v1/models").json()["data"]} == {"ann", "bob", "default"}


def test_a_vote_is_kept_without_words_and_tells_the_names(client) -> None:
    pair = draw(client)
    texts = {side: ask(client, pair[side]).json()["choices"][0]["message"]["content"] for side in ("left", "right")}
    told = vote(client, pair["pair"], "right").json()
    assert {side: f"says {told[side]['name']}" for side in texts} == texts
    assert told["kept"]
    assert told["left"]["usage"]["completion_tokens"] == 2
    with Ledger.open(client.path / "votes.db", create=False) as ledger:
        [kept] = read_votes(ledger)
        assert set(read_voted(ledger).values()) == {"ann", "bob"}
    assert (kept.choice, kept.identical, kept.session) == ("right", False, "session-1")
    assert (kept.left, kept.right) == (told["left"]["candidate"], told["right"]["candidate"])
    assert b"Which is better" not in b"".join(one.read_bytes() for one in client.path.glob("votes.db*"))
    assert client.get("/chat/votes").json() == {"votes": 1}
    client.hall.first.recorder.close()
    with Ledger.open(client.path / "words.db", create=False) as ledger:
        assert count_answers(ledger, client.hall.first.about.candidate) == 1
    assert vote(client, pair["pair"]).status_code == 404


def test_a_vote_needs_both_answers_to_one_question_as_tested(client) -> None:
    pair = draw(client)
    assert ask(client, pair["left"], temperature=1).status_code == 400
    assert ask(client, pair["left"], stream=True).status_code == 400
    assert ask(client, pair["left"]).status_code == 200
    assert ask(client, pair["left"]).status_code == 409
    assert ask(client, pair["right"], [{"role": "user", "content": "Another"}]).status_code == 409
    unfinished = vote(client, pair["pair"])
    assert (unfinished.status_code, unfinished.json()["error"]["code"]) == (409, "pair_unfinished")
    assert ask(client, pair["right"]).status_code == 200
    for wrong in ({"choice": "middle"}, {"session": "<b>"}):
        assert vote(client, pair["pair"], **wrong).status_code == 400
    assert vote(client, pair["pair"], "both bad").status_code == 200
    assert ask(client, "blind/nobody/left").status_code == 404
    assert ask(client, pair["left"].replace("left", "middle")).status_code == 404


def test_sides_are_drawn_by_chance(client) -> None:
    pairs = [draw(client)["pair"] for _ in range(200)]
    found = Counter(client.hall.pairs.held[one].sides[0].about.name for one in pairs)
    assert min(found.values()) > 60
    assert all(len({one.about.name for one in client.hall.pairs.held[pair].sides}) == 2 for pair in pairs)


def test_one_candidate_makes_no_pair_and_keeps_no_votes() -> None:
    served = serve_engine("ann", lambda: SlowEngine(lambda _: "x"))
    with testclient.TestClient(make_app(Hall((served,))), base_url="http://localhost") as client:
        assert client.post("/chat/pairs", json={}).json()["error"]["code"] == "no_pair"
        assert client.get("/chat/votes").json()["error"]["code"] == "no_votes"
    served.desk.close(0.0)
