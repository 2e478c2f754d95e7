"""Text of others as pages, tables and messages show it: what nobody would see is made visible.  Pure."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def make_visible(text: object) -> str:
    """Return text with control, zero-width and direction-changing characters replaced by their names."""
    return HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", str(text))


def offer_breaks(text: object) -> Markup:
    """Return `make_inline` text as HTML that a line may break after its underscores, rather than within a word."""
    return Markup(str(escape(make_inline(text))).replace("_", "_<wbr>"))


def make_inline(text: object) -> str:
    """Return `make_visible` text on one line: a line break or tab in a name must not look like a new table row."""
    return make_visible(re.sub("[\t\n\r]", lambda found: f"⟨U+{ord(found[0]):04X}⟩", str(text)))
