"""How an answer behaves: does it refuse, refer, abstain, correct, hedge; what personal data stands in it.

Rules of our own, without a model; how far people agree with them is measured (docs/conduct.md).
"""

from fairtrial.conduct.method import METHOD
from fairtrial.conduct.personal import PERSONAL_KINDS, PersonalData, PersonalKind, find_personal_data
from fairtrial.conduct.reading import KINDS, Conduct, ConductKind, read_conduct

__all__ = [
    "KINDS",
    "METHOD",
    "PERSONAL_KINDS",
    "Conduct",
    "ConductKind",
    "PersonalData",
    "PersonalKind",
    "find_personal_data",
    "read_conduct",
]
