"""``fairtrial adapter``: adapters from PEFT to llama.cpp, into weights, and whether both engines agree about them."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial.cache import cache_folder
from fairtrial.cli.options import JsonOption, QuietOption, ThreadsOption
from fairtrial.cli.output import print_json
from fairtrial.cli.outputs import check_output
from fairtrial.errors import SpecError
from fairtrial.levers.tune.adapters import write_gguf_adapter
from fairtrial.levers.tune.adapters.agreement import TEXTS, AdapterAgreement, measure_agreement
from fairtrial.levers.tune.merging import merge_adapter
from fairtrial.machine import explain_full_disk
from fairtrial.models import ResolvedModel, resolve_candidate
from fairtrial.pages.showing import make_inline
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.regular import read_regular
from fairtrial.spec.schemes import SCHEMES

app = typer.Typer(help="Adapters of models: convert, merge, check.", no_args_is_help=True)
_MOST_BYTES = 10_000_000
_AGAIN = "Free some room, or name another place, and run the same again."

AdapterArgument = Annotated[
    str, typer.Argument(metavar="ADAPTER", help="A folder in PEFT's form or a GGUF LoRA: a path, pkg: or hf:.")
]
BaseOption = Annotated[
    str, typer.Option("--base", help="The model that it belongs to, as in trial files, or the path of a GGUF file.")
]

ForceOption = Annotated[bool, typer.Option("--force", help="Write over a file that exists.")]


@app.command()
def convert(
    adapter: AdapterArgument,
    base: BaseOption,
    out: Annotated[Path, typer.Option("--out", "-o", help="The GGUF file to write.")],
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write an adapter in PEFT's form as a GGUF LoRA, which llama.cpp loads beside its model."""
    model = _resolve(adapter, base)
    assert model.adapter is not None and model.path is not None
    if not model.adapter.is_dir() or model.path.is_dir():
        raise SpecError(
            "convert makes a GGUF LoRA from a folder in PEFT's form, for a model in a GGUF file.",
            fix="Name the folder with adapter_config.json, and with --base the GGUF file.",
        )
    check_output(out, model.path)
    _refuse_existing(out, force)
    _make_folder(out.parent)
    with explain_full_disk(out.parent, _AGAIN):
        write_gguf_adapter(model.adapter, model.path, out)
    _tell(f"Made: {out} ({out.stat().st_size / 1e6:,.1f} MB)", quiet)


@app.command()
def merge(
    adapter: AdapterArgument,
    base: BaseOption,
    out: Annotated[Path, typer.Option("--out", "-o", help="The GGUF file, or folder of safetensors, to write.")],
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add an adapter to the weights of its model: one whole model, no adapter beside it."""
    model = _resolve(adapter, base)
    assert model.path is not None
    if out.exists() and (out.is_dir() or model.path.is_dir()):
        raise SpecError(f"{out} is there already.", fix="Name another place with --out.")
    check_output(out, model.path)
    _refuse_existing(out, force)
    cache = cache_folder()
    with explain_full_disk(cache, _AGAIN):
        merged = merge_adapter(model, cache, lambda line: _tell(line, quiet))
    assert merged.path is not None
    _make_folder(out.parent)
    with explain_full_disk(out.parent, _AGAIN):
        _copy_whole(merged.path, out)
    _tell(f"Made: {out}", quiet)


@app.command()
def check(
    adapter: AdapterArgument,
    base: BaseOption,
    text: Annotated[
        Path | None, typer.Option("--text", help="Texts to read, a line each; default: a few short ones of ours.")
    ] = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure whether llama.cpp computes with an adapter what transformers does; exit code 1 if it does not."""
    model = _resolve(adapter, base)
    texts = _read_texts(text) if text else TEXTS
    found = measure_agreement(model, texts, cache_folder(), lambda line: _tell(line, quiet or as_json), threads)
    if as_json:
        print_json({"adapter_sha256": model.adapter_sha256, "model_sha256": model.sha256, **found.document()})
    else:
        _show(found)
    if not found.agrees:
        raise typer.Exit(1)


def _refuse_existing(out: Path, force: bool) -> None:
    if out.exists() and not force:
        raise SpecError(f"{out} is there already.", fix="Name another file with --out, or write over it with --force.")


def _copy_whole(made: Path, out: Path) -> None:
    """Copy a file or folder to where the user wants it, so that it is there whole or not at all."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
        copied = Path(folder) / out.name
        (shutil.copytree if made.is_dir() else shutil.copyfile)(made, copied)
        copied.replace(out)


def _resolve(adapter: str, base: str) -> ResolvedModel:
    """Return the model with its adapter; paths are relative to where the user stands."""
    name = base if base.partition(":")[0] in SCHEMES else f"gguf:{base}"
    here = Path.cwd()
    model = resolve_candidate(Candidate(id="base", model=name, adapter=adapter), here)
    return replace(model, name=model.name)


def _read_texts(path: Path) -> list[str]:
    try:
        lines = read_regular(path, _MOST_BYTES).decode("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise SpecError(f"{path} cannot be read as text: {error}.") from error
    texts = [line.strip() for line in lines if len(line.split()) > 3]
    if not texts:
        raise SpecError(f"{path} has no line of more than three words.", fix="Write a text a line.")
    return texts


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(f"the folder {folder} cannot be made: {error.strerror}.") from error


def _tell(line: str, quiet: bool) -> None:
    if not quiet:
        Console(stderr=True).print(Text(make_inline(line)), soft_wrap=True)


def _show(found: AdapterAgreement) -> None:
    table = Table("apart", "nats a token", "same next", "same answers", box=None, header_style="bold")
    for name, one in (
        ("engines, without it", found.without),
        ("engines, with it", found.with_adapter),
        ("its effect", found.effect),
    ):
        answers = "" if one.same_answers is None else f"{one.same_answers:.0%}"
        table.add_row(name, f"{one.kl:.4f}", f"{one.same_top:.1%}", answers)
    for column in table.columns[1:]:
        column.justify = "right"
    console = Console()
    console.print(table)
    for line in _summarise(found):
        console.print(Text(make_inline(line)), soft_wrap=True)


def _summarise(found: AdapterAgreement) -> list[str]:
    told = [
        f"{found.texts} texts, {found.tokens} tokens. Nats a token are of the Kullback-Leibler divergence of what is "
        "expected next; same next: the likeliest token is; same answers: greedy ones are."
    ]
    if found.why_merged:
        told.append(f"{found.why_merged}.")
    if not found.agrees:
        told.append("llama.cpp and transformers disagree about this adapter by more than their rounding.")
    elif not found.tells:
        told.append(
            "They agree; but the adapter changes less on these texts than rounding does, so a mistake would not be "
            "seen. Give texts of what it was trained for: --text FILE."
        )
    else:
        told.append("They agree: what is left is rounding.")
    return told
