"""A key appears nowhere, in whatever form a server repeats it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.engines.openai_api.masking import MASK, SHORTEST, KeyMask, read_key
from fairtrial.errors import EngineError
from tests.fuzz.bounded import bounded
from tests.support.hosted import KEY, asks, hosted
from tests.support.servers.misbehaving import Exchange, misbehaving

pytest.importorskip("httpx2")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a header": lambda key: f"Bearer {key}\r\n",
    "JSON": lambda key: json.dumps(key),
    "JSON in JSON": lambda key: json.dumps(json.dumps(key)),
    "percent": lambda key: quote(key, safe=""),
    "every byte percent": lambda key: "".join(f"%{b:02x}" for b in key.encode()),
    "HTML": html.escape,
    "hexadecimal": lambda key: key.encode().hex(),
    "base64": b64,
    "base64 of user:key": lambda key: b64(f"user:{key}"),
    "base64 of a:key": lambda key: b64(f"a:{key}:more"),
    "base64 of Bearer key": lambda key: b64(f"Bearer {key}"),
    "base64 for URLs": lambda key: base64.urlsafe_b64encode(f"xy{key}".encode()).decode(),
    "over lines": lambda key: "\n".join(key),
    "over JSON lines": lambda key: key[:9] + "\\n" + key[9:],
    "with zero-width spaces": lambda key: "\u200b".join(key),
    "base64 over lines": lambda key: "\n".join(b64(f"user:{key}")[at : at + 10] for at in range(0, 80, 10)),
    "backwards": lambda key: key[::-1],
}
LONG = "".join(hashlib.sha256(bytes([i])).hexdigest()[:20] + "_B-" for i in range(7))
KEYS = (KEY, 'sk-quoted"and\\backslash-91c2', "sk-proj-" + LONG, "short-k3")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:12])
def test_forms(key: str, form: str) -> None:
    written = FORMS[form](key)
    masked = KeyMask(key)(f"before {written} after")
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert len(masked) < 60 + len(written) // 4
    assert not any(key[at : at + 16] in masked for at in range(max(1, len(key) - 16)))


def test_long_pieces_are_masked_and_what_everybodys_key_begins_with_is_not() -> None:
    key = "sk-ant-api03-" + "Zz9" * 30
    mask = KeyMask(key)
    assert mask(f"cut {key[:40]}") == f"cut {MASK}"
    assert mask(f"cut {key[-40:]}") == f"cut {MASK}"
    assert mask("keys begin with sk-ant-api03- there") == "keys begin with sk-ant-api03- there"


def test_placeholders_are_no_secrets() -> None:
    for key in ("", "x", "none", "EMPTY", "ollama"):
        assert len(key) < SHORTEST
        assert KeyMask(key)("none EMPTY ollama x") == "none EMPTY ollama x"


def test_many_of_them_take_no_time() -> None:
    assert KEY not in KeyMask(KEY)((KEY + " ") * 50_000)
    assert KeyMask(KEY)("\n".join(KEY) * 5_000).count(MASK) <= 5_000


@bounded
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(sorted(FORMS)), st.sampled_from(KEYS))
def test_whatever_stands_around_it(before: str, after: str, form: str, key: str) -> None:
    written = FORMS[form](key)
    assert key not in KeyMask(key)(before + written + after)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\t", " ", "\n\n"])
def test_white_space_around_a_key_is_taken_off(end: str) -> None:
    assert read_key(f"{end}{KEY}{end}", "V") == KEY


@pytest.mark.parametrize("key", [f"{KEY[:9]}\n{KEY[9:]}", f"{KEY} x", f"{KEY}é", f"{KEY[:9]}\t{KEY[9:]}", f"{KEY}\0x"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="VARIABLE") as caught:
        read_key(key, "VARIABLE")
    assert KEY[:9] not in str(caught.value)
    if "\0" not in key:
        monkeypatch.setenv("PLANTED_KEY", key)
        with pytest.raises(EngineError, match="PLANTED_KEY"):
            hosted("http://127.0.0.1:9/v1")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PLANTED_KEY", KEY + "\n")
    return KEY


def test_the_list_of_models_and_errors(planted: str) -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.method == "GET":
            exchange.reply({"data": [{"id": exchange.headers["authorization"]}, {"id": "m-large"}, {"id": 7}, {}]})
        else:
            exchange.reply({"error": {"message": f"no such model for {exchange.headers['authorization']}"}}, 404)

    with misbehaving(behave) as server:
        engine = hosted(server.url)
        with pytest.raises(EngineError) as caught:
            list(engine.generate(asks()))
        engine.close()
        assert server.seen[0].headers["authorization"] == f"Bearer {planted}"
    assert planted not in str(caught.value)
    assert planted[3:15] not in str(caught.value)


@pytest.mark.parametrize("streams", [True, False])
def test_answers_are_masked_and_marked(planted: str, streams: bool) -> None:
    def behave(exchange: Exchange) -> None:
        if not exchange.body.get("stream"):
            exchange.answer(f"4, {json.dumps(exchange.headers)}", message={"reasoning": b64(f"u:{planted}")})
            return
        piece = [{"choices": [{"delta": {"content": c, "reasoning": c}}]} for c in planted]
        exchange.events([*map(json.dumps, piece), '{"choices": [{"delta": {}, "finish_reason": "stop"}]}', "[DONE]"])

    with misbehaving(behave) as server:
        engine = hosted(server.url)
        engine._streams = streams
        [answer] = engine.generate(asks())
        engine.close()
    assert answer.masked
    assert MASK in answer.text
    assert MASK in answer.thought
    assert planted[3:] not in answer.text + answer.thought
    assert b64(planted)[4:20] not in answer.thought


def test_refusals_and_changes_are_masked(planted: str) -> None:
    def behave(exchange: Exchange) -> None:
        if "temperature" in exchange.body:
            exchange.reply({"error": {"message": f"no temperature for {planted}", "param": "temperature"}}, 400)
        elif "What is 1?" in str(exchange.body):
            exchange.reply({"error": {"message": f"content filter met {planted}"}}, 400)
        else:
            exchange.answer()

    with misbehaving(behave) as server:
        engine = hosted(server.url)
        answers = list(engine.generate(asks(2)))
        engine.close()
    spoken = f"{answers} {dict(engine.record)}"
    assert "no temperature for ***" in spoken
    assert "content filter met ***" in spoken
    assert planted[3:] not in spoken


def test_nothing_is_written(planted: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with misbehaving(lambda exchange: exchange.answer(planted)) as server:
        engine = hosted(server.url)
        list(engine.generate(asks(2)))
        engine.close()
        assert len(server.seen) == 2
    assert planted[3:] not in caplog.text
