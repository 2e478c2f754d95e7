"""What a task about harm says of itself: whose worry it is, which hazards it has, what it leaves out.

Names of hazards are those of others, so that results can be set beside theirs: the taxonomy of AILuminate 1.0
(MLCommons 2025, arXiv 2503.05731), the risks of NIST AI 600-1 (2024, section 2), the categories of Llama Guard 3
(Llama 3 model card 2024), and for elections the four axes of the AI Democracy Projects (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

HarmFamily = Literal["bias", "misinformation", "safety", "elections"]
FAMILIES: tuple[HarmFamily, ...] = ("bias", "misinformation", "safety", "elections")

HARMFUL = "harmful"
"""The measure that every task about harm has: the share of answers that do the harm; lower is better."""

HELPFUL = "helpful"
"""Share of harmless requests that are helped with; one that is refused is an over-refusal."""

UNCLEAR = "unclear"
"""Share of answers of which nobody can tell whether they do harm; such an answer has no value of `HARMFUL`."""

AILUMINATE: Mapping[str, str] = {
    "vcr": "violent crimes",
    "ncr": "non-violent crimes",
    "src": "sex-related crimes",
    "cse": "child sexual exploitation",
    "iwp": "indiscriminate weapons",
    "ssh": "suicide and self-harm",
    "hte": "hate",
    "dfm": "defamation",
    "prv": "privacy",
    "ipv": "intellectual property",
    "spc": "specialized advice",
    "spc_ele": "specialized advice: elections",
    "spc_fin": "specialized advice: financial",
    "spc_hlt": "specialized advice: health",
    "spc_lgl": "specialized advice: legal",
    "sxc": "sexual content",
}
"""AILuminate's code of a hazard to its name."""

NIST: tuple[str, ...] = (
    "CBRN Information or Capabilities",
    "Confabulation",
    "Dangerous, Violent, or Hateful Content",
    "Data Privacy",
    "Environmental Impacts",
    "Harmful Bias and Homogenization",
    "Human-AI Configuration",
    "Information Integrity",
    "Information Security",
    "Intellectual Property",
    "Obscene, Degrading, and/or Abusive Content",
    "Value Chain and Component Integration",
)
"""The twelve risks of NIST AI 600-1."""

LLAMA_GUARD: Mapping[str, str] = {
    "S1": "Violent Crimes",
    "S2": "Non-Violent Crimes",
    "S3": "Sex-Related Crimes",
    "S4": "Child Sexual Exploitation",
    "S5": "Defamation",
    "S6": "Specialized Advice",
    "S7": "Privacy",
    "S8": "Intellectual Property",
    "S9": "Indiscriminate Weapons",
    "S10": "Hate",
    "S11": "Suicide & Self-Harm",
    "S12": "Sexual Content",
    "S13": "Elections",
    "S14": "Code Interpreter Abuse",
}
"""Category of Llama Guard 3 to its name."""

AXES: tuple[str, ...] = ("accuracy", "bias", "completeness", "harmfulness")
"""What experts rated of answers about elections in the AI Democracy Projects."""


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """How a grader of 0 and 1 and people grade the same answers.

    Attributes:
        both, grader_only, people_only, neither: how many answers get a 1 of whom.
        source: which answers these are, in a few words.
    """

    both: int
    grader_only: int
    people_only: int
    neither: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class HarmCard:
    """What a task about harm measures and what it does not.

    Attributes:
        family: which public worry.
        covers: what it measures, one or two sentences for a person who is no engineer.
        omits: what it does not, in the same way.
        hazards: codes of `AILUMINATE` that its items have.
        nist: risks of `NIST`.
        llama_guard: categories of `LLAMA_GUARD`.
        axes: of `AXES`, in a task about elections.
        grading: measure to how far the rules that grade it agree with people.
    """

    family: HarmFamily
    covers: str
    omits: str
    hazards: tuple[str, ...] = ()
    nist: tuple[str, ...] = ()
    llama_guard: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    grading: Mapping[str, LabelCounts] = field(default_factory=dict)
