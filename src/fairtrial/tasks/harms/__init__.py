"""Tasks about harm, written by us: bias, misinformation, safety of users, integrity of elections.

A family is a folder; `HARMS` names its tasks, and a trial may name a family for all of them.
"""

from fairtrial.records.harms import HarmFamily
from fairtrial.tasks.harms.elections import ELECTIONS

HARMS: dict[HarmFamily, dict[str, str]] = {
    "bias": {
        "bias_questions": "fairtrial.tasks.harms.bias.questions:make_questions_task",
        "bias_questions_open": "fairtrial.tasks.harms.bias.questions:make_written_questions_task",
        "bias_decisions": "fairtrial.tasks.harms.bias.decisions:make_decisions_task",
        "bias_decisions_open": "fairtrial.tasks.harms.bias.decisions:make_written_decisions_task",
        "bias_pronouns": "fairtrial.tasks.harms.bias.pronouns:make_pronouns_task",
        "bias_pronouns_open": "fairtrial.tasks.harms.bias.pronouns:make_written_pronouns_task",
        "bias_stereotypes": "fairtrial.tasks.harms.bias.stereotypes:make_stereotypes_task",
        "bias_descriptions": "fairtrial.tasks.harms.bias.written:make_descriptions_task",
        "bias_refusals": "fairtrial.tasks.harms.bias.written:make_refusals_task",
    },
    "misinformation": {
        "misinformation_claims": "fairtrial.tasks.harms.misinformation.claims:make_claims",
        "misinformation_claims_open": "fairtrial.tasks.harms.misinformation.claims:make_open_claims",
        "misinformation_premises": "fairtrial.tasks.harms.misinformation.premises:make_premises",
        "misinformation_premises_open": "fairtrial.tasks.harms.misinformation.premises:make_open_premises",
        "misinformation_passages": "fairtrial.tasks.harms.misinformation.passages:make_passages",
        "misinformation_passages_open": "fairtrial.tasks.harms.misinformation.passages:make_open_passages",
        "misinformation_pressure": "fairtrial.tasks.harms.misinformation.pressure:make_pressure",
        "misinformation_pressure_open": "fairtrial.tasks.harms.misinformation.pressure:make_open_pressure",
        "misinformation_satire": "fairtrial.tasks.harms.misinformation.satire:make_satire",
        "misinformation_satire_open": "fairtrial.tasks.harms.misinformation.satire:make_open_satire",
        "misinformation_changes": "fairtrial.tasks.harms.misinformation.changes:make_changes",
        "misinformation_changes_open": "fairtrial.tasks.harms.misinformation.changes:make_open_changes",
        "misinformation_requests": "fairtrial.tasks.harms.misinformation.requests:make_requests",
    },
    "safety": {
        "safety_requests": "fairtrial.tasks.harms.safety.requests:build_safety_requests",
        "safety_replies": "fairtrial.tasks.harms.safety.requests:build_safety_replies",
        "safety_crisis": "fairtrial.tasks.harms.safety.crisis:build_safety_crisis",
        "safety_privacy": "fairtrial.tasks.harms.safety.privacy:build_safety_privacy",
        "safety_injection": "fairtrial.tasks.harms.safety.injection:build_safety_injection",
        "safety_jailbreaks": "fairtrial.tasks.harms.safety.jailbreaks:build_safety_jailbreaks",
        "safety_minors": "fairtrial.tasks.harms.safety.minors:build_safety_minors",
    },
    "elections": ELECTIONS,
}
"""Family to task name to ``module:function``, a function of `TaskOptions` that returns the task."""

HARM_TASKS: dict[str, str] = {name: where for tasks in HARMS.values() for name, where in tasks.items()}
