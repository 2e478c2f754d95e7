"""The articles of an archive as documents, with the bytes of pictures; their rights stand in files beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from fairtrial.archive.document import Document, Picture
from fairtrial.records import ImagePart
from fairtrial.tasks.newsroom.archive import Newsroom
from fairtrial.tasks.newsroom.picturing import draw_picture
from fairtrial.tasks.newsroom.printing import Article
from fairtrial.tasks.newsroom.world import make_key


@dataclass(frozen=True, slots=True)
class NewsDocument:
    """A document as it is published.

    Attributes:
        article: that it is.
        document: with its picture, if it has one.
        image: bytes of the picture; empty without one.
    """

    article: Article
    document: Document
    image: bytes = field(default=b"", repr=False)


def list_documents(newsroom: Newsroom) -> Iterator[NewsDocument]:
    """Yield all documents, oldest first; of two versions of one article the older one first."""
    for number, article in enumerate(newsroom.articles):
        if not article.credit:
            yield NewsDocument(article, article.document)
            continue
        image = draw_picture(*make_key("picture", newsroom.seed, number))
        picture = Picture(ImagePart.of(image, "image/png"), article.caption, article.credit)
        yield NewsDocument(article, replace(article.document, pictures=(picture,)), image)
