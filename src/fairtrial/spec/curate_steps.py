"""The settings of the steps of curation that judge rows one by one.  Knows what may be written, nothing of rows."""

from __future__ import annotations

from fairtrial.spec.section import Section


class Rights(Section):
    """Who may train on what."""


class Normalise(Section):
    """How texts are written the same."""


class Language(Section):
    """Which languages stay."""


class Quality(Section):
    """Published rules of quality, each of which can be changed or turned off."""


class Toxicity(Section):
    """What is too toxic to be learned."""


class Personal(Section):
    """What happens to personal data."""
