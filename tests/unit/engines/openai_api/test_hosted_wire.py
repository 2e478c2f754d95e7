"""What goes over the wire to a server: waiting when it asks for that, no redirects, no proxies, bytes counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fairtrial.engines.openai_api import calls
from fairtrial.engines.openai_api.failures import read_retry_after
from fairtrial.errors import EngineError
from tests.support.hosted import asks, hosted
from tests.support.servers.misbehaving import Exchange, misbehaving

pytest.importorskip("httpx2")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls.random, "uniform", lambda *_: 0.0)


def failure(behave: Callable[[Exchange], None], streams: bool = True, **endpoint: Any) -> EngineError:
    """Return how asking such a server fails."""
    with misbehaving(behave) as server:
        engine = hosted(server.url, endpoint=endpoint)
        engine._streams = streams
        with pytest.raises(EngineError) as caught:
            list(engine.as_answered(asks()))
        engine.close()
    return caught.value


@pytest.mark.parametrize("given", ["86400", "1e308", "inf", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_server_that_asks_to_wait_for_ever_is_waited_for_a_while_and_it_is_said(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "LONGEST_WAIT", 0.2)
    monkeypatch.setattr(calls, "WORTH_TELLING", 0.1)
    notes: list[str] = []

    def behave(exchange: Exchange) -> None:
        if exchange.number:
            exchange.answer()
        else:
            exchange.reply({"error": {"message": "slow down"}}, 429, Retry_After=given)

    with misbehaving(behave) as server:
        engine = hosted(server.url, notes)
        [answer] = engine.generate(asks())
        engine.close()
    assert answer.text == "4"
    [note] = notes
    assert "127.0.0.1 asks to wait" in note
    assert "asking again at " in note
    assert "slow down" in note


@pytest.mark.parametrize("given", ["nan", "soon", "", "Fri, 99 Foo 2026", "9" * 5000 + "x"])
def test_a_time_to_wait_that_is_none(given: str) -> None:
    assert read_retry_after({"retry-after": given}) is None


def test_times_to_wait() -> None:
    assert read_retry_after({"retry-after": "-5"}) == 0
    assert read_retry_after({"retry-after": "2.5"}) == 2.5
    assert read_retry_after({}) is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with misbehaving(lambda exchange: exchange.answer()) as other:
        target = other.url.replace("127.0.0.1", "localhost")

        def behave(exchange: Exchange) -> None:
            exchange.reply("", status, Location=f"{target}/chat/completions?key=1")

        error = failure(behave)
        assert other.seen == [], "neither the prompt nor the key goes there"
    assert f"points to another address, {target}/chat/completions." in error.message
    assert "base_url" in error.fix


def test_what_goes_to_this_machine_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with misbehaving(lambda exchange: exchange.answer("proxied")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with misbehaving(lambda exchange: exchange.answer()) as server:
            engine = hosted(server.url)
            [answer] = engine.generate(asks())
            engine.close()
        assert proxy.seen == []
    assert (answer.text, answer.sent_bytes) == ("4", 0)


def test_bytes_of_every_attempt_are_counted_as_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.number < 2:
            exchange.reply({"error": "busy"}, 500)
        else:
            exchange.answer()

    with misbehaving(behave) as server:
        monkeypatch.setattr("fairtrial.spec.endpoint.LOOPBACK", ())
        monkeypatch.setenv("PLANTED_KEY", "sk-some-key")
        engine = hosted(server.url)
        [answer] = engine.generate(asks())
        engine.close()
        sizes = [int(exchange.headers["content-length"]) for exchange in server.seen]
    assert len(sizes) == 3
    assert answer.sent_bytes == sum(sizes)
