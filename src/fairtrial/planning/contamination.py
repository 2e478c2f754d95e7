"""Items of a trial that a candidate was trained on: looked for before anything is asked, and before it is tuned.

What a lever trains on, what an adapter's folder keeps of it, and the trial's items are all that is read here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

from fairtrial.archive.tainting import read_taint
from fairtrial.cache import cache_folder
from fairtrial.curation.contamination.index import Contact, ItemIndex
from fairtrial.curation.contamination.items import ItemText, write_items
from fairtrial.curation.contamination.rules import WORDS
from fairtrial.curation.contamination.short import MOST_WORDS
from fairtrial.curation.contamination.trained import find_grams
from fairtrial.curation.contamination.words import Hashes
from fairtrial.errors import SpecError
from fairtrial.levers import AppliedLever
from fairtrial.models import ResolvedModel
from fairtrial.planning.base import PlannedCandidate, PlannedTask, SeenItems, Training
from fairtrial.records import Item
from fairtrial.tasks.base import Task
from fairtrial.tasks.find import GENERATED

SHOWN = 100
"""Characters of an item that an error shows."""
FIX = (
    "Put `curate` before `tune`, which leaves rows with items of this trial out, or ask other items (of a procedural "
    "task by another seed). `contaminated: allow` in the trial file judges it all the same, and every table says so."
)


@dataclass
class ContaminationCheck:
    """Looks for a trial's items in what candidates were trained on.

    Attributes:
        tasks: of the trial.
        allowed: whether a candidate that has seen items may stand trial.
        graded: answers that people have graded, by which judges are examined; having seen them forbids nothing.
    """

    tasks: Sequence[PlannedTask] = ()
    allowed: bool = False
    graded: Sequence[Task] = ()
    _known: dict[tuple[Path, float], tuple[SeenItems, ...] | None] = field(default_factory=dict)
    _known_graded: dict[tuple[Path, float], tuple[SeenItems, ...]] = field(default_factory=dict)

    def check(self, name: str, before: Training, trained_on: Path) -> Training:
        """Return what is known of a candidate's training once it is trained on something more.

        Args:
            name: of the candidate.
            before: what was known.
            trained_on: a training set, an adapter, or a file of rows.

        Raises SpecError if it holds items of the trial, and that is not allowed.
        """
        key = (trained_on, trained_on.stat().st_mtime)
        if key not in self._known:
            grams = find_grams(trained_on)
            self._known[key] = None if grams is None else tuple(self._count(list(self._index.find_seen(grams))))
            self._known_graded[key] = () if grams is None else tuple(self._count_graded(grams))
        seen = self._known[key]
        if seen and not self.allowed:
            raise SpecError(tell_contaminated(name, seen), fix=FIX)
        taint = read_taint(trained_on if trained_on.is_dir() else trained_on.parent)
        gone, denied = (len(taint.documents), len(taint.denied)) if taint else (0, 0)
        return Training(
            _add(before.seen, seen or ()),
            before.unknown or seen is None,
            max(before.withdrawn, gone),
            max(before.denied, denied),
            _add(before.graded, self._known_graded[key]),
        )

    def check_lever(self, name: str, before: Training, applied: AppliedLever, model: ResolvedModel) -> Training:
        """Return what is known of a candidate's training once a lever has been applied to its model.

        Called before it is: what is trained on is refused before hours are spent on it.
        """
        if applied.name != "tune":
            return before
        data = getattr(applied.settings, "data", None)
        place = Path(data) if data else model.training_set
        return self.check(name, before, place) if place and place.exists() else before

    def write_items(self) -> Path:
        """Return a file with all items of all tasks, asked or not, for rows of training data to be checked against."""
        return write_items(self._index.items, cache_folder() / "contamination")

    @cached_property
    def _index(self) -> ItemIndex:
        return ItemIndex([item for task in self.tasks if not task.form for item in list_item_texts(task)])

    def _count_graded(self, grams: Hashes) -> Iterator[SeenItems]:
        """Yield for each file of graded answers which of them were seen."""
        for task in self.graded:
            items = task.items()
            found = list(ItemIndex([_list_graded_text(task.card.name, item) for item in items]).find_seen(grams))
            if found:
                yield _make_seen(task.card.name, found, len(items))

    def _count(self, contacts: Sequence[Contact]) -> Iterator[SeenItems]:
        """Yield for each task which of the items that are asked were seen."""
        names = {task.id: task.name for task in self.tasks}
        for task in self.tasks:
            asked = {item.id for item in task.items}
            found = [
                one for one in contacts if one.item.task == (task.name if not task.form else names.get(task.of, ""))
            ]
            found = [one for one in found if one.item.id in asked]
            if found:
                yield _make_seen(task.name, found, len(task.items))


def _make_seen(name: str, found: Sequence[Contact], of: int) -> SeenItems:
    rules = Counter(one.rule for one in found)
    first = min(found, key=lambda one: list(WORDS).index(one.rule))
    told = {words: rules[rule] for rule, words in WORDS.items() if rule in rules}
    return SeenItems(name, tuple(one.item.id for one in found), of, told, first.words or first.item.question)


def _list_graded_text(name: str, item: Item) -> ItemText:
    """Return a graded answer as a text: a long one by itself, since other answers to its question are others."""
    question, answer = (str(item.data.get(column) or "") for column in ("question", "answer"))
    long = len(answer.split()) > MOST_WORDS
    return ItemText(name, item.id, answer if long else question, (), () if long else (answer,))


def list_item_texts(task: PlannedTask) -> Iterator[ItemText]:
    """Yield all items of a task as texts."""
    generated = not task.plugin and task.plain.card.name in GENERATED
    for number, item in enumerate(task.plain.items(), 1):
        yield ItemText(task.name, item.id, item.question, item.choices, item.gold, generated, bool(item.images), number)


def describe_training(candidates: Sequence[PlannedCandidate]) -> list[dict[str, object]]:
    """Return what is known of what candidates or judges, and those that answer for them, were trained on, as JSON."""
    found = []
    for one in candidates:
        whole = _join_training(one)
        if whole != Training():
            told = {"seen": [asdict(task) for task in whole.seen], "unknown": whole.unknown}
            told |= {"withdrawn": whole.withdrawn} | ({"denied": whole.denied} if whole.denied else {})
            told |= {"graded": [asdict(one) for one in whole.graded]} if whole.graded else {}
            found.append({"candidate": one.name, **told})
    return found


def _join_training(one: PlannedCandidate) -> Training:
    """Return what is known of the training of a candidate and of those that answer for it."""
    whole = Training()
    for part in one.with_parts():
        told = part.training
        whole = Training(
            _add(whole.seen, told.seen),
            whole.unknown or told.unknown,
            max(whole.withdrawn, told.withdrawn),
            max(whole.denied, told.denied),
            _add(whole.graded, told.graded),
        )
    return whole


def tell_training(candidates: Sequence[PlannedCandidate]) -> Iterator[str]:
    """Yield what must be known of what candidates were trained on, as sentences."""
    for one in candidates:
        whole = _join_training(one)
        if whole.seen:
            yield tell_contaminated(one.name, whole.seen)
        if whole.unknown:
            yield f"{one.name}: nothing tells what its adapter was trained on; whether it has seen items is not known."
        yield from tell_changed(one)
        parent = one.model.notes.get("adapter_parent")
        if isinstance(parent, dict):
            yield (
                f"{one.name}: its adapter was trained on {parent['name']} ({parent['sha256'][:12]}), and is laid over "
                f"{one.model.spec}. That is right where one is the other in other types of weights, and else a mistake."
            )


def tell_changed(one: PlannedCandidate) -> Iterator[str]:
    """Yield what became, since, of the documents that a candidate, or one that answers for it, was trained on."""
    whole = _join_training(one)
    if gone := whole.withdrawn:
        many = f"{gone:,} documents that were" if gone > 1 else "a document that was"
        yield f"{one.name} was trained on {many} withdrawn from its archive since."
    if denied := whole.denied:
        many = f"{denied:,} documents" if denied > 1 else "a document"
        yield f"{one.name} was trained on {many} on which nothing may be trained any more: rights have changed."


def tell_graded(judges: Sequence[PlannedCandidate]) -> Iterator[str]:
    """Yield which judges were trained on answers by which they are examined."""
    for judge in judges:
        for seen in _join_training(judge).graded:
            yield (
                f"the judge {judge.name!r} was trained on {len(seen.items):,} of {seen.of:,} graded answers of "
                f"{seen.task}: how far it agrees with people is told without them."
            )


def tell_contaminated(name: str, seen: Sequence[SeenItems]) -> str:
    """Return how many items of which tasks a candidate was trained on, with an example."""
    counts = " and ".join(f"{len(one.items):,} of {one.of:,} items of {one.task}" for one in seen)
    rules: Counter[str] = Counter()
    for one in seen:
        rules.update(one.rules)
    found = ", ".join(f"{count:,} by {rule}" for rule, count in rules.items())
    shown = " ".join(seen[0].example.split())
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    return (
        f"candidate {name!r} was trained on {counts} ({found}), so that its answers to them say nothing of what it can "
        f"do. For example, of {seen[0].task}: {shown!r}."
    )


def _add(before: Sequence[SeenItems], more: Sequence[SeenItems]) -> tuple[SeenItems, ...]:
    """Return both, each task once."""
    found = {one.task: one for one in before}
    for one in more:
        known = found.get(one.task)
        if known is not None:
            items = tuple(dict.fromkeys([*known.items, *one.items]))
            rules = {
                rule: max(known.rules.get(rule, 0), one.rules.get(rule, 0)) for rule in {**known.rules, **one.rules}
            }
            one = replace(one, items=items, rules=rules)
        found[one.task] = one
    return tuple(found.values())
