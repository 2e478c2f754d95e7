"""Text on which a family's next-token distributions are compared: drawn from a file, or from the trial's own prompts.

It is cut into passages by characters, so that models with other vocabularies read the same ones.  A passage is the
item: what is measured on it is stored under its content hash.  Knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.planning.base import PlannedTask
from fairtrial.records import Item, Measure, Request, ScoreRequest, content_hash
from fairtrial.spec.study import Quantisation

LENGTH = 1000
"""Characters of a passage: some 250 tokens of English."""

PERPLEXITY = Measure("perplexity", unit="nat", higher_is_better=False, bounds=None, transform="exp")
BITS_PER_BYTE = Measure("bits_per_byte", unit="bit", higher_is_better=False, bounds=None)
KL_DIVERGENCE = Measure("kl_divergence", unit="nat", higher_is_better=False, bounds=None)
SAME_TOP = Measure("top_token_agreement", unit="1", higher_is_better=True)
KL_OWN = Measure("kl_own_rounding", unit="nat", higher_is_better=False, bounds=None)
"""Of the parent against itself, computed in passes of another shape: the engine's own rounding."""
MEASURES = (PERPLEXITY, BITS_PER_BYTE, KL_DIVERGENCE, SAME_TOP, KL_OWN)
"""Of text: by tokens weigh all but the second, which weighs by bytes."""


@dataclass(frozen=True, slots=True)
class DivergencePassages:
    """The text of a trial's comparison of distributions.

    Attributes:
        id: content hash of the passages and the parent; the ledger keeps what is measured on them under it.
        source: where they come from, in words.
        items: one a passage.
    """

    id: str
    source: str
    items: tuple[Item, ...]

    def document(self) -> dict[str, Any]:
        """Return what a trial's plan keeps, as JSON values."""
        return {"id": self.id, "source": self.source, "card": self.card()}

    def card(self) -> dict[str, Any]:
        """Return the card under which the ledger keeps the passages."""
        measures = [asdict(measure) for measure in MEASURES]
        return {"name": "text", "main_measure": PERPLEXITY.name, "measures": measures, "settings": {}}


def plan_passages(
    study: object, tasks: Sequence[PlannedTask], parent: str, base_dir: Path
) -> DivergencePassages | None:
    """Return the text that a trial compares distributions on; None if its study compares none.

    Args:
        study: the trial's study.
        tasks: whose prompts are read where no file is named.
        parent: id of the candidate that the others are compared with.
        base_dir: folder that a file's path is relative to.

    Raises:
        SpecError: the file cannot be read, or holds no text.
    """
    if not isinstance(study, Quantisation) or not study.characters:
        return None
    if study.text:
        source, text = f"the file {Path(study.text).name}", read_passage_file(base_dir, study.text, study.characters)
    else:
        source, text = "the trial's own prompts", "\n\n".join(iterate_prompts(tasks, study.characters))
    pieces = list(dict.fromkeys(cut_passages(text[: study.characters])))
    if not pieces:
        raise SpecError(f"study: there is no text in {study.text or source}.")
    items = tuple(make_passage_item(at, piece) for at, piece in enumerate(pieces))
    return DivergencePassages(content_hash(["text", parent, [one.id for one in items]]), source, items)


def make_passage_item(at: int, piece: str) -> Item:
    """Return a passage as an item."""
    data = {"text": piece}
    identity = content_hash(data)
    return Item(identity, at, piece, (), (), identity, data)


def read_passage_file(base_dir: Path, name: str, most: int) -> str:
    """Return the beginning of a file's text, at most so many characters."""
    path = base_dir / Path(name).expanduser()
    try:
        if not path.is_file() and path.exists():
            raise SpecError(f"study: the text {name!r} is no file.", fix="Name a file of plain text.")
        with path.open(encoding="utf-8") as file:
            return file.read(most)
    except OSError as error:
        near = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, near)
        raise SpecError(f"study: the text {name!r} cannot be read: {error.strerror}.{hint}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"study: the text {name!r} is not UTF-8.", fix="Name a file of plain text.") from error


def iterate_prompts(tasks: Sequence[PlannedTask], wanted: int) -> Iterator[str]:
    """Yield prompts of the tasks in turn, the right answer behind each, until that many characters are there."""
    turns = [iter(task.items) for task in tasks if not task.form]
    takers = [task for task in tasks if not task.form]
    seen = 0
    while turns and seen < wanted:
        for task, items in list(zip(takers, turns, strict=True)):
            one = next(items, None)
            if one is None:
                turns.remove(items)
                takers.remove(task)
                continue
            text = get_asked_text(task.plain.requests(one)[0], one)
            seen += len(text)
            yield text


def get_asked_text(request: Request, one: Item) -> str:
    """Return a prompt with the right answer behind it, where there is one."""
    if isinstance(request, ScoreRequest):
        pair = next((p for p in request.pairs if p.continuation.strip() in one.gold), request.pairs[0])
        return f"{pair.prompt.plain()}{'' if request.rolling else request.delimiter}{pair.continuation}"
    return f"{request.prompt.plain()} {one.gold[0] if one.gold else ''}".rstrip()


def cut_passages(text: str) -> Iterator[str]:
    """Yield passages of at most `LENGTH` characters, cut behind white space where there is any."""
    at = 0
    while at < len(text):
        end = min(at + LENGTH, len(text))
        if end < len(text):
            blank = max(text.rfind(mark, at + LENGTH // 2, end) for mark in "\n ")
            end = blank + 1 if blank > 0 else end
        if text[at:end].strip():
            yield text[at:end]
        at = end
