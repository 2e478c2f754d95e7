"""The point or box that a written answer names, in the forms in which models write them.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from fairtrial.tasks.reading.plain import clean, cut_own_part

PlaceCoordinates = tuple[float, ...]
"""Two numbers, a point, or four, two corners of a box."""

_N = r"[-+]?\d{1,7}(?:\.\d{1,12})?|[-+]?\.\d{1,12}"
_BETWEEN = r"\s{0,3}[,;\s]\s{0,3}"
_POINT = rf"[(\[<]{{1,2}}\s{{0,3}}({_N}){_BETWEEN}({_N})\s{{0,3}}[)\]>]{{1,2}}"
_CORNERS = re.compile(rf"{_POINT}\s{{0,3}}(?:[,;-]|to|and|\|)?\s{{0,3}}{_POINT}")
_ONE = re.compile(_POINT)
_FOUR = re.compile(
    rf"[(\[<]{{1,2}}\s{{0,3}}({_N}){_BETWEEN}({_N}){_BETWEEN}({_N}){_BETWEEN}({_N})\s{{0,3}}[)\]>]{{1,2}}"
)
_BARE = re.compile(rf"({_N}){_BETWEEN}({_N})(?:{_BETWEEN}({_N}){_BETWEEN}({_N}))?")
_NAME = r"(?:x|y|x_?min|y_?min|x_?max|y_?max|x[012]|y[012]|left|top|right|bottom|width|height|w|h)"
_NAMED = re.compile(rf"[\"']?\b({_NAME})[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?({_N})", re.IGNORECASE)
_GAP = re.compile(r"[\s,;\"']{0,20}(?:and\s)?")
_WIDTH, _HEIGHT = 4, 5
_CORNER = {
    **dict.fromkeys(("x", "x1", "x0", "xmin", "left"), 0),
    **dict.fromkeys(("y", "y1", "y0", "ymin", "top"), 1),
    **dict.fromkeys(("x2", "xmax", "right"), 2),
    **dict.fromkeys(("y2", "ymax", "bottom"), 3),
    **dict.fromkeys(("width", "w"), _WIDTH),
    **dict.fromkeys(("height", "h"), _HEIGHT),
}


def read_place(text: str, order: Literal["xy", "yx"] = "xy") -> PlaceCoordinates | None:
    """Return the point or box that a text names, across before down; None if it names none, or several.

    ``order`` is that of numbers without a name; those with one (``y=34, x=12``) say themselves which they are.

    Known forms: ``(12, 34)``, ``[12, 34, 56, 78]``, ``(12, 34), (56, 78)``, ``x=12, y=34``, ``{"x": 12, "y": 34}``,
    ``{"bbox_2d": [12, 34, 56, 78]}``, ``{"x": 12, "y": 34, "width": 44, "height": 44}``,
    ``<point x="12.5" y="34.0">``, ``<box>(12,34),(56,78)</box>``, ``12, 34``.
    """
    said = clean(cut_own_part(text))
    if found := set(_find_named(said)):
        return found.pop() if len(found) == 1 else None
    found = set(_find_grouped(said))
    if not found and (bare := _BARE.fullmatch(said.rstrip("."))):
        found = {tuple(float(one) for one in bare.groups() if one is not None)}
    if len(found) != 1:
        return None
    place = found.pop()
    return place if order == "xy" else tuple(place[i ^ 1] for i in range(len(place)))


def _find_named(text: str) -> Iterator[PlaceCoordinates]:
    """Yield places whose numbers have names."""
    known: dict[int, float] = {}
    numbers = [(_CORNER.get(one[1].casefold().replace("_", "")), float(one[2])) for one in _NAMED.finditer(text)]
    names = {one[1].casefold() for one in _NAMED.finditer(text)}
    zero = "x0" in names and "x1" in names  # x0 and x1 are the two corners then
    end = 0
    for match, (at, value) in zip(_NAMED.finditer(text), numbers, strict=True):
        behind = _GAP.fullmatch(text, end, match.start()) is not None
        if zero and match[1].casefold() in ("x1", "y1"):
            at = 2 if match[1].casefold() == "x1" else 3
        if at is None or (at in (_WIDTH, _HEIGHT) and not (behind and {0, 1} <= known.keys())):
            continue  # a size that does not follow a corner is that of the image
        end = match.end()
        if at in known:
            yield from _as_place(known)
            known = {}
        known[at] = value
    yield from _as_place(known)


def _as_place(known: dict[int, float]) -> Iterator[PlaceCoordinates]:
    if set(known) == {0, 1, _WIDTH, _HEIGHT}:
        yield known[0], known[1], known[0] + known[_WIDTH], known[1] + known[_HEIGHT]
    elif set(known) in ({0, 1}, {0, 1, 2, 3}):
        yield tuple(known[i] for i in sorted(known))


def _find_grouped(text: str) -> Iterator[PlaceCoordinates]:
    """Yield places whose numbers stand between brackets."""
    for pattern in (_FOUR, _CORNERS, _ONE):
        for match in pattern.finditer(text):
            yield tuple(float(one) for one in match.groups())
        text = pattern.sub(" ", text)
