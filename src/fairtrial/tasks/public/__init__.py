"""Public suites, read from files that users have: their own prompts and their own published scoring.

A trial names one beside its file: ``tasks: [{file: harmful_behaviors.csv, suite: advbench}]``.  None of their rows is
in this project.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from fairtrial.errors import UnknownNameError
from fairtrial.tasks.base import Task, TaskOptions

OpenSuite = Callable[[Path, TaskOptions], Task]

SUITES: dict[str, str] = {
    "advbench": "fairtrial.tasks.public.advbench:open_advbench",
    "ailuminate": "fairtrial.tasks.public.ailuminate:open_ailuminate",
    "bipia": "fairtrial.tasks.public.bipia:open_bipia",
    "donotanswer": "fairtrial.tasks.public.donotanswer:open_donotanswer",
    "harmbench": "fairtrial.tasks.public.harmbench:open_harmbench",
    "strongreject": "fairtrial.tasks.public.strongreject:open_strongreject",
    "xstest": "fairtrial.tasks.public.xstest:open_xstest",
    "bbq": "fairtrial.tasks.public.bbq:open_bbq",
    "crows_pairs": "fairtrial.tasks.public.crows_pairs:open_crows_pairs",
    "truthfulqa_mc1": "fairtrial.tasks.public.truthfulqa:open_truthfulqa_mc1",
    "truthfulqa_mc2": "fairtrial.tasks.public.truthfulqa:open_truthfulqa_mc2",
    "truthfulqa_generation": "fairtrial.tasks.public.truthfulqa:open_truthfulqa_generation",
    "averitec": "fairtrial.tasks.public.averitec:open_averitec",
    "averitec_open": "fairtrial.tasks.public.averitec:open_written_averitec",
    "liar": "fairtrial.tasks.public.liar:open_liar",
    "liar_open": "fairtrial.tasks.public.liar:open_written_liar",
    "election_questions": "fairtrial.tasks.public.election_questions:open_election_questions",
}
"""Suite name to ``module:function``, a function of the path of its file or folder and `TaskOptions`.

The first paragraph of its docstring is what `fairtrial tasks` says of it.
"""


def find_suite(name: str) -> OpenSuite:
    """Return the function that opens a suite.  Raises UnknownNameError, with the nearest names."""
    if name not in SUITES:
        raise UnknownNameError("public suite", name, SUITES, fix=f"There are: {', '.join(SUITES)}.")
    module, _, function = SUITES[name].partition(":")
    return cast("OpenSuite", getattr(import_module(module), function))


def describe_suite(name: str) -> str:
    """Return one line about a suite, for a person."""
    about = (find_suite(name).__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(about.split())
