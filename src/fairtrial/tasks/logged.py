"""A task as logs have it: items that were asked elsewhere, with grades that were given there.

Nothing of it is asked; `fairtrial.planning.logs` makes it, and what was answered is stored beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from fairtrial.errors import TaskError
from fairtrial.records import Answer, Item, Observation, Request
from fairtrial.tasks.base import TaskCard


class LoggedItems:
    """See `fairtrial.tasks.base.Task`."""

    def __init__(self, card: TaskCard, items: Sequence[Item]) -> None:
        self.card = card
        self._items = tuple(items)

    def items(self) -> Sequence[Item]:
        """Return the items that the logs hold."""
        return self._items

    def requests(self, item: Item) -> Sequence[Request]:
        """Raise TaskError: how an item was asked is in each log, and may differ."""
        raise TaskError("was asked elsewhere, and is not asked again.", where=f"task {self.card.name}")

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return nothing: grades come with the logged answers."""
        return ()
