"""The commented trial that `fairtrial init` writes."""

from __future__ import annotations

from importlib.resources import files

_TASKS, _RULE = "# `fairtrial tasks` lists", "decide:"


def read_starter() -> str:
    """Return the text of a trial file that runs as it stands once the extra ``demo`` is installed."""
    return files("fairtrial.spec").joinpath("starter.yaml").read_text(encoding="utf-8")


def replace_tasks(starter: str, name: str, tasks: str) -> str:
    """Return a starter with another name and other tasks, written as YAML lines."""
    before, _, rest = starter.partition(_TASKS)
    after = rest[rest.index(_RULE) :]
    return f"{before.replace('name: my-first-trial', f'name: {name}')}{tasks}\n{after}"
