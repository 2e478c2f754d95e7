"""What answers say of themselves beside their text: bytes that left the machine, tokens spent on reasoning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairtrial.records import Answer, GenerateAnswer, Measure, Observation

BYTES_SENT = Measure("bytes_sent", unit="B", higher_is_better=False, bounds=None)
REASONING = Measure("tokens_reasoning", unit="token", higher_is_better=False, bounds=None)


class SentProbe:
    """Bytes sent to other machines, for engines that tell, and tokens of reasoning before written answers, per item."""

    measures: tuple[Measure, ...] = (BYTES_SENT, REASONING)

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return the counts per item with new answers."""
        return [_observe_item(group) for group in answers]

    def absences(self) -> Mapping[str, str]:
        """Return nothing: what runs here sends nothing, and choices are scored without reasoning."""
        return {}


def _observe_item(group: Sequence[Answer]) -> list[Observation]:
    """Return what the answers to one item say."""
    told = [answer.sent_bytes for answer in group if answer.sent_bytes is not None]
    hidden = [answer.reasoning_tokens for answer in group if isinstance(answer, GenerateAnswer)]
    found = [Observation("bytes_sent", float(sum(told)), unit="B")] if told else []
    if hidden:
        found.append(Observation("tokens_reasoning", float(sum(hidden)), unit="token"))
    return found
