"""A statement as one HTML page that needs no network and no script; everything in it is escaped."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from fairtrial.pages.showing import make_visible
from fairtrial.report.statement.table import describe_part, describe_statement
from fairtrial.rights.statement.counting import UsageStatement
from fairtrial.rights.statement.document import write_due


def render_page(statement: UsageStatement) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader("fairtrial.report.statement"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=make_visible, due=write_due, notes=describe_part)
    style = (files("fairtrial.report.html") / "templates" / "report.css").read_text("utf-8")
    template = environment.get_template("statement.html")
    return template.render(statement=statement, described=describe_statement(statement), style=style)
