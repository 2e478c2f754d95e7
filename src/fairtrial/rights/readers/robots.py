"""robots.txt (RFC 9309): who may fetch a document, and the lines about its use that other standards add to it.

Whether a crawler may fetch a page says nothing of what may be done with it, so that ``Allow`` never permits a use.
A file that keeps out everybody has no statement; what follows from it is for `decide` to say.
Denials are: a group of its own that keeps a crawler out which collects for a use (`agents`), and what
``Content-Usage`` (IETF AI preferences) and ``Content-Signal`` deny.  ``License`` points to an RSL file.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fairtrial.errors import MissingExtraError
from fairtrial.rights.readers.agents import AGENTS, OWN
from fairtrial.rights.readers.parsing import MOST_BYTES
from fairtrial.rights.readers.paths import match_path, normalise_path
from fairtrial.rights.readers.place import SignalSource, SiteAddress, clean_line
from fairtrial.rights.readers.preferences import read_content_signal, read_preferences
from fairtrial.rights.record import Evidence, Statement

if TYPE_CHECKING:
    from protego import Protego

MOST_LINES = 20_000
"""Of one file; RFC 9309 asks that 500 KiB are read."""

ROBOTS = "robots.txt"
EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class _Line:
    """One line with a value, as it was written; the path is empty where it has none."""

    number: int
    name: str
    path: str
    value: str
    text: str


@dataclass(slots=True)
class _Group:
    """Lines for some crawlers, by their product tokens in lower case with their lines; none: for the whole site."""

    agents: dict[str, _Line] = field(default_factory=dict)
    lines: list[_Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """A robots.txt: its groups, or the problem that makes it unreadable."""

    source: SignalSource
    raw: str
    groups: tuple[_Group, ...] = ()
    fetching: Protego | None = None
    problem: str = ""

    def tell(self, target: SiteAddress) -> tuple[Evidence, ...]:
        """Return what it says of a document: preferences, signals, and which crawlers are kept out."""
        if self.problem:
            return (self.source.tell(ROBOTS, self.raw, problem=self.problem),)
        own, others = self._lines_for_own(), self._lines_for_crawlers()
        silent = not self._may_fetch(OWN, target)
        found = [*self._tell_lines(own, target, denials_only=silent), *self._tell_lines(others, target, True)]
        return (*found, *self._tell_fetching(target))

    def list_licenses(self) -> list[_Line]:
        """Return the ``License`` lines that hold for this program: of its group, else of the whole site (RSL 4.4.2)."""
        groups = self._groups_for_own()
        own = [line for group in groups for line in group.lines if line.name == "license"]
        return own or [
            line for group in self.groups if not group.agents for line in group.lines if line.name == "license"
        ]

    def _groups_for_own(self) -> list[_Group]:
        named = [group for group in self.groups if OWN in group.agents]
        return named or [group for group in self.groups if EVERYBODY in group.agents]

    def _lines_for_own(self) -> list[_Line]:
        sitewide = [group for group in self.groups if not group.agents]
        return [line for group in (*sitewide, *self._groups_for_own()) for line in group.lines]

    def _lines_for_crawlers(self) -> list[_Line]:
        """Return lines for crawlers that collect for AI, without those that hold for this program anyway."""
        own = self._groups_for_own()
        groups = [group for group in self.groups if group not in own and not AGENTS.keys().isdisjoint(group.agents)]
        return [line for group in groups for line in group.lines]

    def _tell_lines(self, lines: Iterable[_Line], target: SiteAddress, denials_only: bool) -> list[Evidence]:
        found = []
        for name, read in (("content-usage", read_preferences), ("content-signal", read_content_signal)):
            for line in _find_longest([one for one in lines if one.name == name], target.path):
                statements, problem = read(line.value)
                if denials_only:
                    statements = tuple(one for one in statements if one.says == "deny")
                    if not statements:
                        continue
                at = f"line {line.number}"
                found.append(self.source.tell(name, line.text, statements, at=at, problem=problem))
        return found

    def _tell_fetching(self, target: SiteAddress) -> list[Evidence]:
        """Return evidence of crawlers that are kept out of a document; of all of them it has no statements."""
        found = []
        named = dict.fromkeys(agent for group in self.groups for agent in group.agents)
        kept_out = [agent for agent in named if agent in AGENTS and not self._may_fetch(agent, target)]
        if kept_out:
            names = {agent: line.value for group in self.groups for agent, line in group.agents.items()}
            statements = {
                use: Statement(use, "deny", f"keeps out {clean_line(names[agent])[:80]}, which collects for it")
                for agent in reversed(kept_out)
                for use in AGENTS[agent]
            }
            found.append(self._tell_rules(kept_out, target, tuple(statements.values())))
        if not self._may_fetch(OWN, target):
            found.append(self._tell_rules([OWN if OWN in named else EVERYBODY], target))
        return found

    def _tell_rules(self, agents: list[str], target: SiteAddress, statements: tuple[Statement, ...] = ()) -> Evidence:
        """Return evidence with the lines of groups that keep crawlers out of a document."""
        groups = [group for group in self.groups if not group.agents.keys().isdisjoint(agents)]
        lines = [
            line
            for group in groups
            for line in (
                *(line for agent, line in group.agents.items() if agent in agents),
                *_find_longest([line for line in group.lines if line.name == "disallow"], target.path),
            )
        ]
        at = f"line {lines[0].number}" if len(lines) < 3 else f"lines {lines[0].number} to {lines[-1].number}"
        return self.source.tell(ROBOTS, "\n".join(line.text for line in lines), statements, at=at)

    def _may_fetch(self, agent: str, target: SiteAddress) -> bool:
        return self.fetching is None or bool(self.fetching.can_fetch(f"https://site.invalid{target.path}", agent))


def read_robots(data: bytes, source: SignalSource) -> RobotsFile:
    """Return what a robots.txt says.

    Raises:
        MissingExtraError: the library that reads Allow and Disallow is not installed.
    """
    raw = data[:8000].decode("utf-8", "replace")
    text, problem = decode_robots(data)
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        problem = f"it has {len(lines)} lines, more than the {MOST_LINES} that are read"
    if problem:
        return RobotsFile(source, raw, problem=problem)
    groups, filtered = _split_groups(lines)
    return RobotsFile(source, raw, tuple(groups), _parse_fetching("\n".join(filtered)))


def decode_robots(data: bytes) -> tuple[str, str]:
    """Return a file's text, and the problem with it; empty if there is none."""
    if len(data) > MOST_BYTES:
        return "", f"it has {len(data)} bytes, more than the {MOST_BYTES} that are read"
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    text = data.decode(encoding, "replace")
    return (text, "") if "\0" not in text else ("", "it has null characters and is no text")


def _split_groups(lines: list[str]) -> tuple[list[_Group], list[str]]:
    """Return the groups, and the lines that tell who may fetch what."""
    sitewide = _Group()
    groups, filtered, ends = [sitewide], list[str](), True
    for number, line in enumerate(lines, 1):
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().casefold(), value.strip()
        if name == "license" and colon:
            groups[-1].lines.append(_Line(number, name, "", value, line.strip()))
            continue
        if name in ("content-usage", "content-signal") and colon:
            groups[-1].lines.append(_split_path(number, name, value, line.strip()))
            filtered.append("crawl-delay:")  # a line that ends the list of agents, and nothing else
            ends = True
            continue
        filtered.append(line)
        if name in ("user-agent", "useragent", "user agent") and colon:
            if ends:
                groups.append(_Group())
            ends = False
            groups[-1].agents.setdefault(value.casefold(), _Line(number, "user-agent", "", value, line.strip()))
        elif name in ("allow", "disallow"):
            ends = True
            groups[-1].lines.append(_Line(number, name, normalise_path(value), value, line.strip()))
    return groups, filtered


def _split_path(number: int, name: str, value: str, text: str) -> _Line:
    if not value.startswith("/"):
        return _Line(number, name, "", value, text)
    path, *rest = value.split(maxsplit=1)
    return _Line(number, name, normalise_path(path), rest[0] if rest else "", text)


def _find_longest(lines: list[_Line], path: str) -> list[_Line]:
    """Return the lines with the longest pattern that matches; several where it is the same."""
    sizes = [(match_path(line.path, path), line) for line in lines]
    longest = max((size for size, _ in sizes if size is not None), default=None)
    return [line for size, line in sizes if size is not None and size == longest]


def _parse_fetching(text: str) -> Protego:
    try:
        from protego import Protego
    except ImportError:
        raise MissingExtraError("Reading robots.txt", "archive") from None
    return Protego.parse(text)
