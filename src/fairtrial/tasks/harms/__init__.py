"""Tasks about harm, written by us: bias, misinformation, safety of users, integrity of elections.

A family is a folder; `HARMS` names its tasks, and a trial may name a family for all of them.
"""

from fairtrial.records.harms import Family
from fairtrial.tasks.harms.elections import ELECTIONS

HARMS: dict[Family, dict[str, str]] = {
    "bias": {
        "bias_questions": "fairtrial.tasks.harms.bias.questions:make_questions_task",
        "bias_questions_open": "fairtrial.tasks.harms.bias.questions:make_written_questions_task",
        "bias_decisions": "fairtrial.tasks.harms.bias.decisions:make_decisions_task",
        "bias_decisions_open": "fairtrial.tasks.harms.bias.decisions:make_written_decisions_task",
        "bias_pronouns": "fairtrial.tasks.harms.bias.pronouns:make_pronouns_task",
        "bias_pronouns_open": "fairtrial.tasks.harms.bias.pronouns:make_written_pronouns_task",
        "bias_stereotypes": "fairtrial.tasks.harms.bias.stereotypes:make_stereotypes_task",
    },
    "misinformation": {},
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
