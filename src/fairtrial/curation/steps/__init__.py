"""What judges rows, by name.  One file a kind; each step is made from its section of the settings."""

from __future__ import annotations

from fairtrial.curation.base import MakeStep
from fairtrial.plugins import PluginTable

STEPS: PluginTable[MakeStep] = PluginTable(
    "curation step",
    {
        "rights": "fairtrial.curation.steps.rights:RightsStep",
        "normalise": "fairtrial.curation.steps.normalise:NormaliseStep",
        "language": "fairtrial.curation.steps.language:LanguageStep",
        "quality": "fairtrial.curation.steps.quality:QualityStep",
        "toxicity": "fairtrial.curation.steps.toxicity:ToxicityStep",
        "against": "fairtrial.curation.steps.against:AgainstStep",
        "personal": "fairtrial.curation.steps.personal:PersonalStep",
    },
    "called with its settings and a fairtrial.curation.base.StepContext to make a Step",
)
"""Name of a step, which is the name of its settings in `fairtrial.spec.curate.Curate`, to what makes it; in the order
in which they judge."""
