"""``fairtrial quantize``: files of a GGUF model with fewer bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial.cache import cache_folder
from fairtrial.cli.options import JsonOption, QuietOption, ThreadsOption
from fairtrial.cli.output import print_json
from fairtrial.levers.quantize.files import MadeFile, QuantizeOrder, describe_file, find_warnings, make_files
from fairtrial.levers.quantize.lever import find_gguf
from fairtrial.models import resolve
from fairtrial.pages.showing import make_inline
from fairtrial.spec.schemes import SCHEMES

COLUMNS = ("type", "MB", "bits per weight", "share of parent", "seconds")


def quantize(
    model: Annotated[str, typer.Argument(help="As in trial files (gguf:, pkg:, hf:), or the path of a GGUF file.")],
    to: Annotated[
        str, typer.Option("--to", help="Types, e.g. q8_0,q4_k_m,q2_k; type an unknown name to see the list.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")] = Path(),
    calibrate: Annotated[
        Path | None, typer.Option(help="Text that an importance matrix is computed on; the smallest types need one.")
    ] = None,
    imatrix: Annotated[Path | None, typer.Option(help="Importance matrix, as llama-imatrix writes it.")] = None,
    threads: ThreadsOption = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make files of a GGUF model with fewer bits, by llama.cpp's quantiser."""
    parent = resolve(model if model.partition(":")[0] in SCHEMES else f"gguf:{model}", Path.cwd())
    console = Console(stderr=True)

    def tell(line: str) -> None:
        if not (quiet or as_json):
            console.print(Text(make_inline(line)), soft_wrap=True)

    kinds = [kind for kind in (part.strip() for part in to.split(",")) if kind]
    order = QuantizeOrder(parent, kinds, out, calibrate, imatrix, threads, force)
    made = list(make_files(order, cache_folder(), tell))
    own = describe_file(find_gguf(parent))
    told = find_warnings(own.path, [str(file.type) for file in made])
    if as_json:
        print_json(_make_document(parent.spec, own, made, told))
        return
    _show_files([own, *made])
    names = [f"{file.path}" for file in made]
    for line in (*told, "Made:", *names):
        Console().print(Text(make_inline(line)), soft_wrap=True)


def _show_files(files: Sequence[MadeFile]) -> None:
    """Print the table; the first file is the parent."""
    table = Table(*COLUMNS, box=None, header_style="bold")
    for file in files:
        table.add_row(
            Text(make_inline(file.type or "unknown")),
            f"{file.bytes / 1e6:,.1f}",
            f"{file.bits_per_weight:.2f}",
            "the parent" if file.seconds is None else f"{file.share_of_parent:.0%}",
            "" if file.seconds is None else f"{file.seconds:.1f}",
        )
    for column in table.columns[1:]:
        column.justify = "right"
    Console().print(table)


def _make_document(spec: str, parent: MadeFile, made: Sequence[MadeFile], told: Sequence[str]) -> dict[str, object]:
    """Return the same as JSON values."""
    keys = ("type", "bytes", "bits_per_weight", "share_of_parent", "seconds")
    files = [{**{key: getattr(file, key) for key in keys}, "path": str(file.path)} for file in made]
    own = {"type": parent.type, "bytes": parent.bytes, "bits_per_weight": parent.bits_per_weight}
    return {"model": spec, "parent": own, "files": files, "warnings": list(told)}
