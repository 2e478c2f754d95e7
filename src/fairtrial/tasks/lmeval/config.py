"""What a task file means, as frozen types; `fairtrial.tasks.lmeval.parsing` makes them.  Knows nothing of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fairtrial.tasks.lmeval.fewshot import Sampler
from fairtrial.tasks.lmeval.filters import Pipeline
from fairtrial.tasks.lmeval.metrics import CorpusMetric, Metric
from fairtrial.tasks.lmeval.template import TemplateField

OutputType = Literal["multiple_choice", "loglikelihood", "loglikelihood_rolling", "generate_until"]


@dataclass(frozen=True, slots=True)
class DocFields:
    """How one row is turned into question and answer, for items or for few-shot examples."""

    text: TemplateField
    target: TemplateField
    choices: TemplateField
    prefix: str | None
    delimiter: str
    after: str


@dataclass(frozen=True, slots=True)
class FewShotConfig:
    """Where few-shot examples come from and how they are chosen."""

    sampler: Sampler
    split: str | None
    samples: list[dict[str, Any]] | Callable[[], Any] | None
    process_docs: Callable[..., Any] | None


@dataclass(frozen=True, slots=True)
class GenerationConfig:
    """Decoding settings; ``temperature`` 0 is greedy."""

    until: tuple[str, ...]
    max_tokens: int
    temperature: float
    top_p: float
    top_k: int


@dataclass(frozen=True)
class TaskConfig:
    """A task file, understood.

    Attributes:
        raw: the merged mapping of the task file; functions by name.
        shots: ``num_fewshot``; None if the file does not say.
        pools: splits to take examples from if ``examples`` names none, best first.
        left_out: metrics that are not computed: their aggregation is code that does not run, or says nothing about
            single items.
        corpus: scores of all answers together.
        images: ``doc_to_image``; None for a task without images.
        clusters: columns that together name an item's cluster.
        code: trusted functions, modules and files, and the sha256 of the file that each is or comes from.
        restricted: functions that run restricted, and the sha256 of their source with all that it uses.
    """

    name: str
    raw: Mapping[str, Any]
    output: OutputType
    asking: DocFields
    shot: DocFields
    examples: FewShotConfig
    description: str
    eval_split: str
    test_split: str | None
    pools: tuple[str, ...]
    shots: int | None
    process_docs: Callable[..., Any] | None
    process_results: Callable[..., Any] | None
    metrics: tuple[Metric, ...]
    left_out: tuple[str, ...]
    pipelines: tuple[Pipeline, ...]
    generation: GenerationConfig
    repeats: int
    clusters: tuple[str, ...]
    corpus: tuple[CorpusMetric, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    images: TemplateField = None
    code: Mapping[str, str] = field(default_factory=dict)
    restricted: Mapping[str, str] = field(default_factory=dict)
