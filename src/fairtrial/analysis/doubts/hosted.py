"""Doubts about answers from servers: settings they refused, tokens they did not count, keys they repeated.

A setting without which the answers mean something else is said in the headline.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, get_names_by_id, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.signs import SignCount, count_signs, read_changed_settings

COUNTED = (
    "The server of {candidate} did not say how many tokens {count} of {of} answers on {task} took. They were counted "
    "here, as far as it told single tokens, else as one for four bytes; what they cost is an estimate."
)
MASKED = "{count} of {of} answers of {candidate} on {task} repeated the key; it was masked in them (***)."

WITHOUT = {
    "temperature": "at the temperature that the server chooses, so that they may differ from one time to the next",
    "top_p": "from all tokens that the server allows",
    "top_k": "from all tokens that the server allows",
    "seed": "without a seed, so that nobody can repeat them",
    "stop": "without stop strings; they were cut here, and the tokens behind are paid for",
    "system": "with the system message at the beginning of the user's",
}
"""How answers were written where a server refused a setting."""

GRAVE = ("temperature", "top_p", "top_k")
"""Settings without which the answers are other ones than the trial asked for."""


def find_hosted_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield what servers did not do as they were asked."""
    candidates, tasks = get_names_by_id(trial)
    functions = {c.id for c in trial.plan.candidates if c.record.engine == "function"}  # see `functions`
    for found in count_signs(ledger, trial.id):
        if found.candidate_id in candidates and found.candidate_id not in functions and found.task_id in tasks:
            candidate, task = candidates[found.candidate_id], tasks[found.task_id]
            names = {"candidate": candidate, "task": task, "count": f"{found.count:,}", "of": f"{found.of:,}"}
            if found.sign in ("counted", "masked"):
                text = (COUNTED if found.sign == "counted" else MASKED).format(**names)
                severe = found.sign == "masked" and is_grave(found.count, found.of)
                yield Doubt(found.sign, text, task, candidate, found.count, found.of, severe)
            if found.sign == "changed":
                settings = read_changed_settings(ledger, trial.id, found.candidate_id, found.task_id)
                yield from _find_changed(settings, candidate, task, found)


def _find_changed(settings: dict[str, str], candidate: str, task: str, found: SignCount) -> Iterator[Doubt]:
    for name, words in sorted(settings.items()):
        text = (
            f"The server of {candidate} refuses {name!r} ({words.rstrip('.')}). Its answers on {task} were written "
            f"{WITHOUT.get(name, 'without it')}."
        )
        yield Doubt("changed", text, task, candidate, found.count, found.of, headline=name in GRAVE)
