"""``fairtrial archive ledgers``: the ledgers that withdrawing clears, and those of them that do not exist any more."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from fairtrial.archive.forgetting import forget_ledgers
from fairtrial.archive.opening import DEFAULT_ARCHIVE, open_archive
from fairtrial.cli.archive_search import ArchiveOption
from fairtrial.cli.options import JsonOption
from fairtrial.cli.output import print_json
from fairtrial.pages.showing import make_inline


def ledgers(
    archive: ArchiveOption = DEFAULT_ARCHIVE,
    forget: Annotated[
        list[str] | None,
        typer.Option("--forget", metavar="PATH", help="A ledger that was deleted, and is to be forgotten; repeatable."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the ledgers with answers made with an archive, out of which withdrawing takes words; forget deleted ones."""
    with closing(open_archive(archive)) as store:
        gone: list[str] = []
        if forget:
            with store.writing(wait_seconds=0):
                gone = forget_ledgers(store, forget)
        known = {place: Path(place).is_file() for place in store.list_ledgers()}
    if as_json:
        listed = [{"place": place, "there": there} for place, there in known.items()]
        print_json({"archive": archive, "ledgers": listed, "forgotten": gone})
        return
    for place in gone:
        typer.echo(make_inline(f"{place}: forgotten."))
    for place, there in known.items():
        typer.echo(make_inline(f"{place}{'' if there else ': not there'}"))
    count, missing = len(known), sum(not there for there in known.values())
    told = f"{archive}: {count:,} ledger{'' if count == 1 else 's'} with answers made with it"
    typer.echo(make_inline(f"{told}, {missing:,} of them not there." if missing else f"{told}."))
    if missing:
        typer.echo(
            "One that was moved is cleared where it is now: archive withdraw ... --ledger FILE. One that was deleted, "
            "with all copies, is forgotten by --forget PATH."
        )
