"""Give every AI model a fair trial.

import fairtrial as ft

found = ft.run("trial.yaml", ledger="trial.db")
for verdict in found.verdicts:
    print(verdict)
found.report("trial.html")
"""

from importlib.metadata import version as _version

from fairtrial.analysis.verdicts import Estimate, Verdict
from fairtrial.api import Conditions, Result, open_candidate, result, run
from fairtrial.errors import FairtrialError
from fairtrial.ledger import Ledger
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    Item,
    Measure,
    Observation,
    Pair,
    Prompt,
    ScoreAnswer,
    ScoreRequest,
)
from fairtrial.spec.candidate import Candidate, Decoding
from fairtrial.spec.source import load_trial
from fairtrial.spec.trial import Decide, TaskEntry, Trial

__version__ = _version("fairtrial")

__all__ = [
    "Candidate",
    "Conditions",
    "Decide",
    "Decoding",
    "Estimate",
    "FairtrialError",
    "GenerateAnswer",
    "GenerateRequest",
    "Item",
    "Ledger",
    "Measure",
    "Observation",
    "Pair",
    "Prompt",
    "Result",
    "ScoreAnswer",
    "ScoreRequest",
    "TaskEntry",
    "Trial",
    "Verdict",
    "__version__",
    "load_trial",
    "open_candidate",
    "result",
    "run",
]
