"""Templates to pages.  Whatever is shown is escaped; text of others goes through ``visible`` as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from fairtrial.pages.assets import Assets
from fairtrial.pages.showing import make_inline, make_visible, offer_breaks


class PageRenderer:
    """Makes pages from the templates of some packages; the first that has one of a name gives it.

    ``base.html`` is the frame: see there for its blocks.  In every template, ``asset(NAME)`` is where a style sheet or
    script is found, ``visible`` and ``inline`` show text of others, and ``token`` is what a form must send back.

    Attributes:
        environment: of the templates, for filters and functions of one's own.
        assets: style sheets and scripts.
        token: of this process; empty for pages without forms.
    """

    def __init__(self, packages: Sequence[str], assets: Assets, token: str = "") -> None:
        self.environment = Environment(
            loader=ChoiceLoader([PackageLoader(package) for package in (*packages, "fairtrial.pages")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.assets, self.token = assets, token
        self.environment.filters.update(visible=make_visible, inline=make_inline, name=offer_breaks)
        self.environment.globals.update(asset=assets.find_path, token=token)

    def add(self, filters: Mapping[str, Callable[..., Any]], functions: Mapping[str, Any]) -> None:
        """Take filters and functions for templates."""
        self.environment.filters.update(filters)
        self.environment.globals.update(functions)

    def render(self, template: str, **values: Any) -> str:
        """Return a template's text."""
        return self.environment.get_template(template).render(values)

    def respond(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page as it is sent."""
        text = self.render(template, **values)
        return HTMLResponse(text.encode("utf-8", "replace"), status)
