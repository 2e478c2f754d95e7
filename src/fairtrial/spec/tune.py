"""The settings of the tune lever: on what a model is trained further, and how.

Knows what may be written; what the lever does is in `fairtrial.levers.tune`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fairtrial.spec.references import LeverSettings
from fairtrial.spec.section import Count, Number, Positive, Seed, Switch, Text, Texts, make_problem

TARGET_GROUPS = {"all": "every linear layer but the output", "attention": "those of attention", "mlp": "the others"}
"""What `targets` may say in one word."""


def _write_out_targets(value: Any) -> Any:
    """Return a list of names from one name, or a text of names with commas between."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


_Share = Annotated[Number, Field(ge=0, lt=1)]
_Rate = Annotated[Number, Field(gt=0, le=1)]


class Tune(LeverSettings):
    """Settings of the tune lever.  In YAML the data alone may be written, as in ``tune: rows.jsonl``."""

    data: Text | None = Field(
        None,
        description="What it is trained on: a JSONL file of conversations, texts or preferences, or a folder that "
        "`fairtrial curate` wrote; left out after a curate lever, whose rows are taken.",
    )
    method: Literal["lora", "dora"] = Field(
        "lora",
        description="'lora' adds a product of two small matrices to each weight matrix (arXiv:2106.09685); 'dora' also "
        "learns the length of its columns (arXiv:2402.09353).",
    )
    objective: Literal["sft", "dpo"] = Field(
        "sft",
        description="'sft': what the assistant says becomes likelier; 'dpo': the chosen answer becomes likelier than "
        "the rejected one (arXiv:2305.18290), from rows with prompt, chosen and rejected.",
    )
    rank: Annotated[Positive, Field(le=1024)] = Field(16, description="Rank of the matrices that are added.")
    alpha: Annotated[Number, Field(gt=0)] | None = Field(
        None, description="What is added is multiplied by alpha / rank; default: twice the rank."
    )
    dropout: _Share = Field(
        0.0, description="Share of a layer's inputs that the added matrices do not see in training."
    )
    targets: Annotated[Texts, BeforeValidator(_write_out_targets)] = Field(
        ("all",),
        description="Which layers: 'all' linear ones but the output, 'attention', 'mlp', or names of modules such as "
        "q_proj, v_proj.",
    )
    epochs: Annotated[Number, Field(gt=0, le=1000)] | None = Field(
        None, description="How often every row is seen; default: 2, unless `steps` is given."
    )
    steps: Positive | None = Field(None, description="Instead: steps of the optimiser.")
    batch: Positive = Field(16, description="Rows whose loss one step of the optimiser lowers.")
    learning_rate: _Rate = Field(2e-4, description="Of AdamW, at its highest.")
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "cosine", description="How the learning rate falls after warming up: to a tenth, to zero, or not at all."
    )
    warmup: _Share = Field(0.05, description="Share of all steps over which the learning rate rises from zero.")
    weight_decay: Annotated[Number, Field(ge=0, le=1)] = Field(0.0, description="Of AdamW.")
    max_norm: Annotated[Number, Field(gt=0)] = Field(1.0, description="Longer gradients are shortened to this norm.")
    loss_on: Literal["answers", "all"] = Field(
        "answers", description="Tokens whose loss is lowered: those of the assistant's turns, or all of a conversation."
    )
    beta: Annotated[Number, Field(gt=0, le=10)] = Field(
        0.1, description="Of dpo: how dear it is to go away from the model as it was."
    )
    chat: Text = Field(
        "model",
        description="How conversations are written, as a candidate's `chat`: 'model' by the model's own template, "
        "'none' as running text, or a path to a Jinja template. Ask the tuned model in the same form.",
    )
    context: Positive | None = Field(
        None,
        description="Tokens that a row may have; longer conversations are left out and counted, longer texts cut into "
        "several rows. Default: 2048, or what the model was trained with if that is less.",
    )
    packing: Switch = Field(
        True, description="Rows of a step go through the network together without padding; none sees another."
    )
    block: Positive | None = Field(
        None,
        description="Tokens that go through the network at once; the gradients of several blocks add up to a step. "
        "It decides memory and speed, not the result. Default: what suits the machine.",
    )
    recompute: Switch = Field(
        False, description="Compute each layer a second time on the way back instead of keeping what it gave: less "
        "memory, about a third more time."
    )  # fmt: skip
    validation: _Share = Field(
        0.05, description="Share of rows kept for validation, where the data brings no validation rows of its own."
    )
    evaluate: Positive | None = Field(
        None, description="Steps from one validation to the next; default: an eighth of all steps."
    )
    patience: Count = Field(
        3, description="Validations in a row without a lower loss after which it stops; 0: it never stops early."
    )
    dtype: Literal["auto", "bfloat16", "float32"] = Field(
        "auto",
        description="Of the frozen weights and of what is computed; 'auto': bfloat16 where this machine is fast.",
    )
    seed: Seed = Field(0, description="Of the order of rows, the first weights and dropout.")
    threads: Positive | None = Field(None, description="Processor threads; default: all.")
    max_minutes: Annotated[Number, Field(gt=0)] | None = Field(
        None, description="Refuse to begin if it would take longer, as predicted from a first try."
    )
    merge: Switch = Field(
        False, description="Add what was learned to the model's own weights: one file, no adapter beside it."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Tune:
        if self.steps is not None and self.epochs is not None:
            raise make_problem("tune takes either 'steps' or 'epochs'", "steps")
        groups = [name for name in self.targets if name in TARGET_GROUPS]
        if groups and len(self.targets) > 1:
            raise make_problem(f"targets: {groups[0]!r} stands alone, or list the names of modules", "targets")
        if self.objective == "dpo" and self.loss_on == "all":
            raise make_problem("loss_on: all has no meaning with objective: dpo", "loss_on")
        return self

    @property
    def scale(self) -> float:
        """By what the product of the added matrices is multiplied."""
        return (self.alpha if self.alpha is not None else 2.0 * self.rank) / self.rank

    @classmethod
    def place_files(cls, given: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
        """Return what was written with data, which may be a folder, and a chat template as absolute paths."""
        named = {"data": (), "chat": ("model", "none")}
        found = {key: place(given[key]) for key, words in named.items() if _is_path(given.get(key), words)}
        return {**given, **found}


def _is_path(value: Any, words: tuple[str, ...]) -> bool:
    return isinstance(value, str) and bool(value) and value not in words
