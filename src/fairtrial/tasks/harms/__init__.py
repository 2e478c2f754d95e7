"""Tasks about harm, written by us: bias, misinformation, safety of users, integrity of elections.

A family is a folder; `HARMS` names its tasks, and a trial may name a family for all of them.
"""

from fairtrial.records.harms import Family

HARMS: dict[Family, dict[str, str]] = {
    "bias": {},
    "misinformation": {},
    "safety": {},
    "elections": {},
}
"""Family to task name to ``module:function``, a function of `TaskOptions` that returns the task."""

HARM_TASKS: dict[str, str] = {name: where for tasks in HARMS.values() for name, where in tasks.items()}
