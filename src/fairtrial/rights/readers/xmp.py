"""XMP of images and PDF files: PLUS data mining, TDMRep, RSL, licences and holders of rights."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from fairtrial.errors import RightsError
from fairtrial.rights.readers.licences import Credit, read_licence
from fairtrial.rights.readers.packets import find_packets
from fairtrial.rights.readers.parsing import parse_signal_xml, read_element_text
from fairtrial.rights.readers.place import SignalSource, clean_line
from fairtrial.rights.readers.rsl import NAMESPACE, RSL, parse_rsl
from fairtrial.rights.readers.tdmrep import TDMREP_XMP, tell_reservation
from fairtrial.rights.record import Evidence, Says, Statement, Use

PLUS = "{http://ns.useplus.org/ldf/xmp/1.0/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_TDM = re.compile(r"\{https?://www\.w3\.org/ns/tdmrep[/#]?\}(reservation|policy)")
_DC, _CC = "{http://purl.org/dc/elements/1.1/}", "{http://creativecommons.org/ns#}"
_RIGHTS, _PHOTOSHOP = "{http://ns.adobe.com/xap/1.0/rights/}", "{http://ns.adobe.com/photoshop/1.0/}"
_VALUE = re.compile(r"(?:https?://ns\.useplus\.org/ldf/vocab/|plus-vocab:|.*[/#])?DMI-([A-Z-]+)")

_ALL = (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX, Use.SEARCH)
MINING: dict[str, tuple[tuple[Use, Says], ...]] = {
    "UNSPECIFIED": (),
    "ALLOWED": tuple((use, "allow") for use in _ALL),
    "PROHIBITED-AIMLTRAINING": ((Use.TRAIN, "deny"),),
    "PROHIBITED-GENAIMLTRAINING": ((Use.TRAIN, "deny"),),
    "PROHIBITED-EXCEPTSEARCHENGINEINDEXING": (
        *((use, "deny") for use in (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX)),
        (Use.SEARCH, "allow"),
    ),
    "PROHIBITED": tuple((use, "deny") for use in _ALL),
    "PROHIBITED-SEECONSTRAINT": tuple((use, "conditional") for use in _ALL),
    "PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": tuple((use, "conditional") for use in _ALL),
    "PROHIBITED-SEELINKEDRIGHTSEXPR": tuple((use, "conditional") for use in _ALL),
}
"""PLUS vocabulary of data mining (https://ns.useplus.org/LDF/ldf-XMPSpecification)."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Properties of one packet: names with their namespace, in order."""

    root: Element
    properties: tuple[tuple[str, str], ...]

    def find(self, *names: str) -> str:
        """Return the first property with one of these names, in their order; empty if there is none."""
        return next((value for name in names for key, value in self.properties if key == name and value), "")


def read_xmp(data: bytes, source: SignalSource) -> list[Evidence]:
    """Return what the XMP packets of a file say of its rights; one that cannot be parsed is a problem."""
    found: list[Evidence] = []
    for raw in find_packets(data):
        try:
            packet = _read_packet(parse_signal_xml(raw))
        except RightsError as error:
            found.append(source.tell("plus", "", at="XMP", problem=error.message))
            continue
        found += [*_tell_mining(packet, source), *_tell_tdmrep(packet, source), *_tell_rsl(packet, source)]
        found += _tell_rights(packet, source)
    return found


def tell_mining(signal: str, value: str, source: SignalSource, at: str, constraints: str = "") -> list[Evidence]:
    """Return what a value of the PLUS vocabulary says; one that is not in it is a problem."""
    name = _VALUE.fullmatch(value.strip())
    raw = f"DataMining: {value}" + (f"\nOtherConstraints: {constraints}" if constraints else "")
    if name is None or name[1] not in MINING:
        return [source.tell(signal, raw, at=at, problem=f"the value {clean_line(value)[:80]!r} is not in PLUS")]
    because = f"DMI-{name[1]}" + (f": {clean_line(constraints)[:200]}" if constraints else "")
    statements = tuple(Statement(use, says, because) for use, says in MINING[name[1]])
    return [source.tell(signal, raw, statements, at=at)]


def _read_packet(root: Element) -> Packet:
    """Return all properties of all descriptions, also of those within others."""
    properties: list[tuple[str, str]] = []
    for element in root.iter():
        properties += [(name, value.strip()) for name, value in element.attrib.items() if name.startswith("{")]
        if element.tag.startswith(_RDF) and element.tag != f"{_RDF}value":
            continue
        properties.append((element.tag, element.get(f"{_RDF}resource", "").strip() or _read_first(element)))
    return Packet(root, tuple(properties))


def _read_first(element: Element) -> str:
    """Return a property's text: that of its first item where it has several, the default language where it has that."""
    items = [one for one in element.iter(f"{_RDF}li") if read_element_text(one)]
    return read_element_text(items[0]) if items else read_element_text(element)


def _tell_mining(packet: Packet, source: SignalSource) -> list[Evidence]:
    values = [value for key, value in packet.properties if key == f"{PLUS}DataMining" and value]
    constraints = packet.find(f"{PLUS}OtherConstraints")
    return [one for value in values for one in tell_mining("plus", value, source, "XMP plus:DataMining", constraints)]


def _tell_tdmrep(packet: Packet, source: SignalSource) -> list[Evidence]:
    named = {match[1]: value for key, value in packet.properties if (match := _TDM.fullmatch(key))}
    if not named:
        return []
    return list(tell_reservation(TDMREP_XMP, source, named.get("reservation", ""), named.get("policy", ""), "XMP"))


def _tell_rsl(packet: Packet, source: SignalSource) -> list[Evidence]:
    """Return what an embedded licence says: of the file that it stands in, whatever address it has there."""
    found: list[Evidence] = []
    for element in packet.root.iter(f"{NAMESPACE}rsl"):
        try:
            file = parse_rsl(element, source, read_element_text(element))
        except RightsError as error:
            found.append(source.tell(RSL, read_element_text(element), at="XMP", problem=error.message))
            continue
        found += file.tell_here()
    return found


def _tell_rights(packet: Packet, source: SignalSource) -> list[Evidence]:
    holder = packet.find(f"{_RIGHTS}Owner", f"{PLUS}CopyrightOwnerName", f"{_DC}creator")
    credit = packet.find(f"{_CC}attributionName", f"{_PHOTOSHOP}Credit") or holder
    link = packet.find(f"{_CC}attributionURL")
    notice = packet.find(f"{_DC}rights")
    terms = packet.find(f"{_RIGHTS}UsageTerms")
    statement = packet.find(f"{_RIGHTS}WebStatement", f"{PLUS}LicensorURL")
    lines = (("rights", notice), ("usage terms", terms), ("web statement", statement), ("credit", credit))
    raw = "\n".join(f"{name}: {text}" for name, text in lines if text)
    found: list[Evidence] = []
    if notice or terms or statement:
        evidence = source.tell("iptc", raw, at="XMP")
        found.append(replace(evidence, holder=clean_line(holder), terms_url=clean_line(statement)))
    for licence in (packet.find(f"{_CC}license"), statement):
        if licence and (licence != statement or "creativecommons.org" in licence):
            found += read_licence(licence, source, "XMP", Credit(clean_line(credit), clean_line(link)))
    return list(dict.fromkeys(found))
