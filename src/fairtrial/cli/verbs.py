"""The verbs by where they are: the module of one is imported when it is used, and no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from fairtrial.plugins import import_object

VERBS: Mapping[str, tuple[str, str]] = {
    "run": ("fairtrial.cli.run:run", "Run a trial, or resume it, and print its verdicts."),
    "plan": (
        "fairtrial.cli.plan:plan",
        "Say how many items a trial's questions will probably take, and what that will cost.",
    ),
    "fit": ("fairtrial.cli.fit:fit", "Find the best candidate that fits a device: model, quantisation and context."),
    "compare": (
        "fairtrial.cli.compare:compare",
        "Compare models on a few tasks; or logs with each other; or plain grades in a table.",
    ),
    "report": (
        "fairtrial.cli.report:report",
        "Print the verdicts of a trial in the ledger and write its report; needs no model.",
    ),
    "view": (
        "fairtrial.cli.view:view",
        "Write every item with all candidates' answers side by side into one HTML file, to filter, search and compare.",
    ),
    "ui": (
        "fairtrial.cli.ui:ui",
        "Look at trials in a browser: verdicts, every answer, running trials live; start new ones.",
    ),
    "check": (
        "fairtrial.cli.check:check",
        "Fail (exit code 7) unless every candidate is as good as the baseline on every task, or better than it.",
    ),
    "risk": (
        "fairtrial.cli.risk:risk",
        "Tell which risks of a candidate a trial found, and what it did not look at; needs no model.",
    ),
    "export": (
        "fairtrial.cli.export:export",
        "Write a trial in the formats of other tools; `fairtrial ledger export` writes its rows.",
    ),
    "tasks": ("fairtrial.cli.tasks:tasks", "List the tasks that a trial can name; or write rows to tune a model on."),
    "models": ("fairtrial.cli.models:models", "List the models on this machine that a candidate can name."),
    "quantize": (
        "fairtrial.cli.quantize:quantize",
        "Make files of a GGUF model with fewer bits, by llama.cpp's quantiser.",
    ),
    "serve": (
        "fairtrial.cli.serve:serve",
        "Serve a candidate with all its levers behind OpenAI's API, exactly as it was tested.",
    ),
    "votes": (
        "fairtrial.cli.votes:votes",
        "Tell which candidate people prefer, by blind votes between two answers.",
    ),
    "curate": (
        "fairtrial.cli.curate:make_set",
        "Make a training set: rights, languages, quality, personal data, duplicates, benchmarks, split, and its card.",
    ),
    "tune": (
        "fairtrial.cli.tune:tune",
        "Train a model on your own rows; the result is an adapter beside its weights.",
    ),
    "drift": (
        "fairtrial.cli.drift:drift",
        "Tell whether live answers still look like the trial's; exit code 7 if they do not.",
    ),
    "init": ("fairtrial.cli.init:init", "Write a commented trial file that runs as it stands."),
    "doctor": ("fairtrial.cli.doctor:doctor", "Check this machine: what works, and what to install for the rest."),
    "adapter": ("fairtrial.cli.adapter:app", "Adapters of models: convert, merge, check."),
    "archive": ("fairtrial.cli.archive:app", "Put documents into an archive, look at them, check it, take them out."),
    "ledger": ("fairtrial.cli.ledger:app", "Look into a ledger, export its rows, clear it up, check it."),
    "rights": ("fairtrial.cli.rights:app", "What may be done with documents, and why."),
}
"""Verb to its function, or to its group of verbs; and to the first paragraph of its help."""


class DeferredVerb(TyperCommand):
    """A verb that is imported when it is used; until then only its name and the beginning of its help are known."""

    def load(self) -> Any:
        """Import the verb and return it, with its options or its own verbs."""
        name = self.name or ""
        try:
            found = import_object(VERBS[name][0])
        except KeyboardInterrupt:
            typer.echo("Interrupted. Nothing had been begun.", err=True)
            raise typer.Exit(130) from None
        parser = typer.Typer(rich_markup_mode=self.rich_markup_mode)
        if isinstance(found, typer.Typer):
            parser.add_typer(found, name=name)
        else:
            parser.command(name)(cast(Callable[..., Any], found))
        return get_group(parser).commands[name]

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        """Have the verb itself read what is written after its name."""
        return self.load().make_context(*arguments, **settings)


class DeferredVerbs(TyperGroup):
    """All verbs, none of them imported."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, (_, summary) in VERBS.items():
            self.add_command(DeferredVerb(name, help=summary, rich_markup_mode=self.rich_markup_mode))
