"""The page: one HTML file with every item and all answers in it, which needs no server and no network.

Its policy lets run exactly the script and the style sheet that are in it, by their hashes, and nothing load.  What came
from models, tasks and trial files is data: compressed JSON that the script shows as text, never as HTML.
"""

from __future__ import annotations

import re
import tempfile
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import IO

from fairtrial.errors import FairtrialError
from fairtrial.ledger import Ledger
from fairtrial.ledger.blobs import read_image
from fairtrial.ledger.encoding import dumps
from fairtrial.pages.showing import make_visible
from fairtrial.records import ImagePart
from fairtrial.report.pictures import make_page_image
from fairtrial.report.summary import Summary
from fairtrial.report.view.document import build_blocks, make_builder, make_index

MODULES = ("text", "inflate", "source", "model", "difference", "list", "answer", "item", "overview", "page")
"""The files of the page's script, each after those that it imports."""

MOST_IMAGE_BYTES = 64_000_000
"""Bytes of all images together; those beyond are left out, and the page says so."""

LEVEL = 6
"""Of compression (zlib, RFC 1950): 9 takes three times as long for 1% less."""

IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE)
EXPORT = re.compile(r"^export ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        path: the file.
        items: that any candidate answered.
        answers: of all candidates, repeats included.
        bytes: of the file.
        images_left_out: images that are too large, too many, or of a kind that is not shown.
    """

    path: Path
    items: int
    answers: int
    bytes: int
    images_left_out: int


def write_view(ledger: Ledger, summary: Summary, path: Path, tasks: tuple[str, ...] = ()) -> Written:
    """Write the page of a trial; the file appears whole or not at all.

    Args:
        ledger: where the trial is.
        summary: of the trial.
        path: where the page goes.
        tasks: names of those that are shown; all unless given.

    Raises:
        UnknownNameError: there is no such task in the trial.
        FairtrialError: no item was answered, or the file cannot be written.
    """
    builder = make_builder(ledger, summary, tasks)
    packed = [_pack(block) for block in build_blocks(ledger, summary, builder)]
    if not builder.items:
        raise FairtrialError(
            f"no item of the trial {summary.name} was answered yet.", fix="Run it: fairtrial run TRIAL.yaml"
        )
    images = dict(_choose_images(ledger, builder.images))
    index = {**make_index(ledger, summary, builder), "lost_images": len(builder.images) - len(images)}
    script, style = bundle_script(), make_style()
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8") as file:
            partial = Path(file.name)
            file.write(_make_head(summary, style, script))
            _write_data(file, "index", _pack(dumps(index)))
            file.write(f"<script>{script}</script>\n")
            for i, block in enumerate(packed):
                _write_data(file, f"block-{i}", block)
            for name, (kind, data) in images.items():
                _write_data(file, f"image-{name}", data, kind)
            file.write("</body>\n</html>\n")
        partial.chmod(0o644)
        partial.replace(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FairtrialError(f"{path} cannot be written: {reason}.", fix="Name another place with --out.") from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
    return Written(path, builder.items, builder.answers, path.stat().st_size, index["lost_images"])


def bundle_script() -> str:
    """Return the page's modules as one script, in a scope of its own."""
    parts = [EXPORT.sub("", IMPORT.sub("", _read(f"{name}.js"))) for name in MODULES]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def make_style() -> str:
    """Return the page's style sheet, with the report's colours for light and dark, by the system or by choice."""
    sheet = files("fairtrial.report.html").joinpath("templates/report.css").read_text("utf-8")
    light, dark = (_read_tokens(part) for part in sheet.partition("@media (prefers-color-scheme: dark)")[::2])
    return "\n".join(
        (
            _make_rule(":root", {"color-scheme": "light", **light}),
            "@media screen and (prefers-color-scheme: dark) {",
            _make_rule(':root:not([data-theme="light"])', {"color-scheme": "dark", **dark}),
            "}",
            "@media screen {",
            _make_rule(':root[data-theme="dark"]', {"color-scheme": "dark", **dark}),
            "}",
            "@media print {",
            _make_rule(":root", {"--paper": "#fff"}),
            "}",
            _read("view.css"),
        )
    )


def _read_tokens(sheet: str) -> dict[str, str]:
    """Return the variables of the first rule of a style sheet."""
    rule = sheet.partition(":root {")[2].partition("}")[0]
    return dict(re.findall(r"(--[\w-]+):\s*([^;]+);", rule))


def _make_rule(selector: str, variables: Mapping[str, str]) -> str:
    return f"{selector} {{ {' '.join(f'{name}: {value};' for name, value in variables.items())} }}"


def _read(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text("utf-8")


def _make_head(summary: Summary, style: str, script: str) -> str:
    """Return the page up to its data."""
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    values = {
        "POLICY": policy,
        "TRIAL": escape(make_visible(summary.trial_id)),
        "NAME": escape(make_visible(summary.name)),
        "STYLE": style,
    }
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found[1]], _read("view.html"))


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _pack(text: str) -> bytes:
    return zlib.compress(text.encode(), LEVEL)


def _write_data(file: IO[str], name: str, data: bytes, kind: str = "application/octet-stream") -> None:
    """Write bytes as an element that no browser runs or shows."""
    file.write(f'<script type="{kind}" id="{name}">{b64encode(data).decode()}</script>\n')


def _choose_images(ledger: Ledger, images: Mapping[str, ImagePart]) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """Yield the images that are shown by their hashes, with their kind and bytes."""
    room = MOST_IMAGE_BYTES
    for name, image in images.items():
        if not name.isalnum():
            continue
        with suppress(FairtrialError):  # an image that the ledger lacks is one that cannot be shown
            kind, data = make_page_image(image, read_image(ledger, image))
            if len(data) <= room:
                room -= len(data)
                yield name, (kind, data)
