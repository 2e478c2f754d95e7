"""Rights of news items: ``rightsInfo`` of ninjs and of NewsML-G2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from xml.etree.ElementTree import Element

from fairtrial.errors import RightsError
from fairtrial.rights.readers.odrl import read_odrl
from fairtrial.rights.readers.odrl_xml import translate_policies
from fairtrial.rights.readers.parsing import parse_signal_json, parse_signal_xml, read_element_text
from fairtrial.rights.readers.place import Place, SignalSource, clean_line
from fairtrial.rights.readers.sites import Site
from fairtrial.rights.readers.xmp import tell_mining
from fairtrial.rights.record import Evidence, Statement, Use

NINJS, NEWSML = "ninjs", "newsml-g2"
MOST_NEWS_BYTES = 16 << 20

_NAR = "{http://iptc.org/std/nar/2006-10-01/}"


def read_ninjs_signals(data: bytes, source: SignalSource, place: Place, site: Site) -> list[Evidence]:
    """Return what a ninjs item, 1 to 3, says of its rights; raises RightsError where it is no JSON."""
    item = parse_signal_json(data, MOST_NEWS_BYTES)
    if not isinstance(item, Mapping):
        return []
    named = {str(key).replace("_", "").casefold(): value for key, value in item.items()}
    found: list[Evidence] = []
    notice, terms = _text(named.get("copyrightnotice")), _text(named.get("usageterms"))
    holder = clean_line(_text(named.get("copyrightholder")))
    if notice or terms:
        raw = "\n".join(f"{key}: {text}" for key, text in (("notice", notice), ("usage terms", terms)) if text)
        found.append(replace(source.tell(NINJS, raw, at="item"), holder=holder))
    infos = named.get("rightsinfo")
    for info in infos[:20] if isinstance(infos, list) else [infos]:
        if isinstance(info, Mapping):
            found += _read_info(info, source, place.url, holder)
    return found


def _read_info(info: Mapping[str, object], source: SignalSource, address: str, holder: str) -> list[Evidence]:
    named = {str(key).replace("_", "").casefold(): value for key, value in info.items()}
    language, linked = _text(named.get("langid")), _text(named.get("linkedrights"))
    encoded = named.get("encodedrights")
    if encoded:
        return _read_encoded(encoded, language, source, address, NINJS)
    if not linked:
        return []
    return [replace(_tell_linked(NINJS, linked, language, source), holder=holder)]


def _read_encoded(encoded: object, language: str, source: SignalSource, address: str, signal: str) -> list[Evidence]:
    """Return what an expression of rights says; one in another language than ODRL cannot be read."""
    if isinstance(encoded, str) and encoded.lstrip()[:1] == "<":
        with suppress(RightsError):
            encoded = translate_policies(parse_signal_xml(encoded.encode())) or encoded
    if isinstance(encoded, str) and encoded.lstrip()[:1] not in ("{", "["):
        problem = f"its rights are written in {clean_line(language)[:80] or 'an unnamed language'}, which is not read"
        return [source.tell(signal, encoded, at="rightsInfo", problem=problem)]
    found = read_odrl(encoded, source, "rightsInfo", address)
    return [replace(one, signal=signal) for one in found]


def _tell_linked(signal: str, address: str, language: str, source: SignalSource) -> Evidence:
    """Return evidence of rights that stand elsewhere: every use is to be settled under them."""
    because = f"its rights stand at {clean_line(address)[:200]}"
    statements = tuple(Statement(use, "conditional", because) for use in Use)
    evidence = source.tell(signal, f"{language} {address}".strip(), statements, at="rightsInfo")
    return replace(evidence, terms_url=clean_line(address))


def read_newsml_signals(data: bytes, source: SignalSource, place: Place, site: Site) -> list[Evidence]:
    """Return what a NewsML-G2 item says of its rights; raises RightsError where it is no XML."""
    root = parse_signal_xml(data, MOST_NEWS_BYTES)
    return [one for info in _list_infos(root) for one in _read_newsml_info(info, source, place.url)]


def _list_infos(root: Element) -> Iterator[Element]:
    return (one for one in root.iter() if _local(one) == "rightsInfo")


def _read_newsml_info(info: Element, source: SignalSource, address: str) -> list[Evidence]:
    found: list[Evidence] = []
    lines, holder, links = [], "", []
    constraints = next((read_element_text(one) for one in info if _local(one) == "otherConstraints"), "")
    for child in info:
        name = _local(child)
        if name == "copyrightHolder":
            held = next((read_element_text(one) for one in child if _local(one) == "name"), "")
            holder = clean_line(held or child.get("literal") or child.get("uri") or child.get("qcode") or "")
        elif name in ("copyrightNotice", "usageTerms"):
            lines.append(f"{name}: {read_element_text(child) or child.get('href', '')}")
        elif name == "link":
            links.append(child.get("href", ""))
        elif name == "dataMining":
            value = child.get("uri") or child.get("qcode", "").replace(":", "/") or read_element_text(child)
            found += tell_mining(NEWSML, value, source, "rightsInfo/dataMining", constraints)
        elif name in ("rightsExpressionXML", "rightsExpressionData"):
            policies = translate_policies(child) if len(child) else read_element_text(child)
            found += _read_encoded(policies or "<", child.get("langid", ""), source, address, NEWSML)
    if lines or holder:
        found.insert(0, source.tell(NEWSML, "\n".join(lines), at="rightsInfo"))
    terms_url = clean_line(next((link for link in links if link), ""))
    return [replace(one, holder=one.holder or holder, terms_url=one.terms_url or terms_url) for one in found]


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
