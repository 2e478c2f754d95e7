"""The archive of a seed: its town, its documents with rights, its questions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fairtrial.tasks.graders.overlap import write_text
from fairtrial.tasks.newsroom.printing import Article, Press
from fairtrial.tasks.newsroom.questions import Asker, NewsQuestion
from fairtrial.tasks.newsroom.tracing import RequiredContext
from fairtrial.tasks.newsroom.world import Town, draw_town

SEED = 1234
"""Of the archive unless another is asked for."""


@dataclass(frozen=True, slots=True)
class Newsroom:
    """An archive and what is asked about it.

    Attributes:
        seed: of all of it.
        town: with its stories.
        articles: in order of publication; see `Article.document`.
        questions: in an order that tells nothing.
    """

    seed: int
    town: Town
    articles: tuple[Article, ...]
    questions: tuple[NewsQuestion, ...]

    def find_contexts(self) -> dict[str, RequiredContext]:
        """Return what a passage of each document must tell of it, by address; of several versions the newest."""
        newest = {one.document.uri: one.document for one in self.articles if not one.replaced}
        return {
            uri: RequiredContext(one.published.isoformat() if one.published else "", one.label, bool(one.corrections))
            for uri, one in newest.items()
        }

    def find_texts(self) -> dict[str, str]:
        """Return all words of each document, by address; of several versions those of all."""
        texts: dict[str, list[str]] = {}
        for one in self.articles:
            texts.setdefault(one.document.uri, []).extend((write_text(one.document), one.caption))
        return {uri: "\n\n".join(parts) for uri, parts in texts.items()}


@lru_cache(maxsize=4)
def build_newsroom(seed: int = SEED) -> Newsroom:
    """Return the archive of a seed: the same one on every machine."""
    town = draw_town(seed)
    articles = Press(town, seed).print_all()
    return Newsroom(seed, town, tuple(articles), tuple(Asker(town, articles, seed).ask_all()))
