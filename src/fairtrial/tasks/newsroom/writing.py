"""Writes the archive as files, each publisher in a format of its own, with the signals of its rights."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from fairtrial.errors import ArchiveError
from fairtrial.records import content_hash
from fairtrial.tasks.newsroom.archive import Newsroom, build_newsroom
from fairtrial.tasks.newsroom.documents import NewsDocument, list_documents
from fairtrial.tasks.newsroom.formats import write_feed, write_html, write_markdown, write_ninjs, write_row
from fairtrial.tasks.newsroom.outlets import OUTLETS
from fairtrial.tasks.newsroom.signals import list_site_files, write_agreements

ARTICLES, AGREEMENTS = "articles", "agreements.csv"
"""Names within the folder: of the articles, and of the table of signed agreements."""

IMAGES = ".images"
"""Pictures of pages lie in a hidden folder, so that they are not added as documents of their own as well."""

FORMATS = {
    "courier": "HTML with JSON-LD",
    "chronicle": "ninjs",
    "post": "HTML with JSON-LD",
    "gazette": "JSON lines",
    "uferbote": "Markdown",
    "whistle": "RSS",
}
"""In which format each publisher's articles are."""


@dataclass(frozen=True, slots=True)
class WrittenExample:
    """What was written.

    Attributes:
        folder: that holds it.
        town: its name.
        documents: number of documents by publisher.
        questions: number of questions of the task about it.
    """

    folder: Path
    town: str
    documents: dict[str, int]
    questions: int


def write_example(folder: Path, seed: int) -> WrittenExample:
    """Write the archive of a seed to a folder that does not exist or is empty; the same files from the same seed.

    Raises ArchiveError if the folder holds something, or cannot be written.
    """
    newsroom = build_newsroom(seed)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ArchiveError(
                f"{str(folder)!r} exists and is not an empty folder.", fix="Name one that does not exist yet."
            )
        for name, content in _list_files(newsroom).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        raise ArchiveError(f"{str(folder)!r} cannot be written: {error.strerror or type(error).__name__}.") from error
    counts = Counter(article.outlet for article in newsroom.articles)
    named = {outlet.title.format(town=newsroom.town.name): counts[name] for name, outlet in OUTLETS.items()}
    return WrittenExample(folder, newsroom.town.name, named, len(newsroom.questions))


def _list_files(newsroom: Newsroom) -> dict[str, str | bytes]:
    """Return all files by their path in the folder."""
    files: dict[str, str | bytes] = {AGREEMENTS: write_agreements(newsroom.town)}
    files |= {f"{ARTICLES}/{name}": text for name, text in list_site_files(newsroom.town).items()}
    rest = defaultdict(list)
    for one in list_documents(newsroom):
        outlet = one.article.outlet
        if FORMATS[outlet] in ("JSON lines", "RSS"):
            rest[outlet].append(one.document)
            continue
        image = f"{IMAGES}/{one.document.pictures[0].image.hash}.png" if one.image else ""
        if image:
            files[f"{ARTICLES}/{outlet}/{image}"] = one.image
        name, text = _write_article(one, image)
        files[f"{ARTICLES}/{outlet}/{name}"] = text
    files[f"{ARTICLES}/gazette/articles.jsonl"] = "".join(map(write_row, rest["gazette"]))
    files[f"{ARTICLES}/whistle/feed.xml"] = write_feed(OUTLETS["whistle"].title, rest["whistle"])
    return files


def _write_article(one: NewsDocument, image: str) -> tuple[str, str]:
    """Return a file's name and content: the date and the end of the address, and which version it is."""
    document, outlet = one.document, one.article.outlet
    assert document.published is not None
    stem = f"{document.published:%Y-%m-%d}-{document.uri.rpartition('/')[2]}"
    stem += f".{content_hash([document.id])[:6]}" if one.article.replaced else ""
    if FORMATS[outlet] == "ninjs":
        return f"{stem}.json", write_ninjs(document, image, embargoed=one.article.embargoed)
    if FORMATS[outlet] == "Markdown":
        return f"{stem}.md", write_markdown(document)
    return f"{stem}.html", write_html(document, image, open_licence=OUTLETS[outlet].licence == "open")
