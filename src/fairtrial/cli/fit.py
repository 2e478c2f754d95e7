"""``fairtrial fit``: the best candidate that fits a device, found by a trial that stops early."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial import api
from fairtrial.cli.compare import make_task_entry, read_candidate, split_list
from fairtrial.cli.live import show_progress
from fairtrial.cli.options import (
    JsonOption,
    LedgerOption,
    MarginOption,
    QuietOption,
    TasksOption,
    ThreadsOption,
    TrustOption,
)
from fairtrial.cli.output import print_json
from fairtrial.errors import SpecError
from fairtrial.pages.showing import make_inline
from fairtrial.report.fitting import FittedTable
from fairtrial.running.search import Search
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.device import Device
from fairtrial.spec.shares import read_margin
from fairtrial.spec.source import LoadedTrial, dump_trial, load_trial
from fairtrial.spec.trial import Decide, Trial
from fairtrial.studies.device import DeviceNeed, format_megabytes


def fit(
    trial: Annotated[Path | None, typer.Argument(help="Trial file (YAML); or name --models and --tasks.")] = None,
    models: Annotated[
        list[str] | None, typer.Option("--models", help="Models or candidate files, comma separated or repeated.")
    ] = None,
    to: Annotated[str, typer.Option("--to", help="Try each model in these types, too: q8_0,q4_k_m,q2_k.")] = "",
    context: Annotated[
        str, typer.Option("--context", help="Tokens of context, e.g. 2048,4096: each gets the largest that fits.")
    ] = "",
    device: Annotated[
        str | None, typer.Option("--device", help="A device by name, or limits: memory=2GB,disk=1GB.")
    ] = None,
    tasks: TasksOption = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Items of each task at most.")] = None,
    margin: MarginOption = "0.02",
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    threads: ThreadsOption = None,
    trust_task_code: TrustOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the best candidate that fits a device: model, quantisation and context.

    Who cannot fit by prediction is not asked.  The others are asked until the verdicts are certain, and whoever is
    certainly not the best is asked no more.
    """
    loaded = make_trial(
        trial,
        models or [],
        device,
        [make_task_entry(n, limit, None) for n in split_list(tasks or [])],
        read_margin(margin),
    )
    conditions = api.Conditions(threads=threads, trust_task_code=trust_task_code)
    with show_progress(Console(stderr=True), conditions, quiet or as_json) as shown:
        found = api.search(loaded, ledger, shown, split_list([to]), read_whole_numbers(context))
    if as_json:
        print_json(found.document())
        return
    console = Console()
    console.print(FittedTable(_make_table(found)))
    for line in _describe_search(found):
        console.print(Text(make_inline(line)))


def read_whole_numbers(text: str) -> list[int]:
    """Return comma-separated whole numbers; SpecError for anything else."""
    for part in split_list([text]):
        if not part.isdigit():
            raise SpecError(f"--context takes whole numbers, e.g. 2048,4096; got {part!r}.")
    return [int(part) for part in split_list([text])]


def make_trial(
    path: Path | None, models: list[str], device: str | None, tasks: list[Any], margin: float
) -> LoadedTrial:
    """Return the trial that was named, or written out; ``device`` wins over the file's."""
    if path is not None:
        if models or tasks:
            raise SpecError("give a trial file, or --models and --tasks, not both.")
        loaded = load_trial(path)
        if device is None:
            return loaded
        trial = loaded.trial.model_copy(update={"device": read_limits(device)})
        return LoadedTrial(trial=trial, text=dump_trial(trial), path=loaded.path)
    if not models or not tasks or device is None:
        raise SpecError(
            "fit needs a trial file, or --models, --tasks and --device.",
            fix="E.g. fairtrial fit --models gguf:model.gguf --to q8_0,q4_k_m --device pixel-8 --tasks reading",
        )
    apart: list[Candidate] = []
    for one in map(read_candidate, split_list(models)):
        name = one.id.removesuffix(".gguf")
        taken = sum(other.model == one.model or other.id == name for other in apart)
        apart.append(one.model_copy(update={"id": f"{name}-{taken + 1}" if taken else name}))
    rule = Decide(margin=margin, stop_early=True)
    trial = Trial(name="fit", candidates=tuple(apart), tasks=tuple(tasks), device=read_limits(device), decide=rule)
    return LoadedTrial(trial=trial, text=dump_trial(trial), path=None)


def read_limits(text: str) -> Device:
    """Return the device of a name, or of limits: ``memory=2GB,tokens_per_second=10``."""
    written: Any = text
    if "=" in text:
        pairs = [part.partition("=") for part in split_list([text])]
        written = {key.strip(): read_limit(key.strip(), value.strip()) for key, _, value in pairs}
    try:
        return Device.model_validate(written)
    except ValidationError as error:
        raise SpecError(f"--device {text}: {error.errors()[0]['msg']}.") from None


def read_limit(key: str, value: str) -> str | float:
    """Return a limit as a trial file would have it: sizes are text, the others numbers."""
    if key in ("memory", "disk", "like"):
        return value
    try:
        return float(value)
    except ValueError:
        raise SpecError(f"--device: {key} is a number; got {value!r}.") from None


def _make_table(found: Search) -> Table:
    """Return one row a candidate: what it reaches, what it takes, and its verdicts against the best."""
    told = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Who fits", title_justify="left", title_style="bold")
    told.add_column("candidate", overflow="fold")
    tasks = list(dict.fromkeys(task for of in found.means.values() for task in of))
    for name in (*tasks, "memory", "disk", "tokens/s"):
        told.add_column(Text(make_inline(name)), justify="right")
    told.add_column("", overflow="fold")
    for need in found.needs:
        of = found.means.get(need.name, {})
        means = [f"{of[task]:.3f}" if task in of else "–" for task in tasks]
        rate = "–" if need.rate is None else f"{need.rate:.3g}"
        sizes = [format_megabytes(need.full or need.predicted), format_megabytes(need.disk), rate]
        told.add_row(Text(make_inline(need.name)), *means, *sizes, Text(make_inline(_describe_standing(found, need))))
    for name, why in found.left_out.items():
        told.add_row(
            Text(make_inline(name)), *["–"] * (len(tasks) + 3), Text(make_inline(f"not asked: {'; '.join(why)}"))
        )
    return told


def _describe_standing(found: Search, need: DeviceNeed) -> str:
    """Return how one candidate stands."""
    if need.name in found.broken:
        return f"does not fit: {'; '.join(found.broken[need.name])}"
    if need.name == found.best:
        return "best that fits"
    return ", ".join(f"{v.verdict} on {v.task}" for v in found.verdicts if v.a == need.name) or "not compared"


def _describe_search(found: Search) -> list[str]:
    """Return what was found, and what it saved, in words."""
    if found.best is None:
        return ["None of those that were asked fits, by what was measured."]
    lines = [f"Best that fits: {found.best}."]
    if found.smallest and found.smallest != found.best:
        lines[0] += f" As good within the margin, with less memory: {found.smallest}."
    if unknown := found.open.get(found.best):
        lines.append(f"Not known of it, and so not checked: {', '.join(unknown)}.")
    share = 100 * (1 - found.asked / found.everything) if found.everything else 0
    lines.append(
        f"{found.asked:,} item answers; asking everybody everything would have taken {found.everything:,} "
        f"({share:.0f}% saved). Speed and energy are this machine's, not the device's."
    )
    return lines
