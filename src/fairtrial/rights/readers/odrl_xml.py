"""ODRL policies in XML, as RightsML 1 and NewsML-G2 have them, told in the form of JSON-LD that `odrl` reads.

Knows the elements of the ODRL 2.1 XML encoding (W3C ODRL Community Group, namespace ``http://www.w3.org/ns/odrl/2/``)
and decides nothing: what it does not know of a rule becomes a constraint that nobody can read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from fairtrial.rights.readers.odrl import MOST_RULES

NAMESPACES = ("http://www.w3.org/ns/odrl/2/", "http://w3.org/ns/odrl/2/")
_RULES = ("permission", "prohibition")
_PARTIES = {"assigner": "assigner", "assignee": "assignee"}


def translate_policies(root: Element) -> list[Mapping[str, object]]:
    """Return the policies within an element as JSON-LD has them; none where there are none."""
    named = {key: one for one in root.iter() if (key := one.get("id"))}
    return [_translate_policy(one, named) for one in root.iter() if _name(one) == "Policy"]


def _translate_policy(policy: Element, named: Mapping[str, Element]) -> Mapping[str, object]:
    told: dict[str, object] = {"@type": policy.get("type") or "Policy", "uid": policy.get("uid", "")}
    if policy.get("inheritFrom"):
        told["inheritFrom"] = policy.get("inheritFrom")
    for kind in _RULES:
        found = [one for one in policy if _name(one) == kind][:MOST_RULES]
        told[kind] = [rule for one in found for rule in _translate_rule(one, named)]
    if any(_name(one) not in _RULES for one in policy):
        told["obligation"] = [{"action": _name(one) or "unknown"} for one in policy if _name(one) not in _RULES]
    rules = [rule for kind in _RULES for rule in _list_rules(told[kind])]
    return {**told, "assigner": next((rule["assigner"] for rule in rules if "assigner" in rule), None)}


def _list_rules(rules: object) -> list[Mapping[str, object]]:
    return rules if isinstance(rules, list) else []


def _translate_rule(rule: Element, named: Mapping[str, Element]) -> Iterator[dict[str, object]]:
    """Yield a rule once for each asset that it is about."""
    lists: dict[str, list[object]] = {"action": [], "constraint": [], "duty": []}
    told: dict[str, object] = {**lists}
    targets: list[str] = []
    for written in rule[:MOST_RULES]:
        one = _follow(written, named)
        kind = _name(one)
        if kind == "asset" and _end(one.get("relation", "target")) == "target":
            targets.append(one.get("uid", ""))
        elif kind == "action":
            lists["action"].append(one.get("name", ""))
        elif kind == "constraint":
            lists["constraint"].append(_translate_constraint(one))
        elif kind == "duty":
            lists["duty"].append(_translate_duty(one, named))
        elif kind == "party" and _end(one.get("function", "")) in _PARTIES:
            told[_PARTIES[_end(one.get("function", ""))]] = one.get("uid", "")
        elif kind not in ("asset", "party"):
            lists["constraint"].append({"leftOperand": one.tag.rpartition("}")[2]})
    if len(rule) > MOST_RULES:
        lists["constraint"].append({"leftOperand": f"that follows the first {MOST_RULES}"})
    yield from ({**told, "target": target} for target in targets or [""])


def _translate_duty(duty: Element, named: Mapping[str, Element]) -> dict[str, object]:
    """Return a duty; one that stands elsewhere has no action, and somebody has to read it."""
    parts = [_follow(one, named) for one in duty[:MOST_RULES]]
    told: dict[str, object] = {
        "action": [one.get("name", "") for one in parts if _name(one) == "action"],
        "constraint": [_translate_constraint(one) for one in parts if _name(one) == "constraint"],
    }
    parties = [one for one in parts if _name(one) == "party" and _end(one.get("function", "")) == "attributedparty"]
    return {**told, "attributedParty": parties[0].get("uid", "")} if parties else told


def _follow(element: Element, named: Mapping[str, Element]) -> Element:
    """Return the element that one stands for; duties are not followed, so that none leads back to itself."""
    there = named.get(element.get("idref", ""), element)
    return element if _name(there) == "duty" else there


def _translate_constraint(constraint: Element) -> Mapping[str, object]:
    values = constraint.get("rightOperand", "").split()[:MOST_RULES]
    told: dict[str, object] = {"leftOperand": constraint.get("name", ""), "operator": constraint.get("operator", "")}
    told["rightOperand"] = values[0] if len(values) == 1 else values
    return {**told, "unit": constraint.get("unit")} if constraint.get("unit") else told


def _name(element: Element) -> str:
    """Return the name of an element of ODRL; empty for others."""
    namespace, _, name = element.tag.rpartition("}")
    return name if namespace.removeprefix("{") in NAMESPACES else ""


def _end(name: str) -> str:
    return name.replace(":", "/").rstrip("/").rpartition("/")[2].casefold()
