"""``fairtrial tune``: train a model further on rows of your own, as an adapter in a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from fairtrial.archive.tainting import remember_adapter
from fairtrial.cache import cache_folder
from fairtrial.cli.options import JsonOption, QuietOption, ThreadsOption
from fairtrial.cli.output import print_json
from fairtrial.errors import SpecError, did_you_mean
from fairtrial.levers.tune import (
    TunedAdapter,
    copy_adapter,
    describe_trained,
    estimate_joules,
    predict_tuning,
    tune_model,
)
from fairtrial.models import resolve
from fairtrial.models.adapters import hash_adapter
from fairtrial.pages.showing import make_inline
from fairtrial.spec.schemes import SCHEMES
from fairtrial.spec.tune import Tune
from fairtrial.spec.wording import describe_error


def tune(
    model: Annotated[str, typer.Argument(help="As in trial files (gguf:, pkg:, hf:), or the path of a GGUF file.")],
    data: Annotated[
        Path, typer.Option("--data", help="JSONL of conversations, texts or preferences, or a folder of `curate`.")
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the adapter.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of the lever, e.g. rank=8; may be repeated."),
    ] = None,
    predict: Annotated[bool, typer.Option("--predict", help="Only say what it will take.")] = False,
    watts: Annotated[
        float | None,
        typer.Option("--watts", min=0.01, max=1000, help="Of a busy core, to estimate energy that cannot be measured."),
    ] = None,
    threads: ThreadsOption = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a model on your own rows; the result is an adapter beside its weights."""
    if out is None and not predict:
        raise SpecError(
            "where to put the adapter is not said.", fix="Name a folder: --out DIR; or only ask: --predict."
        )
    if out is not None and not predict and not force and out.exists() and (out.is_file() or any(out.iterdir())):
        raise SpecError(
            f"{out} is there already.", fix="Name another folder with --out, or write over it with --force."
        )
    wanted = read_tune_settings(data, settings or (), threads)
    if wanted.merge:
        raise SpecError("merge is for trials; here an adapter is made.", fix="Then: fairtrial adapter merge.")
    parent = resolve(model if model.partition(":")[0] in SCHEMES else f"gguf:{model}", Path.cwd())
    console = Console(stderr=True)

    def tell(line: str) -> None:
        if not (quiet or as_json):
            console.print(Text(make_inline(line)), soft_wrap=True)

    if predict:
        found = predict_tuning(wanted, parent, tell)
        if as_json:
            print_json(found.document())
        else:
            Console().print(Text(found.describe()), soft_wrap=True)
        return
    tuned = tune_model(wanted, parent, cache_folder(), tell)
    assert out is not None
    copy_adapter(tuned, out, replace_files=force)
    remember_adapter(data, out, hash_adapter(out))
    if as_json:
        print_json({**_add_estimate(tuned.facts, watts), "folder": str(out)})
        return
    for line in describe_tuned(tuned, out, watts):
        Console().print(Text(make_inline(line)), soft_wrap=True)


def read_tune_settings(data: Path, given: Sequence[str], threads: int | None) -> Tune:
    """Return the settings that a command line names.

    Args:
        data: file or folder of rows.
        given: each ``NAME=VALUE``, the value as in YAML.
        threads: processor threads.

    Raises SpecError for a name that is no setting, and for a value that it cannot have.
    """
    found: dict[str, Any] = {"data": str(data.expanduser().absolute())}
    if threads is not None:
        found["threads"] = threads
    for one in given:
        name, sign, value = one.partition("=")
        name = name.strip().replace("-", "_")
        if not sign or name not in Tune.model_fields or name == "data":
            known = sorted(set(Tune.model_fields) - {"data"})
            raise SpecError(
                f"--set {one!r} names no setting.{did_you_mean(name, known)}", fix=f"Settings: {', '.join(known)}."
            )
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            found[name] = value
    try:
        return Tune.model_validate(Tune.place_files(found, lambda path: str(Path(path).expanduser().absolute())))
    except ValidationError as error:
        raise SpecError(describe_error(error)) from error


def _add_estimate(facts: Mapping[str, Any], watts: float | None) -> Mapping[str, Any]:
    """Return the facts, with an estimate of the joules where none were measured and the watts are stated."""
    energy = facts["energy"]
    if watts is None or "joules" in energy:
        return facts
    estimate = {"joules_estimated": estimate_joules(facts, watts), "watts_per_core": watts}
    return {**facts, "energy": {**energy, **estimate}}


def describe_tuned(tuned: TunedAdapter, folder: Path, watts: float | None = None) -> list[str]:
    """Return what came of it, a line each; joules are estimated from the watts of a busy core where they are stated."""
    facts = tuned.facts
    found = describe_trained(facts, watts)
    if not facts["data"]["curated"]:
        found.append(f"Rights: {facts['data']['rights']}.")
    return [*found, f"Made: {folder}"]
