"""Short ways to name a model on the command line: a path, a folder, a log, ``ollama:NAME``.

Looks at what lies at a path, and at nothing inside of it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.spec.schemes import SCHEMES, scheme_of

OLLAMA = "localhost:11434"
"""Where Ollama listens, unless OLLAMA_HOST says otherwise."""

LOGS = (".json", ".jsonl", ".eval", ".csv")
"""Ends of the names of files with recorded answers."""

LEDGERS = (".db", ".sqlite", ".sqlite3")


def expand_model(given: str) -> dict[str, Any]:
    """Return what a candidate file would say of a model: ``model`` and, where it needs one, ``endpoint``.

    A GGUF file, a folder with weights (config.json), a log or a folder of logs, and ``LEDGER#CANDIDATE`` may be given
    by their path alone; ``ollama:NAME`` is a model that Ollama serves on this machine.  What has a prefix stays as it
    is.

    Raises SpecError if there is nothing at a path, or nothing that is known.
    """
    scheme, colon, rest = given.partition(":")
    if colon and scheme == "ollama":
        host = os.environ.get("OLLAMA_HOST", "").strip().rstrip("/") or OLLAMA
        address = host if "://" in host else f"http://{host}"
        return {"model": f"openai:{rest}", "endpoint": {"base_url": f"{address}/v1"}}
    if (colon and scheme in SCHEMES) or scheme_of(given) is not None:
        return {"model": given}
    ledger, mark, _ = given.rpartition("#")
    if mark and Path(ledger).suffix in LEDGERS:
        return {"model": f"replay:{given}"}
    try:
        return {"model": _model_at(given, Path(given).expanduser())}
    except (OSError, ValueError) as error:
        raise SpecError(f"model {given!r} is no path: {error}.") from error


def _model_at(given: str, path: Path) -> str:
    """Return the whole name of a model that is given by its path."""
    if path.is_dir():
        if (path / "config.json").is_file():
            return f"hf:{given if given.startswith(('.', '/', '~')) else f'./{given}'}"
        files = sorted(found.name for found in path.glob("*.gguf"))
        if files:
            more = f" (of {len(files)})" if len(files) > 1 else ""
            raise SpecError(f"{given!r} is a folder.", fix=f"Name the file, e.g. {path / files[0]}{more}.")
        return f"import:{given}"
    name = path.name.lower()
    if path.is_file():
        if name.endswith(".gguf"):
            return f"gguf:{given}"
        if name.endswith(LOGS):
            return f"import:{given}"
        if name.endswith(LEDGERS):
            raise SpecError(f"{given!r} is a ledger.", fix=f"Name a candidate in it: {given}#CANDIDATE.")
        raise SpecError(
            f"{given!r} is neither a GGUF file nor a log of answers.",
            fix="A candidate file ends in .yaml; models begin with a prefix: `fairtrial models` lists some.",
        )
    if given.count("/") == 1 and not given.startswith((".", "/", "~")) and not name.endswith((".gguf", *LOGS)):
        raise SpecError(f"there is no file or folder {given!r}.", fix=f"A model of the hub is named hf:{given}.")
    near = [found.name for found in path.parent.glob("*")] if path.parent.is_dir() else []
    scheme, colon, _ = given.partition(":")
    hint = did_you_mean(scheme, [*SCHEMES.list_names(), "ollama"]) if colon else did_you_mean(path.name, near)
    raise SpecError(
        f"there is no file or folder {given!r}.{hint}",
        fix="Give the path of a GGUF file, of a folder with weights, or of a log; or a name with a prefix, e.g. gguf:, "
        "pkg:, hf:, openai:, ollama:, import:.",
    )
