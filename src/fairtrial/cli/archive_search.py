"""``fairtrial archive search`` and ``fairtrial archive embed``: what a model would be shown of an archive, and why."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from fairtrial.api.rights import read_uses
from fairtrial.archive.base import Scope
from fairtrial.archive.embedders.base import Embedder, embed_missing, name_space
from fairtrial.archive.embedders.opening import open_embedder, open_reranker
from fairtrial.archive.embedders.small import SmallReranker
from fairtrial.archive.embedders.spreading import embed_spread, make_embedding
from fairtrial.archive.opening import DEFAULT_ARCHIVE, open_archive
from fairtrial.archive.search import Searcher, SearchSettings
from fairtrial.archive.withheld import count_withheld
from fairtrial.cli.archive_showing import describe_search, render_search
from fairtrial.cli.archive_spreading import read_spread
from fairtrial.cli.circumstances import (
    AtOption,
    OperatorOption,
    ProfileOption,
    ProofOption,
    ReportingOption,
    Said,
    TerritoryOption,
    read_moment_option,
)
from fairtrial.cli.options import HandsOption, JsonOption, SpreadOption
from fairtrial.cli.output import print_json
from fairtrial.errors import SpecError, did_you_mean
from fairtrial.rights import Use
from fairtrial.spec.endpoint import OPENAI, Endpoint

ArchiveOption = Annotated[
    str, typer.Option("--archive", "-a", metavar="FILE|URL", help="The archive; a file, or postgresql://...")
]
EmbedOption = Annotated[
    str,
    typer.Option(
        "--embed",
        metavar="EMBEDDER",
        help="none, small, gguf:PATH, pkg:PACKAGE/FILE, openai:MODEL or model2vec:FOLDER.",
    ),
]
BaseUrlOption = Annotated[str, typer.Option("--base-url", help="Where an openai: embedder is asked.")]
KeyOption = Annotated[str, typer.Option("--key-env", help="Environment variable with its key.")]
LEGS = ("auto", "both", "words", "vectors")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a search is narrowed down to."""

    since: str
    until: str
    sections: tuple[str, ...]
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    versions: bool

    def scope(self) -> Scope:
        return Scope(
            frozenset(),
            published_from=read_moment_option(self.since) if self.since else None,
            published_until=read_moment_option(self.until) if self.until else None,
            sections=self.sections,
            languages=self.languages,
            labels=self.labels,
            current_only=not self.versions,
        )


def search(
    query: Annotated[str, typer.Argument(metavar="WORDS", help="What to look for: words or a question.")],
    archive: ArchiveOption = DEFAULT_ARCHIVE,
    k: Annotated[int, typer.Option("--k", "-k", min=1, max=1000, help="Passages at most.")] = 6,
    use: Annotated[
        list[str] | None, typer.Option("--use", help="What they are for; may be repeated. [ai-input]")
    ] = None,
    legs: Annotated[str, typer.Option("--legs", help="words, vectors, both; auto: both with an embedder.")] = "auto",
    embed: EmbedOption = "none",
    rerank: Annotated[str, typer.Option("--rerank", metavar="RERANKER", help="none or small.")] = "none",
    base_url: BaseUrlOption = OPENAI,
    key_env: KeyOption = "OPENAI_API_KEY",
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="Published then or later.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="Published before then.")] = "",
    section: Annotated[list[str] | None, typer.Option("--section", help="Of this section; may be repeated.")] = None,
    language: Annotated[list[str] | None, typer.Option("--language", help="In this language, e.g. en.")] = None,
    label: Annotated[list[str] | None, typer.Option("--label", help="Of this kind, e.g. news or satire.")] = None,
    versions: Annotated[bool, typer.Option("--versions", help="Older versions of documents too.")] = False,
    copies: Annotated[bool, typer.Option("--copies", help="Every copy of a text, not the best one alone.")] = False,
    retracted: Annotated[bool, typer.Option("--retracted", help="Retracted documents too, marked.")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="Whole passages.")] = False,
    at: AtOption = "",
    territory: TerritoryOption = "",
    operator: OperatorOption = "",
    profile: ProfileOption = "",
    proof: ProofOption = None,
    reporting: ReportingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the passages of an archive that a model would be shown, why they may be used, and how many may not."""
    if legs not in LEGS:
        raise SpecError(f"--legs {legs!r} is none of {', '.join(LEGS)}.{did_you_mean(legs, LEGS)}")
    said = Said(territory, operator, profile, proof, reporting, at=at)
    uses = read_uses(use or ["ai-input"])
    asked = _Asked(since, until, tuple(section or ()), tuple(language or ()), tuple(label or ()), versions)
    settings = SearchSettings(k=k, legs=legs, collapse=not copies, retracted=retracted)
    with (
        closing(open_archive(archive)) as store,
        _open(embed, base_url, key_env) as embedder,
        _rerank(rerank) as ranker,
    ):
        circumstances = said.circumstances(store)
        searcher = Searcher(store, circumstances, uses, (Use.DISPLAY,), embedder, ranker, settings)
        result = searcher.search(query, asked.scope())
        withheld = count_withheld(store, uses, circumstances)
        taken, line = said.name_taken(store), said.describe_taken(store)
    if as_json:
        print_json(describe_search(query, uses, result, withheld, circumstances, taken))
    else:
        console = Console()
        for part in render_search(result, uses, withheld, whole):
            console.print(part)
        if line:
            console.print(Text(line))


def embed(
    archive: ArchiveOption = DEFAULT_ARCHIVE,
    embed: EmbedOption = "small",
    base_url: BaseUrlOption = OPENAI,
    key_env: KeyOption = "OPENAI_API_KEY",
    at: AtOption = "",
    territory: TerritoryOption = "",
    operator: OperatorOption = "",
    profile: ProfileOption = "",
    proof: ProofOption = None,
    reporting: ReportingOption = None,
    on: SpreadOption = "local",
    workers: HandsOption = None,
) -> None:
    """Make vectors of all passages whose rights permit it (ai-index) and that have none yet."""
    said = Said(territory, operator, profile, proof, reporting, at=at)
    place = read_spread(on, workers, "vectors cannot be made")
    with closing(open_archive(archive)) as store, _open(embed, base_url, key_env) as embedder:
        if embedder is None:
            raise SpecError("there is nothing to embed with.", fix="Name an embedder, e.g. --embed small.")
        circumstances, line = said.circumstances(store), said.describe_taken(store)
        apart = 0.0
        if place.place.kind == "local":
            count = embed_missing(store, embedder, circumstances, _tell)
        else:
            hosted = embed.startswith("openai:")
            work = make_embedding(embed, Path.cwd(), Endpoint(base_url=base_url, key_env=key_env), embedder, hosted)
            with place.open(waits=hosted) as spread:
                count, apart = embed_spread(store, work, spread, circumstances, _tell)
        withheld = count_withheld(store, (Use.AI_INDEX,), circumstances)
    name = name_space(embedder)
    denied = (
        f"; of {withheld.denied:,} of {withheld.documents:,} documents the rights permit none"
        if withheld.denied
        else ""
    )
    typer.echo(f"Embedded {count:,} passages with {name}{denied}.")
    if apart:
        typer.echo(
            f"The machines round differently: numbers of one vector differ by up to {apart:.2g} from those made here."
        )
    if line:
        typer.echo(line)


def _tell(done: int) -> None:
    if done % 1024 == 0 and sys.stderr.isatty():
        typer.echo(f"{done:,} passages embedded", err=True)


def _open(spec: str, base_url: str, key_env: str) -> AbstractContextManager[Embedder | None]:
    """Return an embedder that is closed at the end; None without one."""
    endpoint = Endpoint(base_url=base_url, key_env=key_env)
    opened = open_embedder(spec, Path.cwd(), endpoint, lambda line: typer.echo(line, err=True))
    return nullcontext(None) if opened is None else closing(opened)


def _rerank(spec: str) -> AbstractContextManager[SmallReranker | None]:
    opened = open_reranker(spec)
    return nullcontext(None) if opened is None else closing(opened)
