"""``fairtrial plan``: what a trial will probably take, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial import api
from fairtrial.cli.live import show_progress
from fairtrial.cli.options import (
    AllowCodeOption,
    JsonOption,
    LedgerOption,
    QuietOption,
    TaskPathOption,
    ThreadsOption,
    TrustOption,
)
from fairtrial.cli.output import print_json
from fairtrial.forecast.forecast import Forecast, Total
from fairtrial.forecast.outlooks import Outlook, QuestionForecast
from fairtrial.pages.showing import make_inline
from fairtrial.report.fitting import FittedTable
from fairtrial.report.words import format_difference, format_number
from fairtrial.spec.budget import UNITS
from fairtrial.spec.source import LoadedTrial, load_trial
from fairtrial.studies.device import format_megabytes

TRAINERS = ("tune",)
"""Levers that train for minutes."""
UNKNOWN = {"minutes": "speed not measured", "usd": "no price known", "joules": "energy not measured"}
"""What is said of a quantity of which nothing is known; never 0."""


def plan(
    trial: Annotated[Path, typer.Argument(help="Trial file (YAML).")],
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    pilot: Annotated[
        int | None,
        typer.Option(
            "--pilot",
            min=1,
            help="First ask so many items of each task, in whole chunks of 50, and keep the answers in the ledger.",
        ),
    ] = None,
    task_path: TaskPathOption = None,
    threads: ThreadsOption = None,
    trust_task_code: TrustOption = False,
    allow_code_execution: AllowCodeOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say how many items a trial's questions will probably take, and what that will cost.

    Nothing is asked without --pilot.  What the ledger knows of these candidates is used: how often they differ, how
    far apart they are, how long an item takes; the rest is supposed, and said to be.
    """
    loaded = load_trial(trial)
    conditions = api.Conditions(threads=threads, trust_task_code=trust_task_code, task_paths=tuple(task_path or ()))
    progress = Console(stderr=True)
    if pilot and any(name in TRAINERS for c in (*loaded.trial.candidates, *loaded.trial.judges) for [name] in c.levers):
        _foresee(loaded, ledger, conditions, progress, quiet or as_json)
    with show_progress(progress, conditions, quiet or as_json) as shown:
        found = api.forecast(loaded, ledger, shown, pilot or 0)
    if as_json:
        print_json(found.document())
        return
    _show(found, Console())


def _foresee(loaded: LoadedTrial, ledger: Path, conditions: api.Conditions, progress: Console, quiet: bool) -> None:
    """Say what a trial will take before a pilot trains anything; nothing where all that it needs is trained."""
    with show_progress(progress, conditions, quiet) as shown:
        found = api.forecast(loaded, ledger, shown)
    if found.trainings:
        progress.print(Text("Before anything is trained", style="bold"))
        _show(found, progress)
        progress.print(Text("Now the pilot: it trains first, then asks.", style="bold"))


def _show(found: Forecast, console: Console) -> None:
    """Print a forecast."""
    if found.questions:
        console.print(_make_heading(found))
        console.print(FittedTable(_make_questions_table(found)))
    for line in map(_describe_training, found.trainings):
        console.print(Text(make_inline(line), style="yellow"))
    console.print(Text("What it still costs", style="bold"))
    console.print(FittedTable(_make_costs_table(found)))
    for line in _list_notes(found):
        console.print(Text(make_inline(line), style="dim"))
    if found.fit and any(need["memory"] for need in found.fit["candidates"].values()):
        console.print(Text("What they will need", style="bold").append("  (predicted)", style="not bold dim"))
        console.print(FittedTable(_make_needs_table(found.fit)))


def _describe_training(needed: Mapping[str, Any]) -> str:
    """Return what a candidate's training will take."""
    minutes, memory = needed["seconds"] / 60, needed["memory_bytes"] / 1e9
    names = needed["candidates"]
    are = "is not trained yet: a run trains it" if len(names) == 1 else "are not trained yet: a run trains them"
    return (
        f"{' and '.join(names)} {are} first, about {format_number(minutes, 2)} minutes and {memory:.1f} GB of memory "
        f"({needed['steps']:,} steps). That comes on top of the table below; how long "
        f"{'its' if len(names) == 1 else 'their'} answers take is not known before."
    )


def _make_needs_table(fit: Mapping[str, Any]) -> Table:
    """Return one row a candidate: memory before it is loaded, and whether the trial's device allows it."""
    table = _make_plain_table("candidate", "memory", "full context", "on disk", *(["fits"] if fit["device"] else []))
    if fit["device"]:
        table.columns[-1].justify = "left"
    for name, need in fit["candidates"].items():
        memory, disk = need["memory"], need["disk"]
        cells = ["–", "–"] if memory is None else [format_megabytes(memory["peak"]), format_megabytes(memory["full"])]
        why = "; ".join(fit["excluded"].get(name, [])) or ("may fit" if memory else f"not known: {need['unknown']}")
        verdict = [Text(make_inline(why), justify="left")] if fit["device"] else []
        table.add_row(Text(make_inline(name)), *cells, "–" if disk is None else format_megabytes(disk), *verdict)
    return table


def _make_plain_table(*columns: str) -> Table:
    """Return an empty table; the first column is text, the others numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left", overflow="fold")
    return table


def _make_heading(found: Forecast) -> Text:
    """Return what the table of questions is about."""
    text = Text(f"Items until a verdict against {make_inline(found.questions[0].b)}", style="bold")
    early = "" if found.stop_early else "; with stop_early: true, which this trial does not set"
    return text.append(f"  (for half of such trials, for nine in ten{early})", style="not bold dim")


def _make_questions_table(found: Forecast) -> Table:
    """Return one row a question: what is supposed, and after how many items it is probably settled."""
    gaps = [o for q in found.questions for o in q.outlooks if not o.measured]
    labels = list(dict.fromkeys(_describe_supposition(outlook) for outlook in gaps))
    measured = any(o.measured for q in found.questions for o in q.outlooks)
    pairs = {q.a for q in found.questions}
    heads = [*labels, *(["as so far"] if measured else [])]
    table = _make_plain_table("task", *(["candidate"] if len(pairs) > 1 else []), "items", "differ on", *heads)
    if len(pairs) > 1:
        table.columns[1].justify = "left"
    for q in found.questions:
        differ = f"{100 * q.discordance:.0f}%{'' if q.measured else ' ?'}"
        by_label = {("" if o.measured else _describe_supposition(o)): o for o in q.outlooks}
        cells = [_describe_outlook(by_label.get(label), q) for label in labels]
        if measured:
            cells.append(_describe_outlook(by_label.get(""), q))
        several = len({other.measure for other in found.questions if other.task == q.task}) > 1
        name = Text(make_inline(f"{q.task} · {q.measure}" if several else q.task))
        pair = [Text(make_inline(q.a))] if len(pairs) > 1 else []
        table.add_row(name, *pair, f"{q.items:,}", differ, *cells)
    return table


def _describe_supposition(outlook: Outlook) -> str:
    """Return a supposition as a column's head."""
    return f"if {100 * outlook.gap:g} apart" if outlook.gap else "if equal"


def _describe_outlook(outlook: Outlook | None, q: QuestionForecast) -> str:
    """Return after how many items a question is settled: ``320, 610``; ``no`` if most are not, with the share."""
    if outlook is None:
        return "–" if q.outlooks or q.follows else "all"
    if outlook.median is None:
        text = "no" if outlook.settled is None else f"no ({100 * outlook.settled:.0f}%)"
    else:
        text = f"{outlook.median:,}, {'–' if outlook.ninety is None else f'{outlook.ninety:,}'}"
    return f"{format_difference(outlook.gap, '1')}: {text}" if outlook.measured else text


def _make_costs_table(found: Forecast) -> Table:
    """Return one row a supposition: what the trial still costs, and whether the budget is enough."""
    shown = [
        q for q in ("items", "minutes", "usd", "joules") if q != "joules" or _is_known(q, found) or q in found.budget
    ]
    heads = [UNITS[quantity] for quantity in shown]
    table = _make_plain_table("supposing that", *heads, *(["budget"] if found.budget else []))
    for total in found.totals:
        cells = [_describe_cost(quantity, total) for quantity in shown]
        name = total.supposing if total.supposing == "all items" else f"all pairs are {total.supposing}"
        if found.budget:
            cells.append(_describe_fit(total))
        table.add_row("all items are asked" if total.supposing == "all items" else name, *cells)
    return table


def _is_known(quantity: str, found: Forecast) -> bool:
    """Return whether anything is known of what a quantity costs."""
    return any(quantity in rate.costs for rate in found.rates)


def _describe_money(found: Forecast) -> list[str]:
    """Return what is said of dollars and of tokens that have a price; nothing where no token has one."""
    if not any(rate.most is not None for rate in found.rates) and "usd" not in found.budget:
        return []
    lines = []
    if any(total.most for total in found.totals):
        lines.append(
            "at most: as if every byte of a prompt were a token and every answer as long as it may be; a budget of US "
            "dollars is kept against that."
        )
    if any(total.estimated for total in found.totals):
        lines.append("about: prompts at 4 bytes a token, answers as long as others' to the same task.")
    why = dict.fromkeys((rate.candidate, rate.no_price) for rate in found.rates if rate.no_price)
    return [*lines, *(f"No price known for {name}: {reason}." for name, reason in why)]


def _describe_sets(found: Forecast) -> list[str]:
    """Return which items are asked beside or instead of those that a reader would expect."""
    lines = [
        f"{lesson.cascade} learns its threshold on {lesson.task} from items of its own: {lesson.answers:,} answers of "
        "its models, which are counted."
        for lesson in found.lessons
    ]
    for p in found.pairings:
        told = f"{p['task']}: {p['paired']:,} of {p['items']:,} items have recorded answers of {p['candidate']}"
        lines.append(f"{told}{'' if p['paired'] == p['items'] else '; the others are skipped for all candidates'}.")
    return lines


def _describe_cost(quantity: str, total: Total) -> str:
    """Return an amount; ``at least`` where part of it is not known, and words where nothing is."""
    if quantity == "items":
        return f"{total.costs[quantity]:,.0f}"
    limit = f"at most {format_number(total.most, 2)}" if quantity == "usd" and total.most else ""
    if quantity not in total.costs:
        return limit or (UNKNOWN[quantity] if total.unknown.get(quantity) else "nothing")
    amount = format_number(total.costs[quantity], 2)
    if total.unknown.get(quantity):
        amount = f"at least {amount}"
    elif quantity == "usd" and total.estimated:
        amount = f"about {amount}"
    return ", ".join(filter(None, (amount, limit)))


def _describe_fit(total: Total) -> str:
    """Return whether the budget is enough."""
    if all(total.fits.values()):
        return "enough"
    short = [quantity for quantity, fits in total.fits.items() if fits is False]
    return f"not enough {', '.join(short)}" if short else "not known"


def _list_notes(found: Forecast) -> list[str]:
    """Return what a careful reader should know."""
    lines = []
    supposed_ones = [q for q in found.questions if not q.measured and q.outlooks]
    if supposed_ones:
        share = f"{100 * supposed_ones[0].discordance:.0f}%"
        lines.append(f"? Nothing is known yet of how often these candidates differ; {share} of the items is supposed.")
    if any(outlook.median is None for q in found.questions for outlook in q.outlooks):
        lines.append(
            "no: there are too few items to settle half of such trials (in brackets: the share that they do settle)."
        )
    for note in dict.fromkeys(f"{q.task} · {q.measure}: {q.note}." for q in found.questions if q.note):
        lines.append(note)
    if any("minutes" in total.unknown for total in found.totals):
        lines.append("Speeds come from the ledger; --pilot 50 asks 50 items of each task and keeps the answers.")
    elif any(total.costs.get("minutes") for total in found.totals):
        lines.append("Minutes are those of asking, by measured seconds an item; opening the models comes on top.")
    lines += [*_describe_money(found), *_describe_sets(found)]
    if found.budget:
        lines += [_describe_budget(name, found) for name in found.budget]
    return lines


def _describe_budget(quantity: str, found: Forecast) -> str:
    """Return what a limit allows: what is left of it, and which share of all items that is."""
    limit, spent = found.budget[quantity], found.spent.get(quantity, 0.0)
    everything = found.totals[-1]
    need = everything.costs.get(quantity)
    text = f"Budget: {limit:,.10g} {UNITS[quantity]}"
    if spent:
        text += f", of which {format_number(spent, 2)} are spent"
    if quantity == "usd" and everything.unknown.get("usd") and everything.most is not None:
        unpriced = dict.fromkeys(rate.candidate for rate in found.rates if rate.no_price)
        rest = f", and what {', '.join(unpriced)} will cost is not known" if unpriced else ""
        return f"{text}; tokens of all items need at most {format_number(everything.most, 2)}{rest}."
    if need is None or everything.unknown.get(quantity):
        return f"{text}; {UNKNOWN[quantity]} for {everything.unknown.get(quantity, 0)} of {len(found.rates)} parts."
    if need <= limit - spent:
        return f"{text}; all items need {format_number(need, 2)}."
    share = max(0.0, limit - spent) / need
    return f"{text}; all items need {format_number(need, 2)}, so that about {100 * share:.0f}% of them can be asked."
