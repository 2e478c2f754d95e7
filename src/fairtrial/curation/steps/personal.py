"""The step ``personal``: personal data that can be told by its form is masked, as `fairtrial.conduct` finds it.

Names stay: in journalism they are what is told.  Addresses of machines count only where they are public.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from fairtrial.conduct import METHOD, PersonalData, find_personal_data
from fairtrial.curation.base import Drop, StepContext, TrainingRow
from fairtrial.spec.curate_steps import Personal

MASKS: Mapping[str, str] = {
    "email": "[EMAIL]",
    "iban": "[IBAN]",
    "identity": "[IDENTITY NUMBER]",
    "card": "[CARD NUMBER]",
    "ipv4": "[IP ADDRESS]",
    "phone": "[PHONE NUMBER]",
}


class PersonalStep:
    """See `fairtrial.curation.base.Step`."""

    def __init__(self, settings: Personal, context: StepContext) -> None:
        self.settings = settings
        self.kinds = frozenset(settings.kinds)

    def apply(self, row: TrainingRow) -> TrainingRow | Drop:
        """Mask what is found in all texts of a row, or drop it."""
        counts: Counter[str] = Counter()
        made = row.with_texts(lambda text: mask(text, self.kinds, counts))
        if not counts:
            return row
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        if self.settings.action == "drop":
            return Drop("personal data", told)
        if self.settings.most is not None and counts.total() > self.settings.most:
            return Drop("too much personal data", f"{told}; at most {self.settings.most} are masked")
        return made.changed("personal", f"masked {told}")

    def describe(self) -> Mapping[str, Any]:
        """Return the method."""
        return {
            "method": METHOD,
            "finds": "by form and check digits, without a model; names, postal addresses and numbers without check "
            "digits are not looked for",
            "masks": {kind: MASKS[kind] for kind in sorted(self.kinds)},
        }


def mask(text: str, kinds: Collection[str], counts: Counter[str]) -> str:
    """Return a text with e.g. ``[EMAIL]`` in the place of personal data; adds what was found to ``counts``."""
    if not any(one in text for one in "@0123456789"):
        return text
    pieces: list[str] = []
    end = 0
    for found in find_personal_data(text):
        if found.kind not in kinds or not _is_of_somebody(text, found):
            continue
        pieces += [text[end : found.start], MASKS[found.kind]]
        end = found.end
        counts[found.kind] += 1
    return "".join([*pieces, text[end:]]) if pieces else text


def _is_of_somebody(text: str, found: PersonalData) -> bool:
    """Whether it may lead to a person: a private or reserved address of a machine (RFC 1918, 5737) does not."""
    if found.kind != "ipv4":
        return True
    try:
        return ipaddress.IPv4Address(text[found.start : found.end]).is_global
    except ValueError:  # leading zeros
        return False
