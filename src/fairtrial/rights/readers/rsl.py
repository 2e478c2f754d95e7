"""RSL 1.0, Really Simple Licensing (https://rslstandard.org/rsl, with errata): what a licence file says of a document.

A file is parsed once and asked for many documents.  One that is invalid says so of every document: whoever declares
terms that nobody can read has licensed nothing (section 4.3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, tostring

from fairtrial.errors import RightsError
from fairtrial.rights.circumstances import EU, OPERATORS
from fairtrial.rights.readers.parsing import parse_signal_xml, read_element_text
from fairtrial.rights.readers.paths import match_path, normalise_path
from fairtrial.rights.readers.place import SignalSource, SiteAddress, clean_line, split_address
from fairtrial.rights.record import Attribution, Evidence, Payment, Reporting, Says, Statement, Terms, Use

RSL = "rsl"
NAMESPACE = "{https://rslstandard.org/rsl}"
MAX_AGE_DAYS = 30.0
"""Without ``max-age`` (section 3.2)."""

_AI = (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX)
USAGE: dict[str, tuple[Use, ...]] = {
    "all": (*_AI, Use.SEARCH),
    "ai-all": _AI,
    "ai-train": (Use.TRAIN,),
    "ai-input": (Use.AI_INPUT,),
    "ai-index": (Use.AI_INDEX,),
    "search": (Use.SEARCH,),
}
"""Section 3.4.1.1."""

PAYMENTS = frozenset(["purchase", "subscription", "training", "crawl", "use", "contribution", "attribution", "free"])
"""Section 3.7."""

_CHILDREN = {
    "rsl": frozenset({"content"}),
    "content": frozenset(["license", "alternate", "schema", "copyright", "terms"]),
    "license": frozenset(["permits", "prohibits", "payment", "reporting", "legal"]),
    "payment": frozenset(["standard", "custom", "amount", "accepts"]),
}
_GEO = re.compile(r"[A-Z]{2}")
_EXTENSION = re.compile(r"[A-Za-z_][\w.-]*:[\w.-]+")


@dataclass(frozen=True, slots=True)
class License:
    """One ``license``: None for a kind of restriction that it does not have."""

    permits: frozenset[Use] | None
    prohibits: frozenset[Use]
    terms: Terms
    says: Says
    because: str
    standard: str = ""

    @property
    def excludes_alone(self) -> bool:
        """Whether it only takes something out of what a wider scope says."""
        return self.permits is None and bool(self.prohibits) and self.terms == Terms() and self.says == "allow"


@dataclass(frozen=True, slots=True)
class Content:
    """One ``content``: documents by their address, and the licences that hold for them."""

    url: str
    licenses: tuple[License, ...]
    holder: str
    terms_url: str
    alternates: tuple[str, ...]
    raw: str

    def match(self, target: SiteAddress) -> int | None:
        """Return how specific its pattern is if it covers a document, else None."""
        if not self.url:
            return 0
        whole = split_address(self.url)
        if whole is not None:
            if target.host and whole.host != target.host:
                return None
            found = match_path(normalise_path(whole.path), target.path)
        else:
            found = match_path(normalise_path("/" + self.url.lstrip("/")), target.path)
        if found is None and target.path in self.alternates:
            return len(target.path)
        return found


@dataclass(frozen=True, slots=True)
class RslFile:
    """A licence file: its contents, or the problem that makes it unreadable; foreign if it is XML of another kind."""

    source: SignalSource
    raw: str
    contents: tuple[Content, ...] = ()
    max_age: float = MAX_AGE_DAYS
    problem: str = ""
    foreign: bool = False

    def tell(self, target: SiteAddress) -> tuple[Evidence, ...]:
        """Return what it says of a document; nothing where none of its contents covers it."""
        if self.problem:
            return (self.source.tell(RSL, self.raw, problem=self.problem),)
        found = [(size, content) for content in self.contents if (size := content.match(target)) is not None]
        if not found:
            return ()
        found.sort(key=lambda one: -one[0])
        scopes = [[c for size, c in found if size == level] for level in dict.fromkeys(size for size, _ in found)]
        contents = [content for _, content in found]
        evidence = self.source.tell(
            RSL,
            "\n".join(content.raw for content in contents[:20]),
            tuple(dict.fromkeys(one for use in USAGE["all"] for one in _judge(use, scopes))),
            at=f"content {' and '.join(repr(content.url) for content in contents[:3])}",
            ttl_days=self.max_age,
        )
        licence = next((one.standard for content in contents for one in content.licenses if one.standard), "")
        return (
            replace(
                evidence,
                holder=next((content.holder for content in contents if content.holder), ""),
                terms_url=next((content.terms_url for content in contents if content.terms_url), ""),
                licence=licence,
            ),
        )

    def tell_here(self) -> tuple[Evidence, ...]:
        """Return what it says of the document that it stands in, whatever address it gives: copies keep their terms."""
        return replace(self, contents=tuple(replace(one, url="") for one in self.contents)).tell(SiteAddress("", "/"))


def read_rsl(data: bytes, source: SignalSource) -> RslFile:
    """Return what a licence file, an inline licence or an ``rsl:content`` of a feed says; never raises."""
    raw = data[:8000].decode("utf-8", "replace")
    foreign = False
    try:
        root = parse_signal_xml(data)
        foreign = not root.tag.startswith(NAMESPACE)
        return parse_rsl(root, source, raw)
    except RightsError as error:
        return RslFile(source, raw, problem=error.message, foreign=foreign)


def parse_rsl(root: Element, source: SignalSource, raw: str) -> RslFile:
    """Return what an element ``rsl`` or ``content`` says; raises RightsError where it is not valid."""
    if root.tag == f"{NAMESPACE}content":
        return RslFile(source, raw, (_read_content(root),))
    if root.tag != f"{NAMESPACE}rsl":
        raise RightsError(f"its root is {clean_line(root.tag)[:80]!r}, not 'rsl' in the namespace {NAMESPACE[1:-1]}")
    contents = tuple(_read_content(one) for one in _children(root, "rsl") if one.tag == f"{NAMESPACE}content")
    return RslFile(source, raw, contents, _read_age(root.get("max-age")))


def _judge(use: Use, scopes: Sequence[Sequence[Content]]) -> list[Statement]:
    """Return what is said of a use: by the narrowest scope, and by wider ones where it only takes something out."""
    for place, contents in enumerate(scopes):
        licenses = [(content, one) for content in contents for one in content.licenses]
        denials = [c for c, one in licenses if use in one.prohibits]
        if denials:
            return [Statement(use, "deny", f"prohibits {use} (content {clean_line(denials[0].url)[:80]!r})")]
        if all(one.excludes_alone for _, one in licenses) and place + 1 < len(scopes):
            continue
        offers = [one for _, one in licenses if one.permits is None or use in one.permits]
        named = [one for one in offers if one.permits is not None]
        if offers:
            return [Statement(use, one.says, f"permits {use}{one.because}", one.terms) for one in named or offers]
        if not any(one.permits for _, one in licenses):
            return [Statement(use, "deny", f"permits nothing that is known here, and so not {use}")]
        return []
    return []


def _read_content(element: Element) -> Content:
    url = element.get("url")
    if url is None:
        raise RightsError("a 'content' has no 'url'")
    children = _children(element, "content")
    holder = next((clean_line(read_element_text(one)) for one in children if one.tag == f"{NAMESPACE}copyright"), "")
    terms_url = next((clean_line(read_element_text(one)) for one in children if one.tag == f"{NAMESPACE}terms"), "")
    server = (element.get("server") or "").strip()
    licenses = tuple(_read_license(one, server, holder) for one in children if one.tag == f"{NAMESPACE}license")
    if not licenses:
        raise RightsError(f"the 'content' of {url[:80]!r} has no 'license'")
    alternates = [read_element_text(one) for one in children if one.tag == f"{NAMESPACE}alternate"]
    paths = tuple(normalise_path(target.path if (target := split_address(one)) else one) for one in alternates if one)
    raw = tostring(element, "unicode").replace("<ns0:", "<").replace("</ns0:", "</").replace(" xmlns:ns0=", " xmlns=")
    return Content(url.strip(), licenses, holder, terms_url, paths, raw)


def _read_license(element: Element, server: str, holder: str) -> License:
    limits: dict[tuple[str, str], list[str]] = {}
    payments, reports = [], []
    for child in _children(element, "license"):
        name = child.tag.removeprefix(NAMESPACE)
        if name in ("permits", "prohibits"):
            kind = child.get("type", "")
            if kind not in ("usage", "user", "geo"):
                raise RightsError(f"'{name}' has the type {kind[:40]!r}, which is none of usage, user, geo")
            limits.setdefault((name, kind), []).extend(re.split(r"[\s,]+", read_element_text(child)))
        elif name == "payment":
            payments.append(child)
        elif name == "reporting":
            reports.append(_read_reporting(child))
    if len(payments) > 1:
        raise RightsError("a 'license' has more than one 'payment'")
    permits = _read_usage(limits.get(("permits", "usage")))
    terms = Terms(
        territories=_read_geo(limits.get(("permits", "geo"))),
        territories_denied=_read_geo(limits.get(("prohibits", "geo"))) or frozenset(),
        operators=_read_users(limits.get(("permits", "user")), limits.get(("prohibits", "user"))),
        reporting=_join_reports(reports),
    )
    says, because, payment, standard = _read_payment(payments[0] if payments else None)
    if payment is not None:
        credit = Attribution(holder) if payment.type == "attribution" else None
        asked = payment if says == "conditional" else None
        terms = replace(terms, payment=asked, attribution=credit)
    if server:
        says, because = "conditional", f"{because}, with a token of the licence server {clean_line(server)[:100]}"
    prohibits = _read_usage(limits.get(("prohibits", "usage"))) or frozenset()
    return License(permits, prohibits, terms, says, because, standard)


def _read_usage(tokens: list[str] | None) -> frozenset[Use] | None:
    if tokens is None:
        return None
    uses: set[Use] = set()
    for token in filter(None, tokens):
        if token in USAGE:
            uses.update(USAGE[token])
        elif not _EXTENSION.fullmatch(token):
            raise RightsError(f"the usage {token[:40]!r} is none of {', '.join(USAGE)}")
    return frozenset(uses)


def _read_users(permits: list[str] | None, prohibits: list[str] | None) -> frozenset[str] | None:
    """Return the classes of operators that may, None for all."""
    if permits is None and prohibits is None:
        return None
    known = frozenset(OPERATORS)
    for token in filter(None, [*(permits or ()), *(prohibits or ())]):
        if token not in known and not _EXTENSION.fullmatch(token):
            raise RightsError(f"the user {token[:40]!r} is none of {', '.join(OPERATORS)}")
    allowed: frozenset[str] = known if permits is None else known & frozenset(permits)
    return allowed - frozenset(prohibits or ())


def _read_geo(tokens: list[str] | None) -> frozenset[str] | None:
    if tokens is None:
        return None
    codes: set[str] = set()
    for token in filter(None, tokens):
        if token == "EU":
            codes |= EU
        elif _GEO.fullmatch(token):
            codes.add(token)
        elif not _EXTENSION.fullmatch(token):
            raise RightsError(f"the territory {token[:40]!r} is no code of two capital letters (ISO 3166-1), nor EU")
    return frozenset(codes)


def _read_payment(element: Element | None) -> tuple[Says, str, Payment | None, str]:
    """Return what a payment makes of a permission, why, the payment, and the address of the licence that it names."""
    if element is None:
        return "allow", "", None, ""
    children = {child.tag.removeprefix(NAMESPACE): child for child in _children(element, "payment")}
    kind = element.get("type", "").strip()
    if kind and kind not in PAYMENTS:
        raise RightsError(f"the payment type {kind[:40]!r} is none of {', '.join(sorted(PAYMENTS))}")
    amount, currency = _read_amount(children.get("amount"))
    link = clean_line(read_element_text(children.get("standard")) or read_element_text(children.get("custom")))
    if not kind and not children:
        return "allow", "", None, ""
    payment = Payment(kind, amount, currency)
    price = f" of {amount:g} {currency}" if amount is not None else ""
    if kind in ("free", "attribution") and not amount:
        return "allow", f", payment {kind}", payment, link
    named = f"payment {kind}{price}" if kind else f"terms to be agreed{price}"
    return "conditional", f", {named}", payment, link


def _read_amount(element: Element | None) -> tuple[float | None, str]:
    if element is None:
        return None, ""
    text, currency = read_element_text(element), element.get("currency", "").strip()
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount) or amount < 0:
        raise RightsError(f"the amount {text[:40]!r} is no sum of money")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise RightsError(f"the currency {currency[:40]!r} is no code of three capital letters (ISO 4217)")
    return amount, currency


def _read_reporting(element: Element) -> Reporting:
    profile = element.get("profile", "").strip()
    if not profile:
        raise RightsError("a 'reporting' has no 'profile'")
    return Reporting(clean_line(profile), clean_line(element.get("endpoint", "")))


def _join_reports(reports: list[Reporting]) -> Reporting | None:
    """Return all that must be told; several profiles stand in one name, with a space between them."""
    if not reports:
        return None
    return Reporting(" ".join(sorted({one.profile for one in reports})), reports[0].endpoint)


def _read_age(text: str | None) -> float:
    if text is None:
        return MAX_AGE_DAYS
    if not text.strip().isdecimal() or not 0 < len(text.strip()) <= 6 or int(text) == 0:
        raise RightsError(f"its max-age {text[:40]!r} is no number of days")
    return float(text)


def _children(element: Element, name: str) -> list[Element]:
    """Return the children in RSL's namespace; one that RSL 1.0 does not have makes the file invalid (section 3)."""
    children = [child for child in element if child.tag.startswith(NAMESPACE)]
    for child in children:
        if child.tag.removeprefix(NAMESPACE) not in _CHILDREN[name]:
            raise RightsError(
                f"'{name}' has an element {child.tag.removeprefix(NAMESPACE)[:40]!r} that RSL 1.0 has not"
            )
    return children
