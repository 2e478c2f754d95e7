"""What is made smaller: the loss of a block, and its share of a step's mean.

Supervised tuning (sft) lowers the mean of minus log-probability over all learned tokens of a step, so that every token
counts the same, however rows are put into blocks.  Direct preference optimisation (dpo; Rafailov et al. 2023,
arXiv:2305.18290, equation 7) lowers -log sigmoid(beta * (chosen - rejected)), both as log-ratios to the model as it
was, averaged over the pairs of a step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.levers.tune.libraries import import_torch
from fairtrial.levers.tune.network import LearningNetwork
from fairtrial.levers.tune.packing import RowBlock, TokenRow
from fairtrial.spec.tune import Tune


@dataclass(frozen=True, slots=True)
class BlockLoss:
    """The loss of a block.

    Attributes:
        total: sum over what is averaged, a tensor that gradients flow through.
        right: of dpo, pairs whose chosen answer has gained more than the rejected one; else 0.
    """

    total: Any
    right: int = 0


class Objective(ABC):
    """What is made smaller."""

    group: int
    """Rows that belong together and come in one block."""
    counted: str
    """What the loss is a mean over, in words."""

    @abstractmethod
    def count(self, rows: Sequence[TokenRow], numbers: Sequence[int]) -> int:
        """Return over how many things the loss of these rows is averaged."""

    @abstractmethod
    def compute(self, network: LearningNetwork, block: RowBlock) -> BlockLoss:
        """Return the summed loss of a block."""


class SupervisedObjective(Objective):
    """Learned tokens become likelier."""

    group = 1
    counted = "learned tokens"

    def count(self, rows: Sequence[TokenRow], numbers: Sequence[int]) -> int:
        """Return the learned tokens."""
        return sum(rows[number].targets for number in numbers)

    def compute(self, network: LearningNetwork, block: RowBlock) -> BlockLoss:
        """Return the sum over learned tokens, in nats."""
        return BlockLoss(network.compute_losses(block).sum())


class PreferenceObjective(Objective):
    """Chosen answers become likelier than rejected ones; rows come in pairs, the chosen one first."""

    group = 2
    counted = "pairs"

    def __init__(self, beta: float) -> None:
        self.beta = beta

    def count(self, rows: Sequence[TokenRow], numbers: Sequence[int]) -> int:
        """Return the pairs."""
        return len(numbers) // 2

    def compute(self, network: LearningNetwork, block: RowBlock) -> BlockLoss:
        """Return the sum over pairs."""
        torch = import_torch()
        with torch.no_grad(), network.without_adapter():
            before = self._sum_rows(network, block)
        gained = self._sum_rows(network, block) - before
        # rows of a block are ordered by length; a pair is found by its numbers
        places = {number: place for place, number in enumerate(block.rows)}
        pairs = [(places[number], places[number + 1]) for number in sorted(places) if number % 2 == 0]
        chosen, rejected = (torch.tensor(part, device=gained.device) for part in zip(*pairs, strict=True))
        margin = gained[chosen] - gained[rejected]
        total = -torch.nn.functional.logsigmoid(self.beta * margin).sum()
        return BlockLoss(total, int((margin.detach() > 0).sum()))

    def _sum_rows(self, network: LearningNetwork, block: RowBlock) -> Any:
        """Return (rows,) the log-probability of each row's answer."""
        torch = import_torch()
        losses = network.compute_losses(block)
        where = torch.as_tensor(block.row_of_target, device=losses.device)
        return -torch.zeros(len(block.rows), device=losses.device).index_add(0, where, losses)


def make_objective(settings: Tune) -> Objective:
    """Return what the settings ask for."""
    return PreferenceObjective(settings.beta) if settings.objective == "dpo" else SupervisedObjective()
