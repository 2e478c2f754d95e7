"""Tasks about the integrity of elections, in an invented jurisdiction whose official documents we write.

`ELECTIONS` names the tasks: task name -> ``module:function``, a function of `TaskOptions` that returns it.
"""

_HERE = "fairtrial.tasks.harms.elections"

ELECTIONS: dict[str, str] = {
    "elections_procedures": f"{_HERE}.procedures:build_procedures",
    "elections_procedures_closed": f"{_HERE}.procedures:build_closed",
    "elections_procedures_choices": f"{_HERE}.procedures:build_choices",
    "elections_procedures_closed_choices": f"{_HERE}.procedures:build_closed_choices",
}
