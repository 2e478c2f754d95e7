"""``fairtrial curate``: a training set out of files and archives, with its card."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from fairtrial.cli.options import HandsOption, JsonOption, QuietOption
from fairtrial.cli.output import print_json
from fairtrial.curation.base import CardFacts
from fairtrial.curation.card.doubts import list_doubts
from fairtrial.curation.cluster import DatatroveExecutor
from fairtrial.curation.jobs import Executor, LocalExecutor
from fairtrial.curation.pipeline import Curated, OnStage, curate
from fairtrial.errors import SpecError
from fairtrial.machine import count_cores
from fairtrial.pages.showing import make_inline
from fairtrial.planning.contamination import ContaminationCheck
from fairtrial.planning.plan import plan_tasks
from fairtrial.running.runners.places import RunnerPlace, read_place
from fairtrial.spec.against import place_against
from fairtrial.spec.curate import Curate
from fairtrial.spec.problems import validate_section
from fairtrial.spec.source import load_trial
from fairtrial.spec.wording import describe_error
from fairtrial.spec.yamlfile import read_yaml
from fairtrial.workers.joining import join_ray

EMPTY = "It says what is curated, e.g. `sources: [{file: chats.jsonl, licence: CC-BY-4.0}]`; docs/curate.md."
MOST_REASONS = 12
"""Of the table; all are on the card."""


def make_set(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="A YAML file with the settings; or files of rows and archives (.db), which are curated as usual."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the training set; it must not exist yet.")],
    licence: Annotated[
        str | None, typer.Option(help="Licence of all rows that name none: an SPDX id or the address of terms.")
    ] = None,
    attribution: Annotated[str | None, typer.Option(help="Whom to name for all rows that name nobody.")] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            help="Items that no row may hold: a trial file, for those of its tasks, or JSON Lines; may be repeated.",
        ),
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            "--on", help="Where it is done: local, processes (several side by side), ray or ray:ADDRESS (by datatrove)."
        ),
    ] = "processes",
    workers: HandsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a training set: rights, languages, quality, personal data, duplicates, benchmarks, split, and its card."""
    stated = {"licence": licence, "attribution": attribution}
    settings = _read_settings(sources, {key: value for key, value in stated.items() if value}, against or [])
    console = Console(stderr=True)

    def tell(line: str) -> None:
        if not (quiet or as_json):
            console.print(Text(make_inline(f"{line[:1].upper()}{line[1:]}.")), soft_wrap=True)

    place = read_place(on, workers, "a training set cannot be made")
    with _show_progress(quiet or as_json) as on_stage, _open_executor(place, out) as executor:
        made = curate(settings, out, executor, on_stage, tell)
    if as_json:
        print_json(_make_document(made))
        return
    _show(made, out)
    if not made.facts.train:
        raise typer.Exit(1)


@contextmanager
def _open_executor(place: RunnerPlace, out: Path) -> Iterator[Executor]:
    """Yield what runs the jobs.  Raises MissingExtraError for what is not installed, EngineError where no Ray is."""
    workers = place.workers or count_cores()
    if place.kind != "ray":
        with LocalExecutor(1 if place.kind == "local" else workers) as local:
            yield local
        return
    executor = DatatroveExecutor("ray", workers, out.absolute().with_name(f"{out.name}.part") / "logs")
    ray, is_ours = join_ray(place.address)
    try:
        yield executor
    finally:
        if is_ours:
            ray.shutdown()


def _read_settings(sources: list[str], stated: dict[str, str], against: list[Path]) -> Curate:
    """Return the settings of a file, or the usual ones for sources.  Raises SpecError for what is wrong."""
    files = [one for one in sources if one.endswith((".yaml", ".yml"))]
    if files and len(sources) > 1:
        raise SpecError(
            f"{files[0]!r} has settings, and its sources are named there: it stands alone.",
            fix="Name the other sources in the file, under sources:.",
        )
    if files:
        if stated:
            raise SpecError(
                f"--{next(iter(stated))} is for sources that are named on the command line.",
                fix="Write it to the source in the file.",
            )
        path = Path(files[0])
        _, written, places = read_yaml(path, EMPTY)
        settings, folder = validate_section(Curate, written, places), path.parent
        given: dict[str, Any] = settings.model_dump(exclude_unset=True)
    else:
        given, folder = {"sources": [{_name_kind(one): one, **stated} for one in sources]}, Path()
    placed = Curate.place_files(given, lambda name: str(folder.resolve() / Path(name).expanduser()))
    if against:
        placed["against"] = {"items": [str(path.absolute()) for path in against]}
    if "against" in placed:
        placed["against"] = place_against(placed["against"], _find_items)
    try:
        return Curate.model_validate(placed)
    except ValidationError as error:
        raise SpecError(describe_error(error, sorted(Curate.model_fields))) from error


def _find_items(name: str) -> str:
    """Return a file of items: the one that is named, or one with all items of the tasks of a trial file."""
    if not name.endswith((".yaml", ".yml")):
        return name
    loaded = load_trial(Path(name))
    tasks = plan_tasks(loaded.trial, Path(name).parent, where=loaded.where)
    return str(ContaminationCheck(tasks).write_items().absolute())


def _name_kind(source: str) -> Literal["file", "archive"]:
    return "archive" if "://" in source or source.endswith((".db", ".sqlite")) else "file"


@contextmanager
def _show_progress(quiet: bool) -> Iterator[OnStage]:
    """Show how far it has come: as a bar in a terminal, else as a line every ten seconds."""
    if quiet:
        yield lambda *_: None
        return
    if not sys.stderr.isatty():
        last = time.monotonic()

        def tell_line(stage: str, done: int, of: int) -> None:
            nonlocal last
            if time.monotonic() - last >= 10:
                last = time.monotonic()
                typer.echo(f"{stage}: {done:,} of {of:,} parts", err=True)

        yield tell_line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=None)
        yield lambda stage, done, of: progress.update(task, description=stage, completed=done, total=of)


def _show(made: Curated, out: Path) -> None:
    """Print what was read, dropped and kept; the last line has the counts."""
    facts, console = made.facts, Console()
    table = Table("step", "dropped", "changed", box=None, header_style="bold")
    for name in dict.fromkeys([*facts.by_step, *facts.changed]):
        dropped, changed = facts.by_step.get(name, 0), facts.changed.get(name, 0)
        table.add_row(Text(make_inline(name)), *(f"{count:,}" if count else "" for count in (dropped, changed)))
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)
    reasons = sorted(facts.dropped.items(), key=lambda one: (-one[1], one[0]))
    if reasons:
        console.print(Text("\nWhy rows were dropped", style="bold"))
    for reason, count in reasons[:MOST_REASONS]:
        console.print(Text(make_inline(f"{count:>9,}  {reason}")))
    if len(reasons) > MOST_REASONS:
        left = len(reasons) - MOST_REASONS
        console.print(Text(f"           {left:,} more reasons are on the card"))
    told = [*_advise(facts), *list_doubts(facts)]
    if told:
        console.print(Text("\nWhat to know before training", style="bold"))
    for line in told:
        console.print(Text(make_inline(f"* {line}"), style="yellow"))
    console.print()
    console.print(Text(make_inline(_summarise(facts))), soft_wrap=True)
    console.print(Text(make_inline(f"Made: {out}")), soft_wrap=True)


def _advise(facts: CardFacts) -> list[str]:
    """Return what would help where rows are dropped for want of a licence."""
    unstated = [one["name"] for one in facts.sources if one["form"] != "archive" and not _states_licence(one)]
    if not (unstated and facts.by_step.get("rights")):
        return []
    return [
        f"No licence is stated for {', '.join(map(repr, unstated))}. If you know it, state it: --licence CC-BY-4.0, or "
        "licence: or licence_column: of the source. If the rows are your own, say so in a file of settings: rights: "
        "{profile: own-archive}."
    ]


def _states_licence(source: Mapping[str, Any]) -> bool:
    return bool(source.get("licence") or source.get("licence_column"))


def _summarise(facts: CardFacts) -> str:
    kept = facts.train + facts.validation
    denied, clusters = facts.by_step.get("rights", 0), facts.clusters[0]
    rights = f", {denied:,} of them for want of a right to train on them" if denied else ""
    return (
        f"{kept:,} of {facts.read + facts.unread:,} rows kept: {facts.train:,} to train on, {facts.validation:,} held "
        f"back for validation, in {clusters:,} cluster{'' if clusters == 1 else 's'}. "
        f"{sum(facts.dropped.values()):,} dropped{rights}."
    )


def _make_document(made: Curated) -> dict[str, object]:
    """Return the same as JSON values."""
    facts = made.facts
    names = ("read", "unread", "train", "validation", "dropped", "by_step", "changed", "licences", "files")
    told = {name: getattr(facts, name) for name in names}
    clusters = {"count": facts.clusters[0], "largest": facts.clusters[1]}
    return {"folder": str(made.folder), **told, "clusters": clusters, "doubts": list_doubts(facts)}
