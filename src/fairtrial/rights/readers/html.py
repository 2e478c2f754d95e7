"""Rights signals in an HTML page: TDMRep, robots directives, RSL linked or inline, licences, ODRL, schema.org."""

from __future__ import annotations

from fairtrial.rights.readers.headers import read_directives
from fairtrial.rights.readers.licences import Credit, read_licence
from fairtrial.rights.readers.odrl import read_embedded
from fairtrial.rights.readers.pages import Page, read_page_signals
from fairtrial.rights.readers.place import Place, SignalSource
from fairtrial.rights.readers.rsl import read_rsl
from fairtrial.rights.readers.schema_org import read_schema_org
from fairtrial.rights.readers.sites import Site
from fairtrial.rights.readers.tdmrep import POLICY, RESERVATION, TDMREP_HTML, choose_reservation, tell_reservation
from fairtrial.rights.record import Evidence

_RSL_TYPE = "application/rsl+xml"
_LINKED_TYPE = "application/ld+json"


def read_html_signals(data: bytes, source: SignalSource, place: Place, site: Site) -> list[Evidence]:
    """Return what a page says of its rights; raises RightsError where it cannot be read at all."""
    page = read_page_signals(data)
    found = [*_read_tdmrep(page, source), *_read_robots(page, source)]
    for url, kind in page.licenses:
        if kind == _RSL_TYPE:
            found += site.tell_linked(url, source, "link rel=license", place)
        else:
            found += read_licence(url, source, "link rel=license", Credit())
    for name in page.list_metas("dcterms.license", "dc.rights.license", "license"):
        found += read_licence(name, source, "meta", Credit())
    for kind, text in page.scripts:
        if kind == _LINKED_TYPE:
            found += read_embedded(text, source, "JSON-LD", place.url)
        elif kind == _RSL_TYPE:
            found += read_rsl(text.encode("utf-8", "replace"), source).tell_here()
    found += read_schema_org(page, source)
    if page.overflow:
        found.append(source.tell("licence", "", problem="it has more elements about rights than are read"))
    return found


def _read_tdmrep(page: Page, source: SignalSource) -> list[Evidence]:
    reservations, policies = page.list_metas(RESERVATION), page.list_metas(POLICY)
    if not reservations and not policies:
        return []
    policy = next(iter(policies), "")
    return list(tell_reservation(TDMREP_HTML, source, choose_reservation(reservations), policy, "meta"))


def _read_robots(page: Page, source: SignalSource) -> list[Evidence]:
    text = ", ".join(page.list_metas("robots"))
    return read_directives(text, source, "meta robots") if text else []
