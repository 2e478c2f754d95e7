"""Writes an article in the form of its publisher: HTML with JSON-LD, ninjs, Markdown, a row of JSONL, RSS."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import yaml

from fairtrial.archive.document import Document

CC_BY = "https://creativecommons.org/licenses/by/4.0/"
EMBARGO = datetime(2050, 1, 1, tzinfo=UTC)
"""Until when the embargoed papers are closed."""

_TYPES = {"opinion": "OpinionNewsArticle", "sponsored": "AdvertiserContentArticle", "satire": "SatiricalArticle"}


def write_html(document: Document, image: str, *, open_licence: bool) -> str:
    """Return a page with JSON-LD of schema.org.

    Args:
        document: the article.
        image: path of its picture beside the page; empty without one.
        open_licence: whether it is under CC BY 4.0.
    """
    linked = json.dumps(_describe_article(document, open_licence), ensure_ascii=False, indent=1).replace("<", "\\u003c")
    paragraphs = "\n".join(f"<p>{html.escape(one, quote=False)}</p>" for one in document.text.split("\n\n"))
    wire = f'<meta name="syndication-source" content="{html.escape(document.wire)}">\n' if document.wire else ""
    figure = ""
    if image:
        [picture] = document.pictures
        figure = (
            f'<figure><img src="{image}" alt=""><figcaption>{html.escape(picture.caption, quote=False)}</figcaption>'
            f'<span class="credit">{html.escape(picture.credit)}</span></figure>\n'
        )
    head = (
        f'<!doctype html>\n<html lang="{document.language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(document.title, quote=False)}</title>\n"
        f'<link rel="canonical" href="{html.escape(document.uri)}">\n{wire}'
        f'<script type="application/ld+json">{linked}</script>\n</head>\n'
    )
    title = f"<header><h1>{html.escape(document.title, quote=False)}</h1></header>\n"
    return f"{head}<body>\n{title}<article>\n{paragraphs}\n</article>\n{figure}</body>\n</html>\n"


def _describe_article(document: Document, open_licence: bool) -> dict[str, Any]:
    assert document.published is not None
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": _TYPES.get(document.label, "NewsArticle"),
        "url": document.uri,
        "headline": document.title,
        "author": [{"@type": "Person", "name": name} for name in document.authors],
        "publisher": {"@type": "NewsMediaOrganization", "name": document.publisher},
        "datePublished": document.published.isoformat(),
        "articleSection": document.section,
        "inLanguage": document.language,
    }
    if document.modified:
        told["dateModified"] = document.modified.isoformat()
    if document.corrections:
        told["correction"] = [
            {"@type": "CorrectionComment", "text": one.text, "datePublished": one.at.isoformat() if one.at else ""}
            for one in document.corrections
        ]
    if document.retracted:
        told["creativeWorkStatus"] = "Retracted"
    if open_licence:
        told |= {"license": CC_BY, "creditText": document.publisher, "copyrightHolder": document.publisher}
    return told


def write_ninjs(document: Document, image: str, *, embargoed: bool) -> str:
    """Return an item of ninjs 2.1."""
    assert document.published is not None
    item: dict[str, Any] = {
        "uri": document.uri,
        "type": "text",
        "firstcreated": document.published.isoformat(),
        "pubstatus": "usable",
        "language": document.language,
        "headlines": [{"value": document.title}],
        "by": " and ".join(document.authors),
        "bodies": [{"contenttype": "text/plain", "value": document.text}],
        "genres": [{"name": document.label}],
        "subjects": [{"name": document.section, "rel": "section"}],
        "infosources": [{"name": document.publisher, "role": "publisher"}],
        "usageterms": "Only under a signed agreement with the publisher.",
    }
    if document.modified:
        item["versioncreated"] = document.modified.isoformat()
    if document.corrections:
        item["ednote"] = [{"value": one.text} for one in document.corrections]
    if document.wire:
        item["altids"] = [{"role": "wire", "value": document.wire}]
    if embargoed:
        item["embargoed"] = EMBARGO.isoformat()
    if image:
        [picture] = document.pictures
        item["associations"] = [
            {
                "type": "picture",
                "byline": picture.credit,
                "descriptions": [{"value": picture.caption}],
                "renditions": [{"href": image}],
            }
        ]
    return json.dumps(item, ensure_ascii=False, indent=1) + "\n"


def write_markdown(document: Document) -> str:
    """Return Markdown with front matter."""
    fields = {**_list_fields(document), "licence": "CC-BY-4.0", "attribution": document.publisher, "rights": "allow"}
    front = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=1000)
    return f"---\n{front}---\n\n{document.text}\n"


def write_row(document: Document) -> str:
    """Return a line of JSONL."""
    return json.dumps({**_list_fields(document), "text": document.text}, ensure_ascii=False) + "\n"


def _list_fields(document: Document) -> dict[str, Any]:
    assert document.published is not None
    told = {
        "uri": document.uri,
        "title": document.title,
        "authors": list(document.authors),
        "publisher": document.publisher,
        "published": document.published.isoformat(),
        "section": document.section,
        "language": document.language,
        "label": document.label,
        "wire": document.wire,
    }
    return {name: value for name, value in told.items() if value}


def write_feed(publisher: str, documents: list[Document]) -> str:
    """Return an RSS 2.0 feed with whole texts (``content:encoded``)."""
    entries = "".join(map(_write_entry, documents))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f"<channel>\n<title>{html.escape(publisher)}</title>\n<language>en</language>\n{entries}</channel>\n</rss>\n"
    )


def _write_entry(document: Document) -> str:
    assert document.published is not None
    body = "".join(f"<p>{html.escape(one, quote=False)}</p>" for one in document.text.split("\n\n"))
    return (
        f"<item>\n<title>{html.escape(html.escape(document.title, quote=False), quote=False)}</title>\n"
        f"<link>{html.escape(document.uri)}</link>\n<dc:creator>{html.escape(document.authors[0])}</dc:creator>\n"
        f"<pubDate>{format_datetime(document.published)}</pubDate>\n"
        f"<category>{document.section}</category>\n<category>{document.label}</category>\n"
        f"<content:encoded>{html.escape(body, quote=False)}</content:encoded>\n</item>\n"
    )
