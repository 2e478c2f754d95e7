"""What of the contradictions among passages the lever `retrieve` marks, and what it marks that is none.

    python -m bench.retrieval.contradictions [--seeds 1234 7] [--questions 400] [--show]

Three sorts of pairs: reports of the news archive's papers that contradict each other on purpose; all pairs of passages
that a search by words shows together for its questions; pairs written for this, see
tests/unit/levers/retrieve/contradictions.yaml.  Passages of the archive give different values of one fact where the
archive's own record of what each article says does.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import yaml

from bench.retrieval.cranfield import HERE, OPEN
from fairtrial.archive.base import Entry
from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Document, Passage
from fairtrial.archive.search import Searcher, SearchSettings
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.levers.retrieve.relations import Voice, find_contradictions
from fairtrial.tasks.newsroom.archive import Newsroom, build_newsroom
from fairtrial.tasks.newsroom.outlets import PERMITTED
from fairtrial.tasks.newsroom.printing import Article

SAMPLE = Path("tests/unit/levers/retrieve/contradictions.yaml")


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Two passages, and the facts of which they give different values; ``planted``: in news, on purpose."""

    a: Voice
    b: Voice
    facts: tuple[str, ...]
    planted: bool = False

    def is_marked(self) -> str:
        """Return how the lever marks them; empty if it does not."""
        found = find_contradictions([replace(self.a, number=1), replace(self.b, number=2)])
        return found.get(1, {}).get(2, "")


def make_voice(document: Document, passage: Passage, number: int = 0) -> Voice:
    """Return a passage as the lever compares it."""
    return Voice(
        number,
        document.id,
        document.uri,
        document.modified or document.published,
        passage.text,
        title=document.title,
        published=document.published,
        label=document.label,
    )


def list_usable(room: Newsroom) -> list[Article]:
    """Return the articles that a model may be shown, the newest version of each."""
    return [one for one in room.articles if one.outlet in PERMITTED and not one.embargoed and not one.replaced]


def find_facts(a: tuple[Article, Passage], b: tuple[Article, Passage]) -> tuple[str, ...]:
    """Return the facts of which two passages give different values."""
    (one, first), (other, second) = a, b
    if one.story != other.story or one.stage != other.stage:
        return ()
    return tuple(
        fact
        for fact in one.says.keys() & other.says.keys()
        if one.says[fact].key != other.says[fact].key
        and all(
            p.start <= art.told[fact][0] and art.told[fact][1] <= p.end for art, p in ((one, first), (other, second))
        )
    )


def list_planted(room: Newsroom) -> Iterator[ShownPair]:
    """Yield the pairs of reports that contradict each other on purpose."""
    kinds = {story.name: story for story in room.town.stories}
    cutup = [(one, p) for one in list_usable(room) if one.document.label == "news" for p in cut(one.document)]
    for a, b in combinations(cutup, 2):
        facts = [f for f in find_facts(a, b) if kinds[a[0].story].facts[f].status == "contradicted"]
        if facts:
            yield ShownPair(make_voice(a[0].document, a[1]), make_voice(b[0].document, b[1]), tuple(facts), True)


def list_shown(room: Newsroom, most: int) -> Iterator[ShownPair]:
    """Yield all pairs of passages that a search shows together, each once."""
    usable = {one.document.uri: one for one in list_usable(room)}
    planted = {frozenset((one.a.document, one.b.document)) for one in list_planted(room)}
    seen = set[frozenset[tuple[str, int]]]()
    with tempfile.TemporaryDirectory() as folder, SqliteStore(Path(folder, "news.db"), create=True) as store:
        made = [replace(one.document, rights=OPEN) for one in usable.values()]
        with store.writing():
            store.add([Entry(one, cut(one)) for one in made])
        searcher = Searcher(store, HERE, settings=SearchSettings(k=6))
        for question in room.questions[:most]:
            for a, b in combinations(searcher.search(question.text).found, 2):
                key = frozenset(((a.document.uri, a.passage.start), (b.document.uri, b.passage.start)))
                if key in seen or len(key) < 2:
                    continue
                seen.add(key)
                facts = find_facts((usable[a.document.uri], a.passage), (usable[b.document.uri], b.passage))
                yield ShownPair(
                    make_voice(a.document, a.passage),
                    make_voice(b.document, b.passage),
                    facts,
                    frozenset((a.document.id, b.document.id)) in planted,
                )


def list_sample(part: str) -> Iterator[ShownPair]:
    """Yield the pairs of one part of the sample, ``tuned`` or ``later``."""
    rows = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))[part]
    for kind, pairs in rows.items():
        for at, pair in enumerate(pairs):
            voices = [
                Voice(n, f"{at}{side}", f"u{at}{side}", day, text, title=title, published=day, label="news")
                for n, side in enumerate("ab", 1)
                for title, when, text in [pair[side]]
                for day in [datetime(when.year, when.month, when.day, tzinfo=UTC)]
            ]
            yield ShownPair(voices[0], voices[1], ("said",) if kind == "contradict" else ())


def tell(name: str, pairs: Sequence[ShownPair], show: bool) -> None:
    """Print precision and recall of some pairs."""
    begun = time.perf_counter()
    marks = [one.is_marked() for one in pairs]
    spent = time.perf_counter() - begun
    right = sum(bool(m) for one, m in zip(pairs, marks, strict=True) if one.facts)
    real = sum(bool(one.facts) for one in pairs)
    false = sum(bool(m) for m in marks) - right
    print(
        f"{name}: {len(pairs)} pairs, {real} contradict: {right} marked ({right / max(real, 1):.3f}); "
        f"{false} marked of {len(pairs) - real} that do not ({false / max(len(pairs) - real, 1):.4f}); "
        f"{1000 * spent / max(len(pairs), 1):.2f} ms a pair",
        flush=True,
    )
    for one, mark in zip(pairs, marks, strict=True):
        if show and bool(mark) != bool(one.facts):
            print(f"--- {'MISSED' if one.facts else 'FALSE'} {one.facts} {mark!r}")
            for side in (one.a, one.b):
                day = side.published.date() if side.published else ""
                print(f"    [{side.title}] {day} {side.label}: {' '.join(side.text.split())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1234, 7])
    parser.add_argument("--questions", type=int, default=10**6)
    parser.add_argument("--show", default="", help="print what is wrong: planted, shown, tuned, later")
    asked = parser.parse_args()
    for part in ("tuned", "later"):
        tell(f"sample, {part}", list(list_sample(part)), asked.show == part)
    rooms = [build_newsroom(seed) for seed in asked.seeds]
    tell("planted", [one for room in rooms for one in list_planted(room)], asked.show == "planted")
    shown = [one for room in rooms for one in list_shown(room, asked.questions)]
    labels = ({"news"}, {"news", "sponsored"})
    tell("shown together", shown, asked.show == "shown")
    for some in labels:
        tell(f"  of those, both {'/'.join(sorted(some))}", [o for o in shown if {o.a.label, o.b.label} <= some], False)


if __name__ == "__main__":
    main()
