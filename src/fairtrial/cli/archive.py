"""``fairtrial archive``: put documents into an archive, look at them, keep it right, take them out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from fairtrial.api.displaying import Followed, add_documents, refresh_documents
from fairtrial.api.withdrawing import WithdrawalOutcome
from fairtrial.api.withdrawing import withdraw as withdraw_documents
from fairtrial.archive.adding import Adding
from fairtrial.archive.base import Holding, Store
from fairtrial.archive.finding import Shown, find_holdings, find_source, refuse_unknown, show_documents
from fairtrial.archive.opening import DEFAULT_ARCHIVE, open_archive
from fairtrial.cli import archive_example, archive_ledgers, archive_search
from fairtrial.cli.archive_documents import describe_shown, make_documents_table, render_shown
from fairtrial.cli.archive_search import ArchiveOption
from fairtrial.cli.archive_spreading import read_spread
from fairtrial.cli.archive_withdrawing import describe_followed, describe_outcome, tell_followed, tell_outcome
from fairtrial.cli.circumstances import (
    AgreementsOption,
    AtOption,
    OperatorOption,
    ProfileOption,
    ProofOption,
    ReportingOption,
    Said,
    TerritoryOption,
)
from fairtrial.cli.options import HandsOption, JsonOption, QuietOption, SpreadOption
from fairtrial.cli.output import print_json
from fairtrial.errors import ArchiveError, SpecError
from fairtrial.pages.showing import make_inline
from fairtrial.report.fitting import FittedTable

app = typer.Typer(help="Put documents into an archive, look at them, check it, take them out.", no_args_is_help=True)
app.command("search")(archive_search.search)
app.command("embed")(archive_search.embed)
app.command("ledgers")(archive_ledgers.ledgers)

DocumentLimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="So many documents at most.")]


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="What to add.")],
    archive: ArchiveOption = DEFAULT_ARCHIVE,
    territory: TerritoryOption = "",
    operator: OperatorOption = "",
    profile: ProfileOption = "",
    agreements: AgreementsOption = None,
    proof: ProofOption = None,
    reporting: ReportingOption = None,
    on: SpreadOption = "local",
    workers: HandsOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Add files, and all files of folders; unchanged ones are skipped, and what nothing permits is kept as a hash."""
    said = Said(territory, operator, profile, proof, reporting, agreements)
    place = read_spread(on, workers, "files cannot be read")
    with _writing(archive, create=True) as store, _telling(quiet or as_json) as tell, place.open() as spread:
        rules = said.rules(store)
        told, followed = add_documents(store, paths, rules, tell, spread)
        fingerprint = store.fingerprint()
    _report(told, followed, archive, fingerprint, rules.circumstances.profile, as_json)


@app.command(name="rights")
def refresh(
    archive: ArchiveOption = DEFAULT_ARCHIVE,
    territory: TerritoryOption = "",
    operator: OperatorOption = "",
    profile: ProfileOption = "",
    agreements: AgreementsOption = None,
    proof: ProofOption = None,
    reporting: ReportingOption = None,
    on: SpreadOption = "local",
    workers: HandsOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read again the files whose rights were seen too long ago, and take out what is no longer permitted."""
    said = Said(territory, operator, profile, proof, reporting, agreements)
    place = read_spread(on, workers, "files cannot be read")
    with _writing(archive) as store, _telling(quiet or as_json) as tell, place.open() as spread:
        rules = said.rules(store)
        told, missing, followed = refresh_documents(store, rules, tell, spread)
        fingerprint = store.fingerprint()
    for path in missing:
        told.refuse(path, "the file is no longer there: its rights stay as old as they are.")
    _report(told, followed, archive, fingerprint, rules.circumstances.profile, as_json)


@app.command(name="list")
def list_documents(
    archive: ArchiveOption = DEFAULT_ARCHIVE,
    source: Annotated[str, typer.Option("--source", metavar="PATH", help="Only what was added from it.")] = "",
    limit: DocumentLimitOption = 50,
    at: AtOption = "",
    territory: TerritoryOption = "",
    operator: OperatorOption = "",
    profile: ProfileOption = "",
    proof: ProofOption = None,
    reporting: ReportingOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the documents of an archive; titles only of those that may be displayed."""
    said = Said(territory, operator, profile, proof, reporting, at=at)
    with closing(open_archive(archive)) as store:
        circumstances = said.circumstances(store)
        held = _select(store, source)
        shown = list(show_documents(store, circumstances, held[:limit]))
        fingerprint = store.fingerprint()
        sources = _count_sources(held)
        taken = said.describe_taken(store)
    counts = {keep: sum(one.keep == keep for one in held) for keep in ("words", "text", "hash", "withdrawn")}
    if as_json:
        listed = [describe_shown(one) for one in shown]
        print_json({"documents": listed, "counts": counts, "sources": sources, "fingerprint": fingerprint})
        return
    console = Console()
    if shown:
        console.print(FittedTable(make_documents_table(shown), heads=2))
    for line in _describe_counts(held, counts, sources, len(shown)):
        console.print(Text(make_inline(line)), soft_wrap=True)
    if taken:
        console.print(Text(taken))


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="DOC", help="Id (or its beginning), address, or file.")],
    archive: ArchiveOption = DEFAULT_ARCHIVE,
    at: AtOption = "",
    territory: TerritoryOption = "",
    operator: OperatorOption = "",
    profile: ProfileOption = "",
    proof: ProofOption = None,
    reporting: ReportingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a document and its context, where displaying it is permitted; else why it is not."""
    said = Said(territory, operator, profile, proof, reporting, at=at)
    with closing(open_archive(archive)) as store:
        circumstances = said.circumstances(store)
        held = find_holdings(store, name)
        if not held:
            raise refuse_unknown(store, name)
        shown = sorted(show_documents(store, circumstances, held), key=_newest_first)
        taken = said.describe_taken(store)
    if as_json:
        print_json({"documents": [describe_shown(one, full=True) for one in shown]})
        return
    console = Console()
    for number, one in enumerate(shown):
        if number:
            console.print()
        for part in render_shown(one):
            console.print(part)
    if taken:
        console.print()
        console.print(Text(taken, style="dim"))


@app.command()
def check(archive: ArchiveOption = DEFAULT_ARCHIVE, as_json: JsonOption = False) -> None:
    """Look through all of an archive and say what is damaged; exit code 5 if anything is."""
    with closing(open_archive(archive)) as store:
        problems = list(store.check())
        count = sum(one.keep != "withdrawn" for one in store.list_holdings())
        fingerprint = store.fingerprint()
    if as_json:
        print_json({"problems": problems, "documents": count, "fingerprint": fingerprint})
    elif problems:
        typer.echo(f"{archive} is damaged:")
        for problem in problems:
            typer.echo(make_inline(f"  {problem}"))
        typer.echo("Add its files to a new archive: the same files give the same archive.")
    else:
        typer.echo(f"{archive} is sound: {_count(count, 'document')}, fingerprint {fingerprint[:12]}.")
    if problems:
        raise typer.Exit(ArchiveError.exit_code)


@app.command()
def withdraw(
    names: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE|DOC...", help="A folder or file as it was added; or id, address, file."),
    ],
    archive: ArchiveOption = DEFAULT_ARCHIVE,
    ledger: Annotated[
        list[Path] | None,
        typer.Option("--ledger", "-l", metavar="FILE", help="A ledger to clear too; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take documents out of an archive, and their words out of the ledgers that were made with it; hashes stay."""
    found = withdraw_documents(archive, names, ledger or (), dry_run=True)
    if not dry_run:
        if not (yes or as_json):
            _confirm(found)
        found = withdraw_documents(archive, names, ledger or ())
    if as_json:
        print_json(describe_outcome(found, dry_run))
    else:
        for line in tell_outcome(found, archive, dry_run):
            typer.echo(make_inline(line))
    if found.unreached:
        raise typer.Exit(ArchiveError.exit_code)


def _confirm(found: WithdrawalOutcome) -> None:
    """Ask whether to go on.  Raises SpecError where nobody can answer."""
    what = f"{_count(len(found.documents), 'document')} and what {_count(len(found.ledgers), 'ledger')} repeat of them"
    if not sys.stdin.isatty():
        raise SpecError(f"this would withdraw {what} for good.", fix="Say --yes to do it, --dry-run to look first.")
    typer.confirm(f"Withdraw {what} for good?", abort=True)


@contextmanager
def _writing(archive: str, create: bool = False) -> Iterator[Store]:
    """Open an archive to write to; whoever interrupts it is told that what was stored stays."""
    with closing(open_archive(archive, create)) as store, store.writing(wait_seconds=0):
        try:
            yield store
        except KeyboardInterrupt:
            typer.echo(
                "Interrupted. What was stored is in the archive; the same command continues from there.", err=True
            )
            raise typer.Exit(130) from None


@contextmanager
def _telling(quiet: bool) -> Iterator[Callable[[Adding], None] | None]:
    """Show how far adding has come: as a bar in a terminal, else as a line every ten seconds."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        last = time.monotonic()

        def tell_line(told: Adding) -> None:
            nonlocal last
            if time.monotonic() - last >= 10:
                last = time.monotonic()
                count = told.documents.new + told.documents.known
                typer.echo(f"{told.done:,} of {told.files:,} files, {count:,} documents", err=True)

        yield tell_line
        return
    columns = (
        TextColumn("files"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[n]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None, n="")

        def tell_bar(told: Adding) -> None:
            count = told.documents.new + told.documents.known
            progress.update(task, total=told.files, completed=told.done, n=escape(f"{count:,} documents"))

        yield tell_bar


def _report(told: Adding, followed: Followed, archive: str, fingerprint: str, profile: str, as_json: bool) -> None:
    """Say what adding did: bad files by name, counts in the last line; exit code 5 if nothing at all could be read."""
    added = told.documents
    if as_json:
        print_json(
            {
                "archive": archive,
                "files": told.files,
                "unchanged": told.unchanged,
                "documents": {
                    "new": added.new,
                    "known": added.known,
                    "rights_changed": added.rights_changed,
                    "withdrawn": added.withdrawn,
                    "hash_only": told.withheld,
                    "not_indexed": told.unindexed,
                    "taken_out": told.taken_out,
                },
                "refused": [{"where": where, "problem": problem} for where, problem in told.refused],
                "refused_count": told.bad,
                "fingerprint": fingerprint,
                **describe_followed(followed),
            }
        )
    else:
        lines = [*_describe_adding(told, archive, fingerprint, profile)]
        for line in [*lines[:-1], *tell_followed(followed), lines[-1]]:
            typer.echo(make_inline(line))
    if told.bad and told.bad >= told.files and not (added.new or added.known):
        raise typer.Exit(ArchiveError.exit_code)


def _describe_adding(told: Adding, archive: str, fingerprint: str, profile: str) -> Iterator[str]:
    for where, problem in told.refused:
        yield f"{where}: {problem}"
    if told.bad > len(told.refused):
        yield f"... and {told.bad - len(told.refused):,} more."
    if told.withheld:
        hint = "; if they are your own, say --profile own-archive" if profile == "strict" else ""
        yield (
            f"{_count(told.withheld, 'document')} kept as hash and evidence only, for nothing permits a use"
            f" (`fairtrial rights explain FILE` says why; --agreements names signed licences{hint})."
        )
    if told.taken_out:
        yield f"{_count(told.taken_out, 'document')} lost text or words: nothing permits to keep them any more."
    if told.unindexed:
        yield f"{_count(told.unindexed, 'document')} kept without words in the index, for nothing permits search."
    if told.documents.withdrawn:
        yield f"{_count(told.documents.withdrawn, 'document')} left out: withdrawn from this archive before."
    added = told.documents
    changed = f", {added.rights_changed:,} of them with other rights" if added.rights_changed else ""
    files = _count(told.files, "file")
    yield (
        f"{archive}: {_count(added.new, 'document')} new, {added.known:,} known{changed}; {files}, "
        f"{told.unchanged:,} unchanged, {told.bad:,} refused; fingerprint {fingerprint[:12]}."
    )


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _select(store: Store, source: str) -> list[Holding]:
    if not source:
        return list(store.list_holdings())
    called, held = find_source(store, source)
    if not called:
        raise ArchiveError(
            f"nothing in the archive came from {source[:200]!r}.",
            fix="`fairtrial archive list` ends with what was added.",
        )
    return held


def _count_sources(held: list[Holding]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in held:
        for source in one.sources:
            counts[source] = counts.get(source, 0) + 1
    return dict(sorted(counts.items()))


def _describe_counts(held: list[Holding], counts: dict[str, int], sources: dict[str, int], shown: int) -> Iterator[str]:
    names = {"words": "searchable", "text": "not indexed", "hash": "hash only", "withdrawn": "withdrawn"}
    told = ", ".join(f"{counts[keep]:,} {name}" for keep, name in names.items() if counts[keep])
    rest = f" ({shown:,} listed; --limit shows more)" if shown < len(held) else ""
    yield f"{_count(len(held), 'document')}: {told or 'none'}{rest}"
    for source, count in islice(sources.items(), 20):
        yield f"  {count:,} from {source}"
    if len(sources) > 20:
        yield f"  ... and {len(sources) - 20:,} more sources"


def _newest_first(one: Shown) -> tuple[bool, float, str]:
    moment = one.document and (one.document.modified or one.document.published)
    return not one.holding.current, -moment.timestamp() if moment else 0.0, one.holding.id


app.command("example")(archive_example.example)
