"""Tools of a client: given to who can take them, refused with the reason by others, and calls told from words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

testclient = pytest.importorskip("starlette.testclient")
pytest.importorskip("prometheus_client")

from fairtrial.engines.chat import ChatTemplate  # noqa: E402
from fairtrial.engines.live import NOTHING, ToolTalk, Wishes  # noqa: E402
from fairtrial.engines.tool_prompts import ToolReader, explain_no_tools, split_calls  # noqa: E402
from fairtrial.records import GenerateRequest  # noqa: E402
from fairtrial.serve.app import make_app  # noqa: E402
from fairtrial.serve.hall import Hall  # noqa: E402
from tests.support.servers.chat_server import SlowEngine, serve_engine  # noqa: E402

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
CALL = '<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>'
ASKED = [{"role": "user", "content": "Well?"}]
SENT = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [SENT]}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "Sunny"}
STRICT = {
    "type": "function",
    "function": {
        "name": "pay",
        "strict": True,
        "parameters": {"type": "object", "properties": {"sum": {"type": "integer", "minimum": 1}}},
    },
}
TALK = ToolTalk("[]", "[1]", ("weather",))
BARE = '{"name": "weather", "arguments": {"city": "Rome"}}'
TEMPLATE = Path(__file__).parents[2] / "support" / "tool_template.jinja"


class ToolEngine(SlowEngine):
    """Can be given tools, and notes what it was told of them."""

    why = ""

    def explain_no_tools(self) -> str:
        return self.why

    def begin(self, request: GenerateRequest, wishes: Wishes = NOTHING):
        self.talk = wishes.talk
        return super().begin(request, wishes)


@pytest.fixture(scope="module")
def client() -> Iterator:
    engine = ToolEngine(lambda _: f"One moment. {CALL}\n{CALL.replace('Rome', 'Oslo')}")
    served = serve_engine("caller", lambda: engine, spec={"system": "Be kind."})
    with testclient.TestClient(make_app(Hall((served,))), base_url="http://localhost") as found:
        found.engine = engine
        yield found
    served.desk.close(0.0)


def ask(client, **more):
    return client.post("/v1/chat/completions", json={"messages": ASKED, "tools": [TOOL], **more})


def test_calls_are_told_from_words(client) -> None:
    found = ask(client).json()["choices"][0]
    assert found["message"]["content"] == "One moment."
    assert [one["function"]["name"] for one in found["message"]["tool_calls"]] == ["weather", "weather"]
    assert json.loads(found["message"]["tool_calls"][1]["function"]["arguments"]) == {"city": "Oslo"}
    assert found["finish_reason"] == "tool_calls"
    assert found["message"]["fairtrial"]["decoding_changed"] == ["tools"]
    assert json.loads(client.engine.talk.tools) == [TOOL]
    assert json.loads(client.engine.talk.messages)[0] == {"role": "system", "content": "Be kind."}


def test_calls_are_streamed_whole_after_the_words(client) -> None:
    lines = ask(client, stream=True).text.split("\n\n")[:-2]
    deltas = [json.loads(line.removeprefix("data: "))["choices"][0] for line in lines]
    assert "".join(one["delta"].get("content") or "" for one in deltas) == "One moment."
    [calls] = [one["delta"]["tool_calls"] for one in deltas if "tool_calls" in one["delta"]]
    assert [one["index"] for one in calls] == [0, 1]
    assert deltas[-1]["finish_reason"] == "tool_calls"


def test_results_of_calls_go_back_to_the_model(client) -> None:
    messages = [
        *ASKED,
        {"role": "assistant", "content": None, "tool_calls": [SENT, {**SENT, "id": "d"}]},
        {"role": "tool", "tool_call_id": "d", "content": "Rainy"},
        RESULT,
    ]
    assert ask(client, messages=messages).status_code == 200
    told = json.loads(client.engine.talk.messages)
    assert told[2]["tool_calls"][0]["function"]["arguments"] == {"city": "Paris"}
    assert told[3:] == [{"role": "tool", "content": "Sunny"}, {"role": "tool", "content": "Rainy"}]  # as they were made
    answer = ask(client, messages=messages, tool_choice="none").json()["choices"][0]
    assert (answer["finish_reason"], answer["message"].get("tool_calls")) == ("stop", None)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"tools": [{}]}, "tools.0"),
        ({"tools": [TOOL] * 200}, "at most 128"),
        ({"tool_choice": "sometimes"}, "got 'sometimes'"),
        ({"tool_choice": {"type": "function", "function": {"name": "look"}}}, "no tool 'look'; there is: weather"),
        ({"tool_choice": {"type": "function"}}, "tool_choice: "),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "none", "tools": []}}}, "tool_choice: "),
        ({"tool_choice": "required", "tools": []}, "no `tools` to choose from"),
        ({"tools": [TOOL, TOOL]}, "two have the name 'weather'"),
        ({"tools": [STRICT]}, "minimum"),
        ({"messages": [*ASKED, CALLED]}, "the call 'c' has no result"),
        ({"messages": [*ASKED, CALLED, *ASKED]}, "messages.2: the call 'c' has no result"),
        ({"messages": [*ASKED, {"role": "tool", "tool_call_id": "c", "content": "x"}]}, "none stands right before it"),
        ({"messages": [*ASKED, CALLED, {"role": "tool", "tool_call_id": "d", "content": "x"}]}, "there is: c"),
        ({"messages": [*ASKED, CALLED, RESULT, RESULT]}, "two results"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"messages": [*ASKED, {"role": "assistant", "content": "x", "tool_calls": [{"id": 1}]}]}, "a call is"),
        ({"messages": [*ASKED, {"role": "tool", "content": None}]}, "needs a content"),
        ({"messages": [*ASKED, {"role": "system", "content": "x"}]}, "before all others"),
        ({"functions": [TOOL]}, "use `tools`"),
    ],
)
def test_what_is_wrong_with_tools_is_told(client, more: dict, told: str) -> None:
    response = ask(client, **more)
    assert response.status_code == 400
    assert told in response.json()["error"]["message"]


def test_who_cannot_take_tools_says_why(client) -> None:
    client.engine.why = "its chat template has no place for tools"
    assert "no place for tools. Leave" in ask(client).json()["error"]["message"]
    assert ask(client, tool_choice="none").status_code == 200
    client.engine.why = ""
    served = serve_engine("plain", lambda: SlowEngine(lambda _: "x"))
    with testclient.TestClient(make_app(Hall((served,))), base_url="http://localhost") as other:
        found = ask(other).json()["error"]
    served.desk.close(0.0)
    assert found["code"] == "tools_unsupported"
    assert "plain models" in found["message"]


def test_templates_tell_whether_they_take_tools() -> None:
    assert explain_no_tools(ChatTemplate(TEMPLATE.read_text())) == ""
    assert "no place" in explain_no_tools(ChatTemplate("{{ messages[0].content }}"))
    assert "another form" in explain_no_tools(ChatTemplate("{{ tools | tojson }}{{ messages[0].content }}"))
    assert "refuses" in explain_no_tools(ChatTemplate("{% if tools %}{{ raise_exception('no') }}{% endif %}x"))
    assert "running text" in explain_no_tools(None)


@pytest.mark.parametrize(
    "text",
    [
        "no call",
        "<tool_call>no json</tool_call>",
        '<tool_call>{"name": 3}</tool_call>',
        '<tool_call>["weather"]</tool_call>',
        '<tool_call>{"name": "f", "arguments": "x"}</tool_call>',
        f"{CALL} and words after it",
        "<tool_call>" + "[" * 100_000,
        "a < b and <tool",
        '{"name": "other", "arguments": {}}',
        '{"name": "weather", "arguments": {}, "why": "more"}',
        '{"name": "weather", "arguments": {}} and words after it',
        '{"name": "weather", "arguments": {"city": "Ro',
        "```json\n[1]\n```",
        "`` no fence",
    ],
)
def test_what_is_no_call_stays_text(text: str) -> None:
    assert split_calls(text, TALK) == (text, ())
    reader = ToolReader(TALK)
    given = "".join(reader.feed(one) for one in text)
    rest, calls = reader.end()
    assert (given + rest, calls) == (text, ())


@pytest.mark.parametrize("text", [BARE, f"```json\n{BARE}\n```", f"```\n{BARE}\n{BARE}```", f" {BARE}{BARE} "])
def test_calls_without_tags_are_calls_where_they_are_all_of_an_answer(text: str) -> None:
    count = text.count("name")
    assert [one.name for one in split_calls(text, TALK)[1]] == ["weather"] * count
    assert len(split_calls(text, TALK._replace(several=False))[1]) == (count == 1)
    assert split_calls(text, TALK._replace(loose=())) == (text, ())
    reader = ToolReader(TALK)
    assert "".join(map(reader.feed, text)) == ""
    assert (reader.end()[0], len(reader.end()[1])) == ("", count)


def test_a_call_that_has_no_end_is_one_if_it_is_whole() -> None:
    assert split_calls(CALL.removesuffix("</tool_call>"))[1][0].name == "weather"
