"""A statement of uses for holders of rights: in the terminal, as CSV, and as one HTML page."""

from fairtrial.report.statement.page import render_page
from fairtrial.report.statement.table import render_statement
from fairtrial.report.statement.text import render_csv, render_telemetry

__all__ = ["render_csv", "render_page", "render_statement", "render_telemetry"]
