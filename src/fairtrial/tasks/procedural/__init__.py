"""The project's own tasks, made by code from a seed: unlimited, nothing to memorise, nothing borrowed.

`PROCEDURAL` names them all: task name -> ``module:function``, a function of `TaskOptions` that returns the task.
Cards, levels and words are in `fairtrial.tasks.suites`.
"""

PROCEDURAL: dict[str, str] = {
    "arithmetic": "fairtrial.tasks.procedural.arithmetic:arithmetic",
    "arithmetic_open": "fairtrial.tasks.procedural.arithmetic:arithmetic_open",
    "instructions": "fairtrial.tasks.procedural.instructions:instructions",
    "logic": "fairtrial.tasks.procedural.logic:logic",
    "patterns": "fairtrial.tasks.procedural.patterns:patterns",
    "reading": "fairtrial.tasks.procedural.reading:reading",
    "table": "fairtrial.tasks.procedural.table:table",
}
