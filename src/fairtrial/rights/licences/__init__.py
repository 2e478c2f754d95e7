"""Licences of models and data: what each asks for, and whether what is made of several may be passed on under another.

Pure.  A table with sources and a few rules over it; a licence or a combination that the table does not know is unknown,
never fine.  This is no legal advice, and it judges licences alone: exceptions of the law (text and data mining, fair
use) and agreements of one's own may allow more.
"""

from __future__ import annotations

from fairtrial.rights.licences.combining import (
    Combination,
    Finding,
    Ingredient,
    combine_licences,
    suggest_release,
)
from fairtrial.rights.licences.table import LICENCES, LicenceTerms, find_licence

__all__ = [
    "LICENCES",
    "Combination",
    "Finding",
    "Ingredient",
    "LicenceTerms",
    "combine_licences",
    "find_licence",
    "suggest_release",
]
