"""schema.org in a page, as JSON-LD and as microdata: licence, holder, terms, paywall and end of validity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from fairtrial.errors import RightsError
from fairtrial.rights.readers.embargoes import FIRST, tell_end
from fairtrial.rights.readers.licences import Credit, read_licence
from fairtrial.rights.readers.pages import Page
from fairtrial.rights.readers.parsing import parse_signal_json
from fairtrial.rights.readers.place import SignalSource, clean_line
from fairtrial.rights.record import Evidence, Statement, Use

SCHEMA_ORG = "schema.org"
MOST_OBJECTS = 200

_PARTS = frozenset(["imageobject", "videoobject", "audioobject", "mediaobject", "organization", "newsmediaorganization",
                    "person", "breadcrumblist", "itemlist", "comment", "review", "product", "event"])  # fmt: skip
"""Types whose rights are not those of the page."""

_NO = frozenset(["false", "no", "0", "http://schema.org/false", "https://schema.org/false"])


@dataclass(frozen=True, slots=True)
class _Work:
    """What is said of the page's own work."""

    licences: tuple[str, ...]
    holder: str
    credit: str
    terms_url: str
    free: bool
    expires: datetime | None
    raw: str


def read_schema_org(page: Page, source: SignalSource) -> list[Evidence]:
    """Return what schema.org in a page says of its rights; JSON-LD that cannot be parsed is a problem."""
    found: list[Evidence] = []
    for kind, text in page.scripts:
        if kind != "application/ld+json":
            continue
        try:
            value = parse_signal_json(text.strip().removeprefix("<!--").removesuffix("-->"))
        except RightsError as error:
            found.append(source.tell(SCHEMA_ORG, "", at="JSON-LD", problem=error.message))  # it may hold the article
            continue
        for one in _list_works(value):
            found += _tell(_read_work(one), source, "JSON-LD")
    microdata: dict[str, object] = {}
    for name, text in page.properties:
        microdata.setdefault(name.rpartition("/")[2], text)
    return found + _tell(_read_work(microdata), source, "microdata")


def _list_works(value: object) -> Iterator[Mapping[str, object]]:
    """Yield the objects that are about the page itself: the outermost ones, those of a graph, and main entities."""
    waiting, seen = [value], 0
    while waiting and seen < MOST_OBJECTS:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one[:MOST_OBJECTS])
        elif isinstance(one, dict):
            seen += 1
            waiting.extend(one[key] for key in ("@graph", "mainEntity") if key in one)
            kinds = {name.casefold().rpartition("/")[2].removeprefix("schema:") for name in _texts(one.get("@type"))}
            if not kinds & _PARTS:
                yield one


def _read_work(item: Mapping[str, object]) -> _Work:
    holder = _name(item.get("copyrightHolder")) or _name(item.get("publisher"))
    free = not any(text.casefold() in _NO for text in _texts(item.get("isAccessibleForFree")))
    keys = ("license", "usageInfo", "acquireLicensePage", "copyrightHolder", "copyrightNotice", "creditText",
            "isAccessibleForFree", "conditionsOfAccess", "expires")  # fmt: skip
    raw = "\n".join(f"{key}: {text}" for key in keys for text in _texts(item.get(key)))
    terms = [text for key in ("usageInfo", "acquireLicensePage") for text in _texts(item.get(key))]
    return _Work(
        tuple(_texts(item.get("license"))),
        holder,
        _name(item.get("creditText")),
        next(iter(terms), ""),
        free,
        _read_date(next(iter(_texts(item.get("expires"))), "")),
        raw,
    )


def _tell(work: _Work, source: SignalSource, at: str) -> list[Evidence]:
    if not work.raw:
        return []
    statements = () if work.free else (
        Statement(Use.QUOTE, "conditional", "isAccessibleForFree is false and no access is proved"),
        Statement(Use.DISPLAY, "conditional", "isAccessibleForFree is false and no access is proved"),
    )  # fmt: skip
    evidence = source.tell(SCHEMA_ORG, work.raw, statements, at=at)
    found = [replace(evidence, holder=clean_line(work.holder), terms_url=clean_line(work.terms_url))]
    for licence in work.licences:
        credit = Credit(clean_line(work.credit or work.holder))
        found += [replace(one, holder=clean_line(work.holder)) for one in read_licence(licence, source, at, credit)]
    if work.expires is not None:
        found.append(tell_end(source, f"expires: {work.expires.isoformat()}", at, work.expires))
    return found


def _read_date(text: str) -> datetime | None:
    """Return a moment; one without a time zone is the first that it can be anywhere."""
    try:
        moment = datetime.fromisoformat(text.strip()[:40])
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=FIRST)


def _name(value: object) -> str:
    """Return the text or name of the first of some values."""
    return next(iter(_texts(value, ("name", "legalName", "@id", "url"))), "")


def _texts(value: object, keys: Iterable[str] = ("@id", "url", "@value", "name")) -> list[str]:
    """Return the texts of a value, of a list of them, or of an object's first known key."""
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, bool | int | float):
        return [str(value)]
    if isinstance(value, list):
        return [text for one in value[:20] if not isinstance(one, list) for text in _texts(one, keys)]
    if isinstance(value, dict):
        held = (value[key] for key in keys if isinstance(value.get(key), str))
        return [text.strip() for text in held if text.strip()][:1]
    return []
