"""ODRL 2.2 policies in JSON-LD, with the terms of IPTC RightsML and TDMRep: a subset, read with care.

A prohibition counts whatever its constraints are.  A permission whose constraints or duties are not understood is
conditional: somebody has to read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from fairtrial.errors import RightsError
from fairtrial.rights.circumstances import EU
from fairtrial.rights.readers.embargoes import FIRST, LAST
from fairtrial.rights.readers.parsing import parse_signal_json
from fairtrial.rights.readers.place import SignalSource, clean_line
from fairtrial.rights.record import Attribution, Evidence, Payment, Statement, Terms, Use

ODRL = "odrl"
MOST_RULES = 200

_MINING = (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX)
ACTIONS: dict[str, tuple[Use, ...]] = {
    "use": tuple(Use),
    "mine": _MINING,
    "textanddatamining": _MINING,
    "aitrain": (Use.TRAIN,),
    "train": (Use.TRAIN,),
    "index": (Use.AI_INDEX, Use.SEARCH),
    "display": (Use.DISPLAY,),
    "present": (Use.DISPLAY,),
    "extract": (Use.QUOTE,),
    "reproduce": (Use.QUOTE, Use.DISPLAY),
}
"""By the last part of their names, in lower case; what is not here concerns no use that this program knows."""

_OPERATORS = {"eq", "gt", "gteq", "lt", "lteq", "isanyof", "isnoneof", "neq", "ispartof"}


@dataclass(frozen=True, slots=True)
class _Condition:
    """What constraints and duties amount to: terms, and what nobody here can judge."""

    terms: Terms
    open: tuple[str, ...] = ()


def read_odrl(value: object, source: SignalSource, at: str, address: str = "") -> list[Evidence]:
    """Return what a policy says, given as JSON text or as what that says.

    Args:
        value: one policy, or a list of them or a graph.
        source: of the file that it stood in.
        at: the element or field.
        address: of the document; a permission with another target is not one for it.
    """
    try:
        parsed = parse_signal_json(value) if isinstance(value, str | bytes) else value
        policies = list(_list_policies(parsed))
        if not policies:
            raise RightsError("it is no ODRL policy")
    except RightsError as error:
        return [source.tell(ODRL, str(value), at=at, problem=error.message)]
    return [_tell_policy(one, source, at, address) for one in policies]


def read_embedded(text: str, source: SignalSource, at: str, address: str = "") -> list[Evidence]:
    """Return what policies in the JSON-LD of a page say; nothing where it has none, or is no JSON."""
    try:
        policies = list(_list_policies(parse_signal_json(text.strip().removeprefix("<!--").removesuffix("-->"))))
    except RightsError:
        return []
    told = [one for one in policies if any(_list_rules(one, name) for name in _RULES)]
    return [_tell_policy(one, source, at, address) for one in told]


_RULES = ("prohibition", "permission", "obligation")


def _list_policies(value: object) -> Iterator[Mapping[str, object]]:
    for one in _list(value):
        if isinstance(one, Mapping) and "@graph" in one:
            yield from (each for each in _list(one["@graph"]) if isinstance(each, Mapping))
        elif isinstance(one, Mapping) and _short(one.get("@type") or one.get("type")) in _POLICIES:
            yield one


_POLICIES = frozenset(["agreement", "assertion", "offer", "policy", "privacy", "request", "set", "ticket"])


def _tell_policy(policy: Mapping[str, object], source: SignalSource, at: str, address: str) -> Evidence:
    statements: list[Statement] = []
    unread: list[str] = []
    for rule in _list_rules(policy, "prohibition"):
        uses = _find_uses(rule)
        statements += [Statement(use, "deny", f"prohibits {_name_action(rule)}") for use in uses]
    for rule in _list_rules(policy, "permission"):
        statements += _read_permission(rule, policy, address)
    if _list(policy.get("obligation")):
        unread.append("it has an obligation of its own, which is not read")
    if _list(policy.get("inheritFrom")):
        unread.append("it inherits from another policy, which is not read")
    assigner = policy.get("assigner")
    uid = _id(policy.get("uid") or policy.get("@id"))
    evidence = source.tell(ODRL, _write(policy), tuple(dict.fromkeys(statements)), at=at, problem="; ".join(unread))
    return replace(
        evidence, holder=clean_line(_name_party(assigner)), licence=clean_line(uid), terms_url=clean_line(uid)
    )


def _read_permission(rule: Mapping[str, object], policy: Mapping[str, object], address: str) -> list[Statement]:
    target = _id(rule.get("target") or policy.get("target"))
    if target and address and _is_address(target) and target.rstrip("/") != address.rstrip("/"):
        return []
    condition = _read_condition(rule)
    doubts = list(condition.open)
    assignee = rule.get("assignee") or policy.get("assignee")
    if assignee:
        doubts.append(f"it is for {_name_party(assignee) or 'somebody'}")
    said = f"permits {_name_action(rule)}"
    terms = condition.terms
    found = []
    for use in _find_uses(rule):
        kept = terms if use == Use.QUOTE else replace(terms, max_words=None)
        if doubts or (kept.payment is not None):
            because = "; ".join(doubts) or "it must be paid for"
            found.append(Statement(use, "conditional", clean_line(f"{said}, but {because}"), kept))
        else:
            found.append(Statement(use, "allow", said, kept))
    return found


def _read_condition(rule: Mapping[str, object]) -> _Condition:
    terms, doubts = Terms(), list[str]()
    for constraint in (*_list(rule.get("constraint")), *_list_refinements(rule)):
        changed = _apply_constraint(terms, constraint) if isinstance(constraint, Mapping) else None
        if changed is None:
            doubts.append(f"the constraint {_name_constraint(constraint)} is not read")
        else:
            terms = changed
    for duty in (*_list(rule.get("duty")), *_list(rule.get("obligation"))):
        action = _name_action(duty) if isinstance(duty, Mapping) else _short(duty)
        if action in ("attribute", "attribution"):
            terms = replace(terms, attribution=Attribution(_find_credit(duty)))
        elif action in ("compensate", "pay"):
            terms = replace(terms, payment=_read_payment(duty))
        else:
            doubts.append(f"the duty {action or 'of an unknown kind'} is to be settled")
    return _Condition(terms, tuple(doubts))


def _apply_constraint(terms: Terms, constraint: Mapping[str, object]) -> Terms | None:
    """Return terms with one more constraint, None where it is not understood."""
    left, operator = _short(constraint.get("leftOperand")), _short(constraint.get("operator"))
    right = constraint.get("rightOperand")
    if operator not in _OPERATORS:
        return None
    if left in ("datetime", "date") and operator in ("gt", "gteq", "lt", "lteq"):
        return _limit_dates(terms, operator, _text(right))
    if left == "spatial":
        codes = [_territory(_text(one) or _id(one)) for one in _list(right)]
        if not codes or not all(codes):
            return None
        named = frozenset(code for group in codes for code in group)
        if operator in ("eq", "isanyof", "ispartof"):
            kept = named if terms.territories is None else named & terms.territories
            return replace(terms, territories=kept)
        if operator in ("neq", "isnoneof"):
            return replace(terms, territories_denied=terms.territories_denied | named)
    if left == "count" and operator in ("lteq", "lt", "eq") and _short(constraint.get("unit")) in ("word", "words"):
        number = _text(right)
        if number.isdecimal() and len(number) < 9:
            words = int(number) - (operator == "lt")
            return replace(terms, max_words=min(words, words if terms.max_words is None else terms.max_words))
    return None


def _limit_dates(terms: Terms, operator: str, text: str) -> Terms | None:
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    begins = operator in ("gt", "gteq")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=LAST if begins else FIRST)
    if begins:
        return replace(terms, valid_from=max(moment, terms.valid_from or moment))
    return replace(terms, valid_until=min(moment, terms.valid_until or moment))


def _territory(text: str) -> frozenset[str]:
    code = re.split(r"[/#:]", text)[-1].upper()
    if code == "EU":
        return EU
    return frozenset({code}) if re.fullmatch("[A-Z]{2}", code) else frozenset()


def _read_payment(duty: object) -> Payment:
    constraints = (*_list(duty.get("constraint")), *_list_refinements(duty)) if isinstance(duty, Mapping) else ()
    for one in constraints:
        if isinstance(one, Mapping) and _short(one.get("leftOperand")) == "payamount":
            try:
                amount = float(_text(one.get("rightOperand")))
            except ValueError:
                continue
            unit = re.split(r"[/#:]", _id(one.get("unit")))[-1].upper()
            if 0 <= amount < 1e12:
                return Payment("purchase", amount, unit if re.fullmatch("[A-Z]{3}", unit) else "")
    return Payment("purchase")


def _find_uses(rule: Mapping[str, object]) -> list[Use]:
    return [use for name in _list_actions(rule) for use in ACTIONS.get(name, ())]


def _list_actions(rule: Mapping[str, object]) -> list[str]:
    names = []
    for action in _list(rule.get("action")):
        if isinstance(action, Mapping) and "rdf:value" in action:
            action = action["rdf:value"]
        names.append(_short(action))
    return names


def _name_action(rule: Mapping[str, object]) -> str:
    return clean_line(", ".join(_list_actions(rule)))[:80]


def _list_refinements(rule: Mapping[str, object]) -> list[object]:
    return [
        one
        for action in _list(rule.get("action"))
        if isinstance(action, Mapping)
        for one in _list(action.get("refinement"))
    ]


def _list_rules(policy: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    rules = [rule for rule in _list(policy.get(name))[:MOST_RULES] if isinstance(rule, Mapping)]
    shared = policy.get("action")
    return [rule if "action" in rule else {**rule, "action": shared} for rule in rules]


def _find_credit(duty: object) -> str:
    for one in _list(duty.get("constraint")) if isinstance(duty, Mapping) else ():
        if isinstance(one, Mapping) and _text(one.get("rightOperand")):
            return clean_line(_text(one.get("rightOperand")))
    return clean_line(_name_party(duty.get("attributedParty"))) if isinstance(duty, Mapping) else ""


def _name_constraint(constraint: object) -> str:
    return clean_line(_short(constraint.get("leftOperand")) if isinstance(constraint, Mapping) else "")[:60] or "there"


def _name_party(party: object) -> str:
    for one in _list(party):
        if isinstance(one, Mapping):
            for key in ("vcard:fn", "fn", "name", "uid", "@id"):
                if _text(one.get(key)):
                    return _text(one.get(key))
        elif isinstance(one, str):
            return one
    return ""


def _write(policy: Mapping[str, object]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in policy.items() if key != "@context")


def _list(value: object) -> list[object]:
    return value[:MOST_RULES] if isinstance(value, list) else [] if value is None else [value]


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("@value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def _id(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("@id") or value.get("uid") or value.get("id")
    return value.strip() if isinstance(value, str) else ""


def _short(value: object) -> str:
    """Return the last part of a name in lower case, e.g. ``use`` of ``odrl:use``."""
    name = next((_id(one) or _text(one) for one in _list(value)), "")
    return re.split(r"[/#:]", name[:500])[-1].strip().casefold()


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://"))
