"""Tables of signed agreements, as YAML or CSV: what was agreed with whom, for which documents.

What they say wins over public signals.
"""

from fairtrial.rights.agreements.table import Agreement, AgreementTable, load_agreements

__all__ = ["Agreement", "AgreementTable", "load_agreements"]
