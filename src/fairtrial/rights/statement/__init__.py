"""What holders of rights are told: what answers took from their documents, and what is due.  Pure."""

from fairtrial.rights.statement.counting import DocumentLine, PublisherPart, UsageStatement, count_uses
from fairtrial.rights.statement.months import Period, read_month
from fairtrial.rights.statement.telemetry import make_sessions
from fairtrial.rights.statement.uses import AnsweredWith

__all__ = [
    "AnsweredWith",
    "DocumentLine",
    "Period",
    "PublisherPart",
    "UsageStatement",
    "count_uses",
    "make_sessions",
    "read_month",
]
