"""What an HTML page says of its rights, taken out of it in one pass; nothing of it is rendered, fetched or run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairtrial.errors import MissingExtraError, RightsError
from fairtrial.rights.readers.parsing import MOST_BYTES

MOST_PAGE_BYTES = 16 << 20
MOST_ELEMENTS = 1000
"""Of each kind that are kept."""

_SCRIPTS = frozenset({"application/ld+json", "application/rsl+xml"})


@dataclass(slots=True)
class Page:
    """Elements of a page that may tell rights, in their order.

    Attributes:
        metas: name or property in lower case, and content.
        licenses: address and type of each link or anchor with ``rel=license``.
        scripts: type and text of scripts in JSON-LD and RSL.
        properties: ``itemprop`` and value of the outermost items of microdata.
        overflow: whether there was more than is kept.
    """

    metas: list[tuple[str, str]] = field(default_factory=list)
    licenses: list[tuple[str, str]] = field(default_factory=list)
    scripts: list[tuple[str, str]] = field(default_factory=list)
    properties: list[tuple[str, str]] = field(default_factory=list)
    overflow: bool = False

    def list_metas(self, *names: str) -> list[str]:
        """Return the contents of metas with these names."""
        return [content for name, content in self.metas if name in names]


def read_page_signals(data: bytes) -> Page:
    """Return what a page says of its rights.

    Raises:
        RightsError: too large, or no HTML at all.
        MissingExtraError: the parser is not installed.
    """
    if len(data) > MOST_PAGE_BYTES:
        raise RightsError(f"it has {len(data)} bytes, more than the {MOST_PAGE_BYTES} that are read")
    try:
        from lxml import etree
    except ImportError:
        raise MissingExtraError("Reading HTML", "archive") from None
    target = _Collector()
    parser = etree.HTMLParser(target=target, huge_tree=True, no_network=True)
    try:
        etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, LookupError):
        if data.strip():
            raise RightsError("it cannot be parsed as HTML") from None
    return target.page


class _Collector:
    """Receives the events of the parser."""

    def __init__(self) -> None:
        self.page = Page()
        self._script = ""
        self._text: list[str] = []
        self._size = 0
        self._property = ""
        self._depth = 0
        self._items: list[int] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        name = attributes.get("name") or attributes.get("property") or ""
        if tag == "meta" and name:
            self._keep(self.page.metas, name.strip().casefold()[:100], attributes.get("content", ""))
        rels = attributes.get("rel", "").casefold().split()
        if tag in ("link", "a", "area") and "license" in rels:
            kind = attributes.get("type", "").partition(";")[0].strip().casefold()
            self._keep(self.page.licenses, attributes.get("href", ""), kind)
        if tag == "script":
            kind = attributes.get("type", "").partition(";")[0].strip().casefold()
            self._script = kind if kind in _SCRIPTS else ""
            self._text, self._size = [], 0
        self._start_property(tag, attributes)

    def data(self, text: str) -> None:
        if not self._script and not self._property:
            return
        self._size += len(text)
        if self._size <= MOST_BYTES:
            self._text.append(text)
        else:
            self.page.overflow = True

    def end(self, tag: str) -> None:
        if tag == "script" and self._script:
            self._keep(self.page.scripts, self._script, "".join(self._text))
            self._script = ""
        elif self._property and self._text:
            self._end_property()
        while self._items and self._items[-1] >= self._depth:
            self._items.pop()
        self._depth -= 1

    def comment(self, text: str) -> None:
        """Comments say nothing."""

    def pi(self, target: str, data: str | None = None) -> None:
        """Nor do processing instructions."""

    def doctype(self, *_: object) -> None:
        """Nor do document types."""

    def close(self) -> Page:
        if self._script:  # a script that never ends is one all the same
            self._keep(self.page.scripts, self._script, "".join(self._text))
        return self.page

    def _start_property(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = attributes.get("itemprop", "").strip()
        if name and len(self._items) <= 1:
            value = attributes.get("content") or attributes.get("href") or attributes.get("datetime") or ""
            if value:
                self._keep(self.page.properties, name[:100], value)
            elif tag not in ("meta", "link") and not self._script:
                self._property, self._text, self._size = name[:100], [], 0
        if "itemscope" in attributes:
            self._items.append(self._depth)

    def _end_property(self) -> None:
        self._keep(self.page.properties, self._property, "".join(self._text).strip())
        self._property, self._text = "", []

    def _keep(self, where: list[tuple[str, str]], name: str, value: str) -> None:
        if len(where) < MOST_ELEMENTS:
            where.append((name, value))
        else:
            self.page.overflow = True
