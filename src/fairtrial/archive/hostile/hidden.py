"""Which elements of HTML a reader never sees: by their own attributes and styles, without a browser.

Known are ``hidden``, ``aria-hidden``, ``display: none``, ``visibility: hidden``, no opacity, letters too small to read,
letters of the colour of the ground that they stand on, and what is moved off the page or cut away; in the element
itself, or in the page's own style sheets by element, class and id.  Style sheets that are files of their own, scripts,
and what is hidden by a combination of rules are not known: no claim of completeness is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NEVER_SHOWN = frozenset({"script", "style", "noscript", "template", "head", "iframe", "object", "embed", "svg",
                         "noframes", "datalist", "title", "textarea"})  # fmt: skip
"""Elements whose content is no text of the page."""

UNREMARKABLE = NEVER_SHOWN - {"noscript", "template", "textarea"}
"""Those of them that every page has; text in the others may be meant for readers that are no people."""

SMALLEST = 3.0
"""Height of letters, in pixels, under which nobody reads them."""

FAR = 900.0
"""Pixels to the left of or above a page beyond which nothing is seen."""

_DECLARATION = re.compile(r"([-a-z]{2,40})\s*:\s*([^;{}]{1,400})", re.IGNORECASE)
_NUMBER = re.compile(r"(-?\d*\.?\d+)\s*(px|pt|em|rem|%|vw|vh|ex|cm|mm|in)?", re.IGNORECASE)
_UNITS = {"px": 1.0, "": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "%": 0.16, "vw": 12.0, "vh": 8.0, "ex": 8.0,
          "cm": 37.8, "mm": 3.78, "in": 96.0}  # fmt: skip
_COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240),
            "ghostwhite": (248, 248, 255), "whitesmoke": (245, 245, 245), "floralwhite": (255, 250, 240)}  # fmt: skip
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_RULE = re.compile(r"([^{}@]{1,2000})\{([^{}]{0,4000})\}")
_SELECTOR = re.compile(r"([a-z][a-z0-9]*|\*)?((?:[.#][-\w]+)*)", re.IGNORECASE)
MOST_RULES = 2_000
MOST_CSS = 500_000


Ground = tuple[int, int, int] | None
"""Colour behind letters; None where it is not known."""

WHITE = (255, 255, 255)


@dataclass(slots=True)
class StyleSheet:
    """Rules of a page's own style elements: those that hide something, with why, and those that set a ground."""

    hiding: dict[tuple[str, frozenset[str], str], str] = field(default_factory=dict)
    grounds: dict[tuple[str, frozenset[str], str], Ground] = field(default_factory=dict)

    def add(self, css: str) -> None:
        """Read the rules of a style element; those of media other than all screens are passed over."""
        css = _drop_blocks(_COMMENT.sub("", css[:MOST_CSS]))
        for number, rule in enumerate(_RULE.finditer(css)):
            if number >= MOST_RULES:
                return
            why, (known, ground) = find_hiding_style(rule[2], None), find_ground(rule[2])
            for one in rule[1].split(",") if why or known else ():
                if (key := _read_selector(one.strip())) and why:
                    self.hiding[key] = why
                elif key:
                    self.grounds[key] = ground

    def find_hiding(self, tag: str, attributes: Mapping[str, str | None]) -> str:
        """Return why a rule hides this element; empty if none does."""
        return next((self.hiding[key] for key in self.hiding if _fits(key, tag, attributes)), "")

    def find_ground(self, tag: str, attributes: Mapping[str, str | None]) -> tuple[bool, Ground]:
        """Return whether a rule sets the ground of this element, and its colour."""
        found = [self.grounds[key] for key in self.grounds if _fits(key, tag, attributes)]
        return bool(found), found[-1] if found else None


def _fits(key: tuple[str, frozenset[str], str], tag: str, attributes: Mapping[str, str | None]) -> bool:
    element, classes, identity = key
    return (
        (not element or element == tag)
        and (not classes or classes <= set((attributes.get("class") or "").split()))
        and (not identity or identity == attributes.get("id"))
    )


def _drop_blocks(css: str) -> str:
    """Return a style sheet without its blocks of conditions, such as those of small screens and of paper."""
    kept, at = [], 0
    for found in re.finditer(r"@[a-z-]+[^{};]*\{", css, re.IGNORECASE):
        if found.start() < at or re.fullmatch(r"@media\s+(?:all|screen)\s*\{", found[0], re.IGNORECASE):
            continue
        kept.append(css[at : found.start()])
        depth, at = 1, found.end()
        while depth and at < len(css):
            depth += {"{": 1, "}": -1}.get(css[at], 0)
            at += 1
    return "".join(kept) + css[at:]


def _read_selector(text: str) -> tuple[str, frozenset[str], str] | None:
    found = _SELECTOR.fullmatch(text)
    if not found or not text or text in {"*", "html", "body"}:
        return None
    parts = re.findall(r"([.#])([-\w]+)", found[2])
    names = [name for mark, name in parts if mark == "#"]
    element = (found[1] or "").lower().replace("*", "")
    return (element, frozenset(name for mark, name in parts if mark == "."), names[0] if names else "")


def find_hiding(
    tag: str, attributes: Mapping[str, str | None], sheet: StyleSheet | None = None, ground: Ground = WHITE
) -> str:
    """Return why an element is not shown; empty if nothing says so.

    Args:
        tag: its name, in lower case.
        attributes: name in lower case -> value.
        sheet: the page's own style.
        ground: what it stands on.
    """
    if tag in NEVER_SHOWN:
        return "never shown"
    if "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found":
        return "hidden"
    if (attributes.get("aria-hidden") or "").strip().lower() == "true":
        return "aria-hidden"
    if tag == "font" and (why := _compare_colours(attributes.get("color") or "", ground)):
        return why
    if (style := attributes.get("style")) and (why := find_hiding_style(style, ground)):
        return why
    return sheet.find_hiding(tag, attributes) if sheet else ""


def find_hiding_style(style: str, ground: Ground = WHITE) -> str:
    """Return why declarations of CSS hide an element that stands on such a ground; empty if they do not."""
    said = _read_declarations(style)
    if said.get("display", "") == "none":
        return "display: none"
    if said.get("visibility", "") in {"hidden", "collapse"} or said.get("content-visibility", "") == "hidden":
        return "visibility: hidden"
    if (seen := _number(said.get("opacity", ""))) is not None and seen <= (5 if "%" in said["opacity"] else 0.05):
        return "opacity: 0"
    if re.search(r"opacity\(\s*0?\.?0+%?\s*\)", said.get("filter", "")):
        return "opacity: 0"
    return _find_small(said) or _find_colour(said, ground) or _find_place(said)


def find_ground(style: str) -> tuple[bool, Ground]:
    """Return whether declarations of CSS set a ground, and its colour; None where it is an image or unknown."""
    said = _read_declarations(style)
    ground = said.get("background-color", said.get("background", ""))
    if not ground or ground in {"transparent", "none", "inherit", "initial", "unset"}:
        return "background-image" in said, None
    return True, None if "url(" in ground or "gradient" in ground else _colour(ground)


def _read_declarations(style: str) -> dict[str, str]:
    style = _COMMENT.sub("", style[:8_000])
    return {name.lower(): re.sub(r"\s*!\s*important", "", value).strip().lower()
            for name, value in _DECLARATION.findall(style)}  # fmt: skip


def _find_small(said: Mapping[str, str]) -> str:
    size = said.get("font-size", "")
    if not size and (match := re.search(r"(?<![\w.])(\d*\.?\d+(?:px|pt|em|rem|%))", said.get("font", ""))):
        size = match[1]
    if (height := _pixels(size)) is not None and height < SMALLEST:
        return "letters too small to read"
    if re.search(r"scale[xy]?\(\s*0?\.?0+\s*[,)]", said.get("transform", "")):
        return "letters too small to read"
    return ""


def _find_colour(said: Mapping[str, str], ground: Ground) -> str:
    letters = said.get("color", "")
    if letters == "transparent" or re.match(r"(?:rgba|hsla)\([^)]*[,/]\s*0?\.?0+%?\s*\)", letters):
        return "transparent letters"
    if re.fullmatch(r"#(?:[0-9a-f]{3}0|[0-9a-f]{6}00)", letters):
        return "transparent letters"
    behind = said.get("background-color", said.get("background", ""))
    if behind and behind not in {"transparent", "none", "inherit", "initial", "unset"}:
        ground = _colour(behind)
    return _compare_colours(letters, ground)


def _compare_colours(letters: str, ground: Ground) -> str:
    colour = _colour(letters.strip().lower())
    if colour is None or ground is None:
        return ""
    return (
        "letters of the ground's colour" if max(abs(a - b) for a, b in zip(colour, ground, strict=True)) <= 12 else ""
    )


def _find_place(said: Mapping[str, str]) -> str:
    placed = said.get("position", "") in {"absolute", "fixed", "relative"}
    sides = [("left", placed), ("top", placed), ("right", placed), ("bottom", placed), ("text-indent", True),
             ("margin-left", True), ("margin-top", True)]  # fmt: skip
    for name, counts in sides:
        if counts and (moved := _pixels(said.get(name, ""))) is not None and moved <= -FAR:
            return "off the page"
    if any(abs(float(one)) >= FAR for one in re.findall(r"-\d{3,6}(?=px)", said.get("transform", ""))):
        return "off the page"
    if re.fullmatch(r"rect\(\s*(?:0|1)(?:px)?[\s,]+(?:0|1)(?:px)?[\s,]+(?:0|1)(?:px)?[\s,]+(?:0|1)(?:px)?\s*\)",
                    said.get("clip", "")):  # fmt: skip
        return "cut away"
    if re.match(r"(?:inset\(\s*(?:50|100)%|circle\(\s*0)", said.get("clip-path", "")):
        return "cut away"
    small = [side for side in ("width", "height", "max-height", "max-width")
             if (long := _pixels(said.get(side, ""))) is not None and long <= 1]  # fmt: skip
    return "cut away" if small and said.get("overflow", "") in {"hidden", "clip"} else ""


def _pixels(value: str) -> float | None:
    found = _NUMBER.match(value)
    return float(found[1]) * _UNITS[(found[2] or "").lower()] if found else None


def _number(value: str) -> float | None:
    found = _NUMBER.match(value)
    return float(found[1]) if found else None


def _colour(value: str) -> tuple[int, int, int] | None:
    value = value.strip().split(" ")[0] if not value.startswith(("rgb", "hsl")) else value.strip()
    if value in _COLOURS:
        return _COLOURS[value]
    if found := re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", value):
        digits = found[1] if len(found[1]) == 6 else "".join(2 * one for one in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := re.match(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})", value):
        return int(found[1]), int(found[2]), int(found[3])
    return None
