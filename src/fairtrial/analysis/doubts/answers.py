"""Doubts about how answers were given: unread, refused, unfinished, empty, near misses, one letter for all."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, get_names_by_id, is_grave
from fairtrial.analysis.doubts.quoting import quote_text
from fairtrial.analysis.verdicts import Verdict, find_verdicts
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import CardRecord
from fairtrial.ledger.signs import SignCount, count_answered, count_answers_with, count_signs, find_signed_example

CUT_SHARE = 0.5
"""Share of wrong answers that were cut off from which the headline says so: models that do not know when to stop are
often wrong and cut off, without the one being the reason of the other."""

SAME_LETTER = 0.95
"""Share of letters that are one and the same from which a candidate is not said to have answered the questions."""

FEWEST = 20
"""Letters below which that is not told: few answers may well be the same."""

OFTEN_RIGHT = 0.9
"""Accuracy from which the one letter is right so often that the items, not the candidate, are at fault."""

DOUBTFUL = "doubtful_verdict"
"""Kind of the doubt about a verdict; its candidate is the one that is compared with the baseline."""

SENTENCES = {
    "empty": "{count} of {of} answers of {candidate} on {task} have no text; they count as wrong.",
    "refused": "{count} of {of} answers of {candidate} on {task} were refused by its server; they count as wrong.",
    "unfinished": "{count} of {of} answers of {candidate} on {task} were cut off while it was still reasoning; "
    "they count as wrong.",
    "unread": "No answer could be read from {count} of {of} texts of {candidate} on {task}; they count as wrong.",
    "cut": "{count} of {of} answers of {candidate} on {task} count as wrong and were cut off at the limit of tokens.",
    "unreachable": "{count} of {of} items of {task} have right answers that contain a stop string, so that nobody, "
    "{candidate} included, can write them.",
    "near_miss": "{count} of {of} answers of {candidate} on {task} count as wrong though they differ from a right "
    "answer only in white space, case, final punctuation or how a number is written.",
    "unjudged": "{count} of {of} answers of {candidate} on {task} have no grade, for none could be had of the judge; "
    "they do not count.",
    "spoke_to_judge": "{count} of {of} answers of {candidate} on {task} speak to whoever grades them; a judge may have "
    "followed.",
    "outside": "{count} of {of} answers of {candidate} on {task} name a place outside the image; it may count in other "
    "units than `coordinates` says. They count as wrong.",
    "ends_right": "{count} of {of} answers of {candidate} on {task} count as wrong and end with a right answer.",
}

HARM_SENTENCES = {
    "empty": "{count} of {of} answers of {candidate} on {task} have no text: whether they do harm cannot be told, and "
    "they do not count.",
    "refused": "{count} of {of} answers of {candidate} on {task} were refused by its server; they count as refusals.",
    "unfinished": "{count} of {of} answers of {candidate} on {task} were cut off while it was still reasoning: whether "
    "they do harm cannot be told, and they do not count.",
    "unread": "Of {count} of {of} answers of {candidate} on {task} it cannot be told whether they do harm; they do not "
    "count.",
    "unjudged": SENTENCES["unjudged"],
    "spoke_to_judge": SENTENCES["spoke_to_judge"],
}
"""The same on tasks about harm, where nothing counts as wrong for its form."""

EMPTY_HINT = (
    " An answer that begins with a line end may meet the task's stop string at once: try `chat: model`, or a `prompt:` "
    "of its own."
)
"""What to do where many answers have no text."""

UNCOUNTED = tuple(sign for sign in SENTENCES if sign not in ("cut", "unreachable", "unjudged", "spoke_to_judge"))
"""Signs of answers that count as wrong whatever the candidate knows."""


def find_answer_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each sign, candidate and task of a trial."""
    candidates, tasks = get_names_by_id(trial)
    harms = {task.id for task in trial.plan.tasks if task.card.harms is not None}
    for found in count_signs(ledger, trial.id):
        sentences = HARM_SENTENCES if found.task_id in harms else SENTENCES
        if found.sign in sentences:
            candidate, task = candidates[found.candidate_id], tasks[found.task_id]
            counts = {"count": f"{found.count:,}", "of": f"{found.of:,}"}
            text = sentences[found.sign].format(candidate=candidate, task=task, **counts)
            text += _quote_example(ledger, trial, found)
            grave = is_grave(found.count, found.of)
            text += EMPTY_HINT if found.sign == "empty" and grave else ""
            severe = found.count >= CUT_SHARE * found.of if found.sign == "cut" else grave
            severe |= found.sign in ("unjudged", "spoke_to_judge")
            yield Doubt(found.sign, text, task, candidate, found.count, found.of, severe)


def _quote_example(ledger: Ledger, trial: query.TrialRow, found: SignCount) -> str:
    """Return one such answer in words, where there is something to be seen; else nothing."""
    if found.sign not in {"unread", "near_miss", "outside", "ends_right", "spoke_to_judge"}:
        return ""
    example = find_signed_example(ledger, trial.id, found)
    if example is None or not example.text.strip():
        return ""
    right = (
        f" (right: {quote_text(example.gold[0])})" if found.sign in {"near_miss", "ends_right"} and example.gold else ""
    )
    return f" For example {quote_text(example.text)}{right}."


def find_letter_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate that gives one letter to (nearly) all items of a task and is often wrong."""
    candidates, tasks = get_names_by_id(trial)
    main = {t.id: t.card.main_measure for t in trial.plan.tasks}
    letters: dict[tuple[str, str], list[SignCount]] = {}
    for found in count_signs(ledger, trial.id):
        if found.sign.startswith("chose:"):
            letters.setdefault((found.candidate_id, found.task_id), []).append(found)
    for (candidate, task), counts in letters.items():
        read, most = sum(found.count for found in counts), max(counts, key=lambda found: found.count)
        if read < FEWEST or most.count < SAME_LETTER * read:
            continue
        rows = query.read_values(ledger, trial.id, candidate, task, main[task])
        right = float((rows.values * rows.weights).sum() / rows.weights.sum()) if rows.weights.sum() > 0 else 0.0
        if right < OFTEN_RIGHT:
            letter, said = most.sign.partition(":")[2], f"{most.count:,} of {most.of:,}"
            text = (
                f"{said} answers of {candidates[candidate]} on {tasks[task]} are {letter}, whatever is asked; "
                f"{100 * right:.0f}% are right."
            )
            yield Doubt("one_letter", text, tasks[task], candidates[candidate], most.count, most.of, True)


def find_verdict_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each verdict that would not stand if the losing side's uncounted answers were right.

    Only about main measures that are shares, of which more is better: the others do not count such answers as wrong.
    """
    tasks = {t.name: t for t in trial.plan.tasks}
    lost = count_uncounted(ledger, trial)
    if not lost:
        return
    for verdict in find_verdicts(ledger, trial.id):
        if not counts_wrong(tasks[verdict.task].card, verdict.measure):
            continue
        for side in _list_losing_sides(verdict):
            count, of = lost.get((side, verdict.task), (0, 1))
            if count and not would_stand(verdict, count / of):
                yield _make_verdict_doubt(verdict, side, count, of)
                break


def count_uncounted(ledger: Ledger, trial: query.TrialRow) -> dict[tuple[str, str], tuple[int, int]]:
    """Return how many answers count as wrong whatever the candidate knows, and of how many, by candidate and task.

    Those that have none are left out.
    """
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for task in (task for task in trial.plan.tasks if task.card.harms is None):
        for one in trial.plan.candidates:
            if count := count_answers_with(ledger, trial.id, one.id, task.id, UNCOUNTED):
                of = count_answered(ledger, trial.id, one.id, task.id)
                found[one.name, task.name] = count, max(of, count)
    return found


def counts_wrong(card: CardRecord, measure: str) -> bool:
    """Whether a measure is the task's main one, and a share of which more is better."""
    found = next(m for m in card.measures if m.name == measure)
    return measure == card.main_measure and found.unit == "1" and found.higher_is_better is True


def _list_losing_sides(verdict: Verdict) -> tuple[str, ...]:
    """Return the sides that a verdict would change for if they did better; none where it claims nothing."""
    sides = {"better": (verdict.b,), "worse": (verdict.a,), "tied": (verdict.a, verdict.b)}
    return sides.get(verdict.verdict, ())


def would_stand(verdict: Verdict, share: float) -> bool:
    """Return whether a verdict would stand if the losing side, or either of two that are tied, gained a share."""
    if verdict.verdict == "better":
        return verdict.low - share > 0
    if verdict.verdict == "worse":
        return verdict.high + share < 0
    return abs(verdict.difference) + share <= verdict.margin


def _make_verdict_doubt(verdict: Verdict, side: str, count: int, of: int) -> Doubt:
    what = {
        "better": f"{verdict.a} is better than {verdict.b}",
        "worse": f"{verdict.a} is worse than {verdict.b}",
        "tied": f"{verdict.a} and {verdict.b} are tied",
    }[verdict.verdict]
    text = (
        f"That {what} on {verdict.task} is doubtful: {count:,} of {of:,} answers of {side} count as wrong without "
        "having been read as an answer, or miss by their form only; were they right, the verdict would not stand."
    )
    return Doubt(DOUBTFUL, text, verdict.task, verdict.a, count, of, True)
