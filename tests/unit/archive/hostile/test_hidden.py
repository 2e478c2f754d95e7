from __future__ import annotations

import pytest

from fairtrial.archive.hostile.hidden import StyleSheet, find_hiding, find_hiding_style

HIDING = [
    "display:none", "DISPLAY : NONE !important", "visibility:hidden", "visibility: collapse", "opacity:0",
    "opacity: 0.01",
    "filter: opacity(0)", "font-size:0", "font-size: 1px", "font: 0px Arial", "color:#fff", "color: white",
    "color: rgb(255, 255, 255)", "color:#fefefe", "color: #333; background-color: #333", "color: transparent",
    "color: rgba(0,0,0,0)", "position:absolute; left:-9999px", "text-indent:-10000px", "position:fixed;top:-5000px",
    "transform: translateX(-9999px)", "clip: rect(0,0,0,0)", "clip-path: inset(100%)", "height:0; overflow:hidden",
    "transform: scale(0)", "content-visibility:hidden", "dis/**/play:none; display/**/:none",
]  # fmt: skip
SHOWN = [
    "", "display:block", "display: flex", "opacity: 0.9", "font-size: 12px", "font-size:0.8em", "color:#333",
    "color: white; background: #000", "color: white; background: url(a.png)", "left: -10px; position: relative",
    "text-indent: 2em", "height: 200px; overflow: hidden", "visibility: visible", "margin-left: -20px",
    "transform: scale(0.95)", "background: white", "color: white; background: linear-gradient(red, blue)",
]  # fmt: skip


@pytest.mark.parametrize("style", HIDING)
def test_styles_that_hide(style: str) -> None:
    assert find_hiding_style(style)


@pytest.mark.parametrize("style", SHOWN)
def test_styles_that_do_not(style: str) -> None:
    assert find_hiding_style(style) == ""


@pytest.mark.parametrize(
    ("tag", "attributes", "hidden"),
    [
        ("p", {"hidden": None}, True),
        ("p", {"hidden": "until-found"}, False),
        ("span", {"aria-hidden": "true"}, True),
        ("span", {"aria-hidden": "false"}, False),
        ("noscript", {}, True),
        ("template", {}, True),
        ("font", {"color": "#FFFFFF"}, True),
        ("font", {"color": "red"}, False),
        ("p", {"class": "gone other"}, True),
        ("p", {"id": "away"}, True),
        ("p", {"class": "shown"}, False),
        ("p", {"class": "paper"}, False),
        ("p", {"class": "narrow"}, False),
    ],
)
def test_attributes_and_the_style_of_the_page(tag: str, attributes: dict[str, str | None], hidden: bool) -> None:
    sheet = StyleSheet()
    sheet.add(
        ".gone, p#away { display: none } .shown { color: red } @media print { .paper { display: none } }"
        "@media (max-width: 400px) { .narrow { display: none } .x { color: red } }"
    )
    assert bool(find_hiding(tag, attributes, sheet)) == hidden


def test_white_letters_on_a_dark_ground_are_seen() -> None:
    assert find_hiding("p", {"style": "color: #fff"}, None, (0, 0, 0)) == ""
    assert find_hiding("p", {"style": "color: #fff"}, None, None) == ""
    assert find_hiding("p", {"style": "color: #111"}, None, (17, 17, 17)) == "letters of the ground's colour"
