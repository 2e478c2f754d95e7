"""Forms of a task that hint at contamination: they fire for a model that knows the published form, for no other."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fairtrial.running.pool as bench
from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Capabilities
from fairtrial.errors import TaskError
from fairtrial.ledger import Ledger
from fairtrial.models import ResolvedModel, resolve
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.planning.sampling import hash_to_int
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    Item,
    Measure,
    Observation,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
)
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.running.conductor import run
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import Trial
from fairtrial.stats.intervals import estimate
from fairtrial.studies import Findings, Interval
from fairtrial.tasks.base import Task, TaskCard, TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.variants.forms import OrderTask, PermutedTask, find_options

CAN = Capabilities(True, True, False, False, 100_000, batch_invariant=True)
LETTERS = "ABCD"
SHOT = "Which is a colour?\nA. red\nB. seven\nC. dog\nD. run\nAnswer: A\n\n"
YAML = """
task: quiz
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "%s{{q}}\\nA. {{c[0]}}\\nB. {{c[1]}}\\nC. {{c[2]}}\\nD. {{c[3]}}\\nAnswer:"
doc_to_choice: [A, B, C, D]
doc_to_target: gold
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


def quiz(folder: Path, count: int = 120) -> Path:
    rows = [
        {"q": f"Who has the number {n}?", "c": [f"{w}{n}" for w in "wxyz"], "gold": n * 7 % 4} for n in range(count)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "quiz.yaml").write_text(YAML % SHOT.replace("\n", "\\n"))
    return folder


@dataclass
class Learned:
    """Answers a quiz by the letter that the published item had, or by what the right option says."""

    letters: Mapping[str, str]
    texts: Mapping[str, str]
    by_heart: bool
    share: float = 0.8
    can: Capabilities = CAN
    record: Mapping[str, object] = field(default_factory=dict)

    def check(self, requests: Sequence[Request]) -> None:
        """All requests fit."""

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        for request in requests:
            if request.rolling:
                yield ScoreAnswer((-float(len(request.pairs[0].continuation)),), (False,), (9,))
                continue
            own = request.pairs[0].prompt.user.rpartition("\n\n")[2].splitlines()
            question = own[0]
            shown = {line[3:]: line[0] for line in own[1:5]}
            letter = self.letters[question] if self.by_heart else shown[self.texts[question]]
            knows = hash_to_int(question) / 2**64 < self.share
            said = letter if knows else LETTERS[(LETTERS.index(letter) + 1) % 4]
            scores = tuple(-1.0 if pair.continuation.strip() == said else -2.0 for pair in request.pairs)
            yield ScoreAnswer(scores, (False,) * 4, (1,) * 4, 10)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Nothing here asks for text."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


def hints(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Findings, Plan, Ledger]:
    trial = Trial.model_validate(
        {
            "candidates": [{"id": "by-heart", "model": "fake:a"}, {"id": "knowing", "model": "fake:b"}],
            "tasks": [{"task": "quiz", "forms": ["permuted", "order"]}],
            "task_paths": ["."],
        }
    )
    plan = plan_trial(trial, quiz(folder))
    rows = [item.data for item in plan.tasks[0].items]
    letters = {row["q"]: LETTERS[row["gold"]] for row in rows}
    texts = {row["q"]: row["c"][row["gold"]] for row in rows}

    def opener(candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> Learned:
        return Learned(letters, texts, by_heart=candidate.id == "by-heart")

    monkeypatch.setattr(bench, "open_engine", opener)
    ledger = Ledger.open(folder / "t.db")
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings())
    [found] = summarise(ledger, plan.id).further
    return found, plan, ledger


def test_a_model_that_knows_the_published_letters_is_hinted_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, plan, ledger = hints(tmp_path, monkeypatch)
    assert found.sentences[0] == "Better as published than in another form: by-heart on quiz (options)."
    gaps = {row[1]: row[4] for row in found.tables[0].rows}
    heart, knowing = gaps["by-heart"], gaps["knowing"]
    assert isinstance(heart, Interval)
    assert isinstance(knowing, Interval)
    assert heart.low > 0.3
    assert knowing.value == 0.0
    assert -0.05 < knowing.low < 0 < knowing.high < 0.05  # no gap was seen, and 120 items cannot exclude a small one
    orders = {row[1]: row[2] for row in found.tables[1].rows}
    assert orders.keys() == gaps.keys()
    assert all(isinstance(o, Interval) and o.low <= 0.5 <= o.high for o in orders.values())
    summary = summarise(ledger, plan.id)
    assert {v.task for v in summary.verdicts} == {"quiz"}
    assert summary.standings.tasks == ("quiz",)
    page = render_report(ledger, summary)
    assert "Hints of contamination" in page
    assert "not a proof" in page


def test_only_the_questions_own_options_move(tmp_path: Path) -> None:
    task = TaskFinder([quiz(tmp_path)]).build("quiz", TaskOptions())
    form = PermutedTask(task)
    assert form.card != task.card
    assert [i.id for i in form.items()] == [i.id for i in task.items()]
    for item in form.items()[:20]:
        before, after = task.requests(item)[0], form.requests(item)[0]
        assert isinstance(before, ScoreRequest)
        assert isinstance(after, ScoreRequest)
        one, other = before.pairs[0].prompt.user, after.pairs[0].prompt.user
        assert other.startswith(SHOT)
        assert one != other
        assert sorted(one.splitlines()[-5:-1], key=lambda line: line[3:]) != sorted(other.splitlines()[-5:-1])
        assert {line[3:] for line in one.splitlines()} == {line[3:] for line in other.splitlines()}
        assert [line[:2] for line in other.splitlines()[-5:-1]] == ["A.", "B.", "C.", "D."]


def test_letters_in_a_text_are_mapped_back() -> None:
    options = find_options("Pick one.\nOptions:\n(A) red\n(B) blue\n(C) green\nA: Let's think.", "k")
    assert options is not None
    moved = options.moved("Pick one.\nOptions:\n(A) red\n(B) blue\n(C) green\nA: Let's think.").splitlines()
    now = {line[4:]: line[1] for line in moved[2:5]}
    for letter, text in zip("ABC", ("red", "blue", "green"), strict=True):
        told = f"A plain B. So the answer is ({now[text]})."
        assert options.mapped_back(told) == f"A plain B. So the answer is ({letter})."
    assert find_options("A. one\nB. one", "k") is None  # the same twice: no order to tell apart
    assert find_options("no options", "k") is None


def test_a_task_without_lettered_options_says_so() -> None:
    task = TaskFinder().build("table", TaskOptions(items=10))
    with pytest.raises(TaskError, match="'order'"):
        PermutedTask(task).items()
    assert check_task(lambda: OrderTask(TaskFinder().build("table", TaskOptions(items=40)))) == []
    with pytest.raises(TaskError, match="fewer than"):
        OrderTask(TaskFinder().build("table", TaskOptions(items=5))).items()


def test_neighbours_that_share_a_passage_are_one(tmp_path: Path) -> None:
    """Else a passage's questions side by side, as published, would be likelier without having been seen."""
    task = TaskFinder().build("reading", TaskOptions(items=90))
    assert len({item.cluster for item in task.items()}) < 90
    passages = [item.data["context"] for item in task.items()]
    stretches = OrderTask(task).items()
    assert len(stretches) > 1
    for stretch in stretches:
        found = [max(passages, key=lambda p, t=text: t.startswith(p) * len(p)) for text in stretch.data["texts"]]
        assert len(set(found)) == len(found)


class Facts:
    """A benchmark in no order: made-up names and numbers."""

    def __init__(self, seed: int, count: int) -> None:
        rng = np.random.default_rng(seed)
        self.made = [
            Item(
                f"{seed}-{i}",
                i,
                f"{''.join(rng.choice(list('abcdefgh'), 4))}?",
                (),
                (str(rng.integers(100)),),
                str(i),
                {},
            )
            for i in range(count)
        ]
        self.card = TaskCard("facts", "1", str(seed), "CC0-1.0", (Measure("acc"),), "acc")

    def items(self) -> Sequence[Item]:
        return self.made

    def requests(self, item: Item) -> Sequence[Request]:
        return [GenerateRequest(Prompt(item.question), max_tokens=4)]

    def grade(self, item: Item, answers: Sequence[Any]) -> Sequence[Observation]:
        return [Observation("acc", float(answers[0].text == item.gold[0]))]


def published_first(engine: Any, task: Task) -> tuple[float, float]:
    form = OrderTask(task)
    values = []
    for item in form.items():
        answers = list(engine.score(list(form.requests(item))))
        values.append(next(o.value for o in form.grade(item, answers) if o.measure == "published_first"))
    found = estimate(np.array(values), np.ones(len(values)), np.arange(len(values)), 0.95, (0.0, 1.0))
    return found.low, found.high


@pytest.mark.model
@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None,
    reason="needs torch and transformers (the transformers extra)",
)
def test_a_network_trained_on_the_published_order_is_hinted_at(tmp_path: Path) -> None:
    """A small network is trained on one benchmark in its order; another benchmark of the kind it never saw."""
    torch, transformers = importlib.import_module("torch"), importlib.import_module("transformers")
    tokenizers = importlib.import_module("tokenizers")
    seen, unseen = Facts(1, 64), Facts(2, 64)
    texts = [" ".join([i.question, *i.gold]) for i in seen.items()]
    document = "\n\n".join(texts)
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        [document],
        tokenizers.trainers.BpeTrainer(vocab_size=258, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet),
    )
    words = transformers.PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")
    torch.manual_seed(0)
    torch.set_num_threads(1)  # small tensors: threads would wait for each other longest
    network = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(words), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=512, bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )
    )  # fmt: skip
    tokens = torch.tensor(words("\n\n".join(texts)).input_ids)
    learner = torch.optim.AdamW(network.parameters(), lr=4e-3)
    draw = np.random.default_rng(0)
    for _ in range(150):
        starts = draw.integers(0, len(tokens) - 100, 8)
        batch = torch.stack([tokens[s : s + 100] for s in starts])
        learner.zero_grad()
        network(batch, labels=batch).loss.backward()
        learner.step()
    network.eval().save_pretrained(tmp_path / "net")
    words.save_pretrained(tmp_path / "net")
    model = resolve(f"hf:{tmp_path / 'net'}", tmp_path)
    engine = open_engine(Candidate(id="n", model=model.spec, dtype="float32"), model, EngineSettings(threads=1))
    assert published_first(engine, seen)[0] > 0.5
    assert published_first(engine, unseen)[0] <= 0.5
