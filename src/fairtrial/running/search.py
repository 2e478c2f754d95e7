"""The search for the best candidate that fits a device: who stands trial, and who has won.

A search is a trial like any other: the candidates are written out, those that cannot fit are left out, the rest is
asked until verdicts are certain.  Knows nothing of engines; conducts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fairtrial.analysis.verdicts import Verdict, find_verdicts
from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import TrialRecord
from fairtrial.levers import is_wrapping
from fairtrial.spec.candidate import Candidate, find_references
from fairtrial.spec.schemes import scheme_of
from fairtrial.spec.trial import Trial
from fairtrial.studies.device import DeviceNeed, read_needs


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found.

    Attributes:
        trial_id: of the last trial.
        best: name of the best candidate that fits; None if none does.
        smallest: of those that are certainly not behind it by more than the margin, itself included, the one that takes
            least memory.
        needs: what each candidate that was asked needs, those that fit first, the best first of all.
        broken: candidate to the limits that it breaks, as measured.
        open: candidate to what is limited and not known of it.
        left_out: candidate to the reasons why it was never asked.
        means: candidate to its mean of each task's main measure, by task.
        verdicts: of the others that fit, against the best.
        asked: item answers of the trial.
        everything: item answers if everybody had been asked everything, those left out included.
    """

    trial_id: str
    best: str | None
    smallest: str | None
    needs: tuple[DeviceNeed, ...]
    broken: Mapping[str, Sequence[str]]
    open: Mapping[str, Sequence[str]]
    left_out: Mapping[str, Sequence[str]]
    means: Mapping[str, Mapping[str, float]]
    verdicts: tuple[Verdict, ...] = field(default=())
    asked: int = 0
    everything: int = 0

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "verdicts": [verdict.document() for verdict in self.verdicts]}


def expand_trial(trial: Trial, types: Sequence[str], contexts: Sequence[int]) -> Trial:
    """Return a trial with every candidate as it is and in every type, each in every context.

    Cascades, and candidates without weights here, stay as they are.  Raises SpecError where names would not do.
    """
    made: list[Candidate] = []
    for candidate in trial.candidates:
        references = list(find_references(candidate))
        scheme = scheme_of(candidate.model)
        if references or scheme is None or scheme.answers != "here":
            named = next((one for one in references if isinstance(one.candidate, str)), None)
            if named and len(contexts) > 1:
                raise SpecError(
                    f"the {named.name} of {candidate.id!r} refers to {named.candidate!r}, of which there would be "
                    "several.",
                    fix=f"Give one context only, or write that candidate out in the {named.name}.",
                )
            made.append(candidate)
            continue
        kinds = [candidate, *(add_quantize(candidate, kind) for kind in types)]
        for one in kinds:
            made += [in_context(one, context, len(contexts) > 1) for context in contexts] or [one]
    names = [one.id for one in made]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"two candidates of the search would be called {name!r}.", fix="Give shorter ids.")
    return trial.model_copy(update={"candidates": tuple(made), "baseline": "", "study": None})


def add_quantize(candidate: Candidate, kind: str) -> Candidate:
    """Return a candidate with one more lever, behind all others that make files."""
    name = f"{candidate.id[: 63 - len(kind)]}-{kind}"
    built = next((i for i, lever in enumerate(candidate.levers) if is_wrapping(lever)), len(candidate.levers))
    levers = (*candidate.levers[:built], {"quantize": kind}, *candidate.levers[built:])
    changed = {"id": name, "levers": levers}
    return Candidate.model_validate({**candidate.model_dump(mode="json"), **changed})


def in_context(candidate: Candidate, context: int, named: bool) -> Candidate:
    """Return a candidate in another context; its name tells it if there are several."""
    told = f"-c{context}"
    name = f"{candidate.id[: 64 - len(told)]}{told}" if named else candidate.id
    return Candidate.model_validate({**candidate.model_dump(mode="json"), "id": name, "context": context})


def keep_roomiest(candidates: Sequence[Candidate], impossible: Mapping[str, Sequence[str]]) -> tuple[Candidate, ...]:
    """Return candidates without those that differ from another one, which fits, by a smaller context only.

    Of those of which no context fits, the smallest stays, to say why.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        same = candidate.model_dump_json(exclude={"id", "context"})
        groups.setdefault(same, []).append(candidate)
    kept = []
    for group in groups.values():
        ordered = sorted(group, key=lambda c: c.context or 0, reverse=True)
        kept.append(next((c for c in ordered if c.id not in impossible), ordered[-1]))
    return tuple(kept)


def find_winner(ledger: Ledger, trial_id: str, left_out: Mapping[str, Sequence[str]]) -> Search:
    """Return who has won a trial with a device; ``left_out`` are candidates that never came into it, with reasons."""
    found = read_needs(ledger, trial_id)
    assert found is not None, "a search has a device"
    fit, needs = found
    plan = query.find_trial(ledger, trial_id).plan
    limits = fit["device"]
    broken = {one.name: why for one in needs if (why := one.reasons(limits))}
    unknown = {one.name: what for one in needs if (what := one.unknown(limits))}
    able = [one.name for one in needs if one.name not in broken]
    means, asked = average_reached(ledger, trial_id, plan)
    signs = {task.name: -1.0 if task.main_measure.higher_is_better is False else 1.0 for task in plan.tasks}
    merit = {name: average_means([signs[task] * mean for task, mean in of.items()]) for name, of in means.items()}
    best = find_leader(ledger, trial_id, able, plan.baseline, merit)
    against = [v for v in find_verdicts(ledger, trial_id, best) if v.a in able and v.a != best] if best else []
    out = {**left_out, **fit["excluded"]}
    items = sum(query.count_trial_items(ledger, trial_id, task.id) for task in plan.tasks)
    memory = {one.name: one.full or one.predicted or float("inf") for one in needs}
    equal = [name for name in able if name == best or as_good(name, against)]
    return Search(
        trial_id=trial_id,
        best=best,
        smallest=min(equal, key=lambda name: memory[name], default=None),
        needs=tuple(sorted(needs, key=lambda n: (n.name in broken, n.name != best, -merit[n.name]))),
        broken=broken,
        open=unknown,
        left_out=out,
        means=means,
        verdicts=tuple(against),
        asked=asked,
        everything=items * (len(needs) + len(out)),
    )


def average_reached(ledger: Ledger, trial_id: str, plan: TrialRecord) -> tuple[dict[str, dict[str, float]], int]:
    """Return each candidate's mean of each task's main measure, and how many item answers there are."""
    means: dict[str, dict[str, float]] = {}
    asked = 0
    for candidate in plan.candidates:
        of = means.setdefault(candidate.name, {})
        for task in plan.tasks:
            seen = query.read_values(ledger, trial_id, candidate.id, task.id, task.main_measure.name)
            asked += len(seen.values)
            if seen.weights.sum() > 0:
                of[task.name] = float((seen.values * seen.weights).sum() / seen.weights.sum())
    return means, asked


def find_leader(
    ledger: Ledger, trial_id: str, able: Sequence[str], baseline: str, merit: Mapping[str, float]
) -> str | None:
    """Return the best of those that fit: the baseline, if it does, unless another one is certainly better than it.

    Certainly better is better on one task at least and worse on none.  Of several, and where the baseline does not
    fit, the one with the best average over the tasks.
    """
    if not able:
        return None
    if baseline in able:
        said: dict[str, list[str]] = {}
        for verdict in find_verdicts(ledger, trial_id):
            said.setdefault(verdict.a, []).append(verdict.verdict)
        ahead = [a for a, words in said.items() if a in able and "better" in words and "worse" not in words]
        if not ahead:
            return baseline
        able = ahead
    return max(able, key=lambda name: merit[name])


def average_means(means: Sequence[float]) -> float:
    """Return the mean of a candidate's means; nothing asked counts as the least."""
    return sum(means) / len(means) if means else float("-inf")


def as_good(name: str, against: Sequence[Verdict]) -> bool:
    """Whether a candidate is tied with the best, or better, in every verdict."""
    own = [v for v in against if v.a == name]
    return bool(own) and all(v.verdict in ("tied", "better") or v.not_inferior is True for v in own)
