"""Who may do what with a document: the signals that were seen, and what follows from them.

Evidence (what was seen, where and when) is kept apart from decisions, which can be made again at any time from the
evidence, the rules of a profile and the circumstances.  Knows no archive, no model and no ledger.
"""

from fairtrial.rights.circumstances import Circumstances, Profile, Proof
from fairtrial.rights.decide import decide
from fairtrial.rights.decision import Decision, Duties, RightsRule, combine_decisions, merge_duties
from fairtrial.rights.record import (
    Attribution,
    Evidence,
    OperatorClass,
    Payment,
    Reporting,
    RightsRecord,
    Says,
    Statement,
    Terms,
    Use,
)

__all__ = [
    "Attribution",
    "Circumstances",
    "Decision",
    "Duties",
    "Evidence",
    "OperatorClass",
    "Payment",
    "Profile",
    "Proof",
    "Reporting",
    "RightsRecord",
    "RightsRule",
    "Says",
    "Statement",
    "Terms",
    "Use",
    "combine_decisions",
    "decide",
    "merge_duties",
]
