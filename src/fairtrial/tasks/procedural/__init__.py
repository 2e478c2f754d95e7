"""The project's own tasks, made by code from a seed: unlimited, nothing to memorise, nothing borrowed.

`PROCEDURAL` names them all: task name -> ``module:function``, a function of `TaskOptions` that returns the task.
Cards, levels and words are in `fairtrial.tasks.suites`.
"""

PROCEDURAL: dict[str, str] = {
    "arithmetic": "fairtrial.tasks.procedural.arithmetic:build_arithmetic",
    "arithmetic_open": "fairtrial.tasks.procedural.arithmetic:build_arithmetic_open",
    "instructions": "fairtrial.tasks.procedural.instructions:build_instructions",
    "logic": "fairtrial.tasks.procedural.logic:build_logic",
    "patterns": "fairtrial.tasks.procedural.patterns:build_patterns",
    "reading": "fairtrial.tasks.procedural.reading:build_reading",
    "table": "fairtrial.tasks.procedural.table:build_table",
}
