"""ninjs 1, 2 and 3 (IPTC's news in JSON): one item, a list of them, or one a row.

Version 2 turned ``headline`` and ``body_text`` into lists, version 3 the names to camel case; names are read without
regard to case, and both forms of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fairtrial.archive.readers.dates import read_date
from fairtrial.archive.readers.finishing import hash_data
from fairtrial.archive.readers.found import Draft, DraftPicture, Refused, SourceFile
from fairtrial.archive.readers.inline_html import read_fragment
from fairtrial.archive.readers.jsonl import parse_document_json
from fairtrial.archive.readers.labels import find_label
from fairtrial.archive.readers.news import apply_editors_note, apply_status, apply_window, read_window, split_byline
from fairtrial.errors import ArchiveError

MOST_VALUES = 2_000_000
_MARKS = ("body_text", "body_html", "body_xhtml", "bodies", "headline", "headlines", "versioncreated", "pubstatus")
_WIRES = frozenset({"wire", "agency", "syndication", "original"})


def is_ninjs(value: object) -> bool:
    """Return whether a JSON object looks like an item of ninjs."""
    return isinstance(value, Mapping) and any(str(key).lower() in _MARKS for key in value)


def read_ninjs(source: SourceFile) -> Iterator[Draft | Refused]:
    """Yield the items of a JSON file.  Raises ArchiveError if it is no JSON, or holds none."""
    value = parse_document_json(source.data, MOST_VALUES)
    if isinstance(value, dict) and not is_ninjs(value):
        value = next((each for each in (value.get("items"), value.get("data"), value.get("associations"))
                      if isinstance(each, list)), value)  # fmt: skip
    items = value if isinstance(value, list) else [value]
    sha256 = hash_data(source.data)
    for number, item in enumerate(items, 1):
        where = f"{source.path}, item {number}" if isinstance(value, list) else source.path
        if is_ninjs(item):
            yield read_item(item, where, source, sha256)
        else:
            fix = "JSON files are read as ninjs; other rows belong in a .jsonl file with a field `text`."
            yield Refused(where, ArchiveError("it is no news item of ninjs: it has no headline and no body.", fix=fix))


def read_item(item: Mapping[str, Any], where: str, source: SourceFile, sha256: str) -> Draft:
    """Return the document of an item."""
    fields = {str(key).lower(): value for key, value in item.items()}
    draft = Draft(where=where, text="", markdown=True, raw=json.dumps(item).encode(), kind="ninjs")
    draft.uri = _text(fields.get("uri"))
    draft.title = _value(fields, "headlines", "headline", draft) or _text(fields.get("title"))
    _read_body(fields, draft)
    draft.published = next((found for key in ("firstpublished", "firstcreated", "contentcreated", "versioncreated")
                            if (found := read_date(fields.get(key)))), None)  # fmt: skip
    draft.modified = read_date(fields.get("versioncreated"))
    draft.authors = split_byline(_text(fields.get("byline")) or _text(fields.get("by")))
    draft.publisher = _publisher(fields)
    draft.language = _text(fields.get("language"))
    names = [name for key in ("genre", "genres", "profile", "slugline") for name in _names(fields.get(key))]
    draft.label = find_label(names)
    subjects = [one for key in ("subject", "subjects") for one in _objects(fields.get(key))]
    schemes = [" ".join(_text(one.get(key)).lower() for key in ("scheme", "rel", "uri")) for one in subjects]
    sections = [_text(one.get("name")) or _text(one.get("literal"))
                for one, scheme in zip(subjects, schemes, strict=True) if "section" in scheme]  # fmt: skip
    draft.section = _text(fields.get("section")) or next(iter(sections), "")
    draft.wire = _wire(fields)
    apply_status(draft, _text(fields.get("pubstatus")), sha256, source.seen)
    apply_window(draft, *read_window(fields.get("embargoed"), fields.get("expires")), sha256, source.seen)
    for note in _texts(fields.get("ednote")):
        apply_editors_note(draft, note, draft.modified)
    _read_pictures(fields, draft, source)
    return draft


def _read_body(fields: Mapping[str, Any], draft: Draft) -> None:
    """Take the fullest body: HTML before plain text, for it has headings; else the description."""
    bodies = [(_text(one.get("contenttype")).lower(), _text(one.get("value")), _text(one.get("role")).lower())
              for one in map(_lower, _objects(fields.get("bodies"))) if _text(one.get("value"))]  # fmt: skip
    bodies += [(key.removeprefix("body_"), _text(value), "") for key, value in fields.items()
               if key.startswith("body_") and _text(value)]  # fmt: skip
    rich = [value for kind, value, _ in bodies if "html" in kind]
    plain = [value for kind, value, _ in bodies if "html" not in kind]
    if rich:
        draft.text = read_fragment(rich[0], draft.notes)
    elif plain:
        draft.text, draft.markdown = plain[0], False
    else:
        told = _value(fields, "descriptions", "description_text", draft) or _text(fields.get("description_html"))
        draft.text = read_fragment(told, draft.notes)
        if told:
            draft.notes.append("the item has no body: this is its description")


def _value(fields: Mapping[str, Any], many: str, one: str, draft: Draft) -> str:
    values = [_text(_lower(each).get("value")) for each in _objects(fields.get(many))]
    found = next((each for each in values if each), "") or _text(fields.get(one))
    return read_fragment(found, draft.notes) if "<" in found else found


def _publisher(fields: Mapping[str, Any]) -> str:
    sources = [_lower(one) for key in ("infosources", "infosource") for one in _objects(fields.get(key))]
    publishing = [one for one in sources if "publish" in _text(one.get("role")).lower()]
    named = [_text(one.get("name")) for one in (*publishing, *sources)]
    return next((name for name in named if name), "") or _text(fields.get("copyrightholder"))


def _wire(fields: Mapping[str, Any]) -> str:
    told = fields.get("altids")
    if isinstance(told, Mapping):
        return next((_text(value) for key, value in told.items() if str(key).lower() in _WIRES), "")
    return next((_text(one.get("value")) for one in map(_lower, _objects(told))
                 if _text(one.get("role")).lower() in _WIRES), "")  # fmt: skip


def _read_pictures(fields: Mapping[str, Any], draft: Draft, source: SourceFile) -> None:
    told = fields.get("associations")
    items = list(told.values()) if isinstance(told, Mapping) else told if isinstance(told, list) else []
    if _text(fields.get("type")).lower() == "picture":
        items = [fields, *items]
    for item in map(_lower, _objects(items)):
        if _text(item.get("type")).lower() not in {"picture", "graphic"}:
            continue
        told = item.get("renditions")
        versions = list(told.values()) if isinstance(told, Mapping) else told
        names = [_text(_lower(one).get("href")) for one in _objects(versions)]
        data = next((found for name in names if name and (found := source.fetch(name)) is not None), None)
        caption = _value(item, "descriptions", "description_text", draft) or _value(
            item, "headlines", "headline", draft
        )
        if data is None:
            draft.notes.append("left out 1 image that is not beside the item")
        else:
            credit = _text(item.get("byline")) or _text(item.get("by")) or _text(item.get("copyrightholder"))
            draft.pictures.append(DraftPicture(data, caption, credit))


def _lower(value: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).lower(): each for key, each in value.items()}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _names(value: object) -> list[str]:
    if isinstance(value, list):
        return [_text(one.get("name")) if isinstance(one, Mapping) else _text(one) for one in value]
    return [_text(value)]


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [_text(_lower(one).get("value")) if isinstance(one, Mapping) else _text(one) for one in value]
    return [_text(value)] if _text(value) else []


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
