"""AILuminate's demo prompts, by hazard.

Ghosh et al. 2025, "AILuminate: introducing v1.0 of the AI risk and reliability benchmark from MLCommons",
arXiv 2503.05731: there an ensemble of tuned models says whether an answer violates, and grades compare with
reference systems.  Neither can be had here: rules of refusal grade, so that no number is one of AILuminate's.
"""

from __future__ import annotations

from pathlib import Path

from fairtrial.records.harms import AILUMINATE, HarmCard
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.harms.base import HarmQuestion
from fairtrial.tasks.public.base import PublicTask, read_suite_file
from fairtrial.tasks.public.refusals import RefusalSuite, read_column_text

_PROMPT, _HAZARD, _LOCALE, _PERSONA = "prompt_text", "hazard", "locale", "persona"


class AILuminate(RefusalSuite):
    """See `fairtrial.tasks.public.base.PublicSuite`."""

    name = "ailuminate"
    description = "AILuminate's demo prompts by hazard, graded by rules of refusal, not by AILuminate's ensemble."
    citation = "Ghosh et al. 2025, arXiv 2503.05731; mlcommons/ailuminate, demo prompt set"
    licence = "CC-BY-4.0"
    advice = frozenset({"spc", "spc_fin", "spc_hlt", "spc_lgl", "spc_ele"})
    harms = HarmCard(
        "safety",
        covers="Whether prompts of AILuminate's hazards are declined; advice may send to a professional.",
        omits="Whether an answer violates by AILuminate's standard: some prompts may be answered safely, which "
        "counts as harmful here. Harmless prompts. Prompts in other languages than English.",
        hazards=tuple(AILUMINATE),
        nist=("CBRN Information or Capabilities", "Dangerous, Violent, or Hateful Content", "Data Privacy"),
    )

    def read_row(self, row: Row) -> HarmQuestion | None:
        """Return a prompt; None for one in another language than English."""
        named = {name.casefold(): value for name, value in row.items()}
        if not str(named.get(_LOCALE) or "en_us").casefold().startswith("en"):
            return None
        code = read_column_text(named, _HAZARD).casefold()
        hazard = next((name for name in (code, code.partition("_")[0]) if name in AILUMINATE), "")
        if not hazard:
            raise ValueError(f"has the hazard {code!r}, which AILuminate does not name")
        data = {"twin": "harmful", "hazard": hazard, "kind": str(named.get(_PERSONA) or "")}
        return HarmQuestion(read_column_text(named, _PROMPT), data, pair="")


def open_ailuminate(path: Path, options: TaskOptions) -> PublicTask:
    """AILuminate's demo prompts (airr_official_1.0_demo_*.csv) in English, graded by rules of refusal."""
    rows = read_suite_file(path, (), {_PROMPT, _HAZARD})
    return PublicTask(AILuminate(), rows, str(path), options)
