"""Files that speak for all documents of a site: found in a folder, or given with their address, e.g. out of a WARC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import urljoin

from fairtrial.rights.readers.aitxt import read_ai_txt
from fairtrial.rights.readers.parsing import MOST_BYTES
from fairtrial.rights.readers.paths import normalise_path
from fairtrial.rights.readers.place import Place, SignalSource, SiteAddress, clean_line, make_source, split_address
from fairtrial.rights.readers.robots import RobotsFile, read_robots
from fairtrial.rights.readers.rsl import RSL, RslFile, read_rsl
from fairtrial.rights.readers.tdmrep import read_tdmrep
from fairtrial.rights.record import Evidence


class SiteFile(Protocol):
    """A file that can be asked about any document of its site."""

    def tell(self, target: SiteAddress) -> tuple[Evidence, ...]:
        """Return what it says of a document."""
        ...


_READERS: dict[str, Callable[[bytes, SignalSource], SiteFile]] = {
    "robots.txt": read_robots,
    "rsl.xml": read_rsl,
    "license.xml": read_rsl,
    ".well-known/tdmrep.json": read_tdmrep,
    "tdmrep.json": read_tdmrep,
    ".well-known/ai.txt": read_ai_txt,
    "ai.txt": read_ai_txt,
}

SITE_FILES = tuple(_READERS)
"""Where the files of a site are looked for, within its folder; they are no documents."""


@dataclass(frozen=True, slots=True)
class _Known:
    folder: str
    host: str
    name: str
    file: SiteFile


class Site:
    """The files of one site or of several, each of which speaks for the documents beside and below it.

    Args:
        root: the folder that was added; files are looked for in it and below, on the way to a document, and never
            above it or through a link out of it.  None: only those that `add` gives.
        seen: when the folder was read, with a time zone.
    """

    def __init__(self, root: Path | None, seen: datetime) -> None:
        self._root = root.resolve() if root is not None else None
        self._seen = seen
        self._folders: dict[str, list[_Known]] = {}
        self._hosts: dict[str, list[_Known]] = {}
        self._linked: dict[str, RslFile | None] = {}

    def add(self, url: str, data: bytes, where: str, seen: datetime) -> bool:
        """Take a file of a site by its address; returns whether it is one that speaks for other documents."""
        target = split_address(url)
        if target is None:
            return False
        path = target.path.partition("?")[0]
        name = path.lstrip("/")
        if name not in _READERS and not path.endswith((".rsl", "/rsl.xml", "/license.xml")):
            return False
        file = _READERS.get(name, read_rsl)(data, make_source(data, where, seen))
        self._hosts.setdefault(target.host, []).append(_Known("", target.host, path, file))
        return True

    def tell(self, place: Place) -> tuple[Evidence, ...]:
        """Return what the files of its site say of a document."""
        found: list[Evidence] = []
        for known in self._list_known(place):
            if isinstance(known.file, RslFile) and known.file.foreign and known.name != "/rsl.xml":
                continue  # many programs have a file license.xml; it counts where somebody declares it
            target = _find_target(place, known)
            found += known.file.tell(target)
            if isinstance(known.file, RobotsFile):
                for line in known.file.list_licenses():
                    at = f"robots.txt, line {line.number}"
                    found += self._tell_declared(line.value, known.file.source, at, place, target)
        return tuple(dict.fromkeys(found))

    def tell_linked(self, url: str, source: SignalSource, at: str, place: Place) -> tuple[Evidence, ...]:
        """Return what an RSL file says to which a page or header links; one that is not here licenses nothing."""
        target = split_address(place.url) or SiteAddress("", _path_in("", place.path))
        return self._tell_declared(urljoin(place.url, url) if place.url else url, source, at, place, target)

    def _tell_declared(
        self, url: str, source: SignalSource, at: str, place: Place, target: SiteAddress
    ) -> tuple[Evidence, ...]:
        for known in self._list_known(place):
            if isinstance(known.file, RslFile) and _is_at(url, known):
                return known.file.tell(target)
        linked = self._look_linked(url, place)
        if linked is not None:
            return linked.tell(target)
        problem = f"it declares the licence {clean_line(url)[:200]!r}, which is not among the files"
        return (source.tell(RSL, f"{at}: {url}", at=at, problem=problem),)

    def _list_known(self, place: Place) -> Iterator[_Known]:
        target = split_address(place.url)
        if target is not None:
            yield from self._hosts.get(target.host, ())
        if self._root is not None and place.path:
            folders = [str(folder) for folder in PurePosixPath(place.path).parents]
            for folder in folders:
                yield from self._look(folder)

    def _look(self, folder: str) -> list[_Known]:
        """Return the files of a site in one folder, read once."""
        if folder not in self._folders:
            assert self._root is not None
            self._folders[folder] = []
            for name, read in _READERS.items():
                path = self._root / folder / name
                data = self._read_file(path)
                if data is not None:
                    where = str(PurePosixPath(folder) / name)
                    known = _Known(folder, "", f"/{name}", read(data, make_source(data, where, self._seen)))
                    self._folders[folder].append(known)
        return self._folders[folder]

    def _look_linked(self, url: str, place: Place) -> RslFile | None:
        """Return the licence file at the path of an address, in the document's folder or one above it."""
        whole = split_address(url)
        path = (whole.path if whole is not None else url).partition("?")[0].lstrip("/")
        if self._root is None or not place.path or not path:
            return None
        for folder in PurePosixPath(place.path).parents:
            where = str(folder / path)
            if where not in self._linked:
                data = self._read_file(self._root / where)
                self._linked[where] = (data and read_rsl(data, make_source(data, where, self._seen))) or None
            if (file := self._linked[where]) is not None:
                return file
        return None

    def _read_file(self, path: Path) -> bytes | None:
        """Return a file's bytes, one more than are read where it is larger; None where there is none in the folder."""
        assert self._root is not None
        try:
            if not path.is_file() or not path.resolve().is_relative_to(self._root):
                return None
            with path.open("rb") as file:
                return file.read(MOST_BYTES + 1)
        except (OSError, ValueError):
            return None


def _find_target(place: Place, known: _Known) -> SiteAddress:
    """Return what patterns are compared with: the document's address, else its path within the file's folder."""
    whole = split_address(place.url)
    if whole is None:
        return SiteAddress("", _path_in(known.folder, place.path))
    return SiteAddress(whole.host, normalise_path(whole.path))


def _path_in(folder: str, path: str) -> str:
    inside = PurePosixPath(path)
    if folder not in ("", "."):
        inside = inside.relative_to(folder)
    return normalise_path(f"/{inside}")


def _is_at(url: str, known: _Known) -> bool:
    """Whether a declared address is that of a file: the same path, and the same host where that is known."""
    target = split_address(url)
    if target is None:
        return f"/{url.lstrip('/')}" == known.name
    return target.path == known.name and known.host in ("", target.host)
