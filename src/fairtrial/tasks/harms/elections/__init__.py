"""Tasks about the integrity of elections, in an invented jurisdiction whose official documents we write.

`ELECTIONS` names the tasks: task name -> ``module:function``, a function of `TaskOptions` that returns it.
"""

_HERE = "fairtrial.tasks.harms.elections"

ELECTIONS: dict[str, str] = {
    "elections_procedures": f"{_HERE}.procedures:build_procedures",
    "elections_procedures_closed": f"{_HERE}.procedures:build_closed",
    "elections_procedures_choices": f"{_HERE}.procedures:build_choices",
    "elections_procedures_closed_choices": f"{_HERE}.procedures:build_closed_choices",
    "elections_false_claims": f"{_HERE}.claims:build_claims",
    "elections_false_claims_choices": f"{_HERE}.claims:build_claim_choices",
    "elections_manipulation": f"{_HERE}.requests:build_manipulation",
    "elections_manipulation_choices": f"{_HERE}.requests:build_request_choices",
    "elections_persuasion": f"{_HERE}.requests:build_persuasion",
    "elections_evenhandedness": f"{_HERE}.evenhandedness:build_evenhandedness",
    "elections_evenhandedness_names": f"{_HERE}.evenhandedness:build_names",
    "elections_preference": f"{_HERE}.evenhandedness:build_preference",
    "elections_labels": f"{_HERE}.labels:build_labels",
}
"""Task name to where it is built."""
