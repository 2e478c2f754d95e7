"""How engines run, apart from what they are asked.  Nothing here changes an answer beyond the last digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Settings of a machine, not of a candidate.

    Attributes:
        threads: processor threads; None takes as many as there are physical cores to be had.
        batch_tokens: tokens of one pass through the network; None takes what suits the machine.
        flash_attention: None lets the engine choose.
        on_note: called, from any thread, with a line about what takes time; None if nobody wants to know.
    """

    threads: int | None = None
    batch_tokens: int | None = None
    flash_attention: bool | None = None
    on_note: Callable[[str], None] | None = field(default=None, compare=False, repr=False)
