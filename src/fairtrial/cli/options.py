"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairtrial.sandbox.programs import allow_programs

LedgerOption = Annotated[
    Path, typer.Option("--ledger", "-l", help="File that keeps every answer; `run` makes it.", show_default=True)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
MarginOption = Annotated[
    str, typer.Option("--margin", help="Differences inside +-margin count as tied: a share such as 0.02 or 2%.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results and errors.")]
TaskPathOption = Annotated[
    list[Path] | None,
    typer.Option("--task-path", help="Folder or file with lm-evaluation-harness task YAML; may be repeated."),
]
TasksOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tasks",
        help="Task names or files of your own questions (CSV, JSONL, Excel ...), comma separated or repeated; "
        "NAME@LEVEL for a level.",
    ),
]
TrustOption = Annotated[
    bool, typer.Option("--trust-task-code", help="Let Python code that task files name run on this machine.")
]
AllowCodeOption = Annotated[
    bool,
    typer.Option(
        "--allow-code-execution",
        help="Let programs that models write run on this machine, each with limits, to be tested; "
        "they can reach your files.",
        callback=lambda given: (allow_programs() if given else None) or given,
    ),
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", "-t", min=1, help="Threads of local engines; default: what is fastest here.")
]
OnOption = Annotated[
    str,
    typer.Option(
        "--on",
        help="Where answers are made: local, processes (several engines side by side), ray or ray:ADDRESS.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, help="Engines at work at the same time, at most; default: what suits the machines."
    ),
]
SpreadOption = Annotated[
    str,
    typer.Option("--on", help="Where it is done: local, processes (several side by side), ray or ray:ADDRESS."),
]
HandsOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="So many at the same time, at most; default: one a core.")
]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait while another process is writing to the ledger.")
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", "-o", help="Where to write the HTML report; default: NAME.html.")
]
NoReportOption = Annotated[bool, typer.Option("--no-report", help="Write no HTML report.")]
