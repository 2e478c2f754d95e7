"""Retrieval as a lever: what identifies it, and what it costs."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from fairtrial.archive.chunks import METHOD as CUTTING
from fairtrial.archive.chunks import MOST
from fairtrial.archive.embedders.base import name_space, permit_vectors
from fairtrial.archive.embedders.opening import open_embedder, open_reranker
from fairtrial.archive.opening import open_archive
from fairtrial.engines.base import Engine
from fairtrial.errors import ArchiveError, RightsError
from fairtrial.levers.base import Calls, ReferencedContent, WrapLever
from fairtrial.levers.retrieve.engine import RetrievingEngine, describe_archive
from fairtrial.levers.retrieve.finding import PassageFinder, identify_circumstances, make_search_settings
from fairtrial.levers.retrieve.writing import LONGEST_FIELD, TEMPLATE, compile_passage_template
from fairtrial.records import Request, content_hash
from fairtrial.spec.endpoint import Endpoint
from fairtrial.spec.retrieve import Retrieve

log = logging.getLogger(__name__)

FRAME = 300
"""Bytes around a passage in the prompt, e.g. its number and address, at most."""

SEARCHED = ("legs", "per_document")
"""Settings that the identity of the search tells."""

METHOD = 3
"""Of finding, showing and gating; counts up when the same archive and answer give another answer."""


class RetrieveLever(WrapLever[Retrieve]):
    """Searches an archive for each question, and checks what an answer makes of it."""

    Settings = Retrieve

    def identity(self, settings: Retrieve, referred: ReferencedContent) -> Sequence[object]:
        """Return the settings, circumstances, the archive's content, which documents may be used, who embeds and ranks.

        Raises:
            ArchiveError: there is no such archive.
            RightsError: nothing in it may be used.
        """
        compile_passage_template(settings.template or "")
        finder = open_finder(settings)
        try:
            permitted, usable, count = finder.identify_permitted()
            if not usable:
                now = finder.held
                raise RightsError(
                    f"retrieve: none of the {count:,} documents of the archive may be used in these circumstances "
                    f"(profile {now.profile}, territory {now.territory or 'unknown'}, operator "
                    f"{now.operator or 'unknown'}).",
                    fix="`fairtrial rights explain` says why, document by document.",
                )
            check_vectors(finder)
            makers = [list(one.identity()) if one else [] for one in (finder.embedder, finder.reranker)]
            held = identify_circumstances(finder.held)
            own = {**settings.own(), **held, "template": settings.template or TEMPLATE}
            for name in SEARCHED:
                del own[name]
            searched = make_search_settings(settings).identity()
            told = describe_archive(finder, usable, count)
            settings.plan_with(finder.store.fingerprint(), content_hash(held), told)
            return [METHOD, own, settings.planned, permitted, makers, searched, CUTTING]
        finally:
            close_finder(finder)

    def wrap(self, settings: Retrieve, engine: Engine, others: Mapping[str, Engine]) -> RetrievingEngine:
        """Return the engine that finds passages for each question before it asks ``engine``."""
        finder = open_finder(settings)
        made = RetrievingEngine(engine, self.name, settings, finder, settings.planned or finder.store.fingerprint())
        made.record = {**made.record, "archive": settings.told}
        return made

    def describe(self, settings: Retrieve) -> Mapping[str, object]:
        """Return how many documents there are and may be used, and in which circumstances, taken from where."""
        return {"archive": settings.told}

    def note_ledger(self, settings: Retrieve, place: str) -> None:
        """Have the archive remember a ledger, so that withdrawing a document finds what that has of it."""
        store = open_archive(settings.archive)
        try:
            if place not in store.list_ledgers():
                with store.writing():
                    store.remember_ledger(place)
        except ArchiveError as error:
            log.warning(
                "The archive cannot note that %s holds answers made with it (%s); when documents are withdrawn, name "
                "that ledger with --ledger.",
                Path(place).name,
                error.message.removesuffix("."),
            )
        finally:
            store.close()

    def calls(self, settings: Retrieve, request: Request) -> tuple[Calls, Calls]:
        """Return one call, longer by the passages at most; none where there is nothing to be shown."""
        around = len((settings.template or TEMPLATE).encode()) + len(settings.abstain.words.encode())
        passage = 3 * MOST + 4 * LONGEST_FIELD + FRAME
        return Calls(added=settings.k * passage + around), Calls()


def check_vectors(finder: PassageFinder) -> None:
    """Raise ArchiveError if passages that may have vectors have none of the embedder: they would not be found."""
    if finder.embedder is None:
        return
    at = finder.settings.read
    permitted = permit_vectors(finder.store, finder.held.make_circumstances(at), at)
    if finder.store.find_unembedded(name_space(finder.embedder), 1, permitted):
        raise ArchiveError(
            f"not all passages of the archive have vectors of the embedder {finder.settings.embed!r}.",
            fix=f"Make them with `{write_embedding(finder.settings)}`, or leave `embed` out.",
        )


def write_embedding(settings: Retrieve) -> str:
    """Return the command that makes the vectors which the settings need, in the circumstances that they name."""
    words = ["fairtrial", "archive", "embed", "--archive", settings.archive, "--embed", settings.embed]
    usual = Endpoint()
    words += ["--base-url", settings.endpoint.base_url] if settings.endpoint.base_url != usual.base_url else []
    words += ["--key-env", settings.endpoint.key_env] if settings.endpoint.key_env != usual.key_env else []
    words += ["--profile", settings.profile] if settings.profile else []
    words += ["--territory", settings.territory] if settings.territory else []
    words += ["--operator", settings.operator] if settings.operator else []
    words += [word for of, reference in settings.proofs.items() for word in ("--proof", f"{of}={reference}")]
    words += [word for profile in settings.reporting for word in ("--reporting", profile)]
    return shlex.join(words)


def open_finder(settings: Retrieve) -> PassageFinder:
    """Return what finds passages as the settings say; close it with `close_finder`.  Raises as `identity` does."""
    store = open_archive(settings.archive)
    try:
        embedder = open_embedder(settings.embed, Path(), settings.endpoint)
        return PassageFinder(store, settings, embedder, open_reranker(settings.rerank))
    except BaseException:
        store.close()
        raise


def close_finder(finder: PassageFinder) -> None:
    """Let go of the archive and of the embedder."""
    finder.store.close()
    if finder.embedder is not None:
        finder.embedder.close()
