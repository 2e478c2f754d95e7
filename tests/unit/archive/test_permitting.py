from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fairtrial.archive import permitting
from fairtrial.archive.permitting import Permissions
from fairtrial.rights import Circumstances, Decision, Evidence, RightsRecord, Statement, Terms, Use
from fairtrial.rights.signals import EMBARGO

DAY = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def record(*statements: Statement, signal: str = "agreement") -> RightsRecord:
    return RightsRecord((Evidence(signal, "a.csv", "", "0" * 64, DAY, statements=statements),))


def allow(use: Use, **terms: object) -> Statement:
    return Statement(use, "allow", "signed", Terms(**terms))  # type: ignore[arg-type]


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    seen: list[datetime] = []
    real = permitting.decide

    def count(use: Use, one: RightsRecord, circumstances: Circumstances) -> Decision:
        seen.append(circumstances.at)
        return real(use, one, circumstances)

    monkeypatch.setattr(permitting, "decide", count)
    return seen


def test_records_are_decided_once_until_a_clock_changes_them(decided: list[datetime]) -> None:
    records = {1: record(allow(Use.AI_INPUT, valid_until=DAY + HOUR)), 2: record(allow(Use.AI_INPUT))}
    permissions = Permissions(Circumstances(DAY))
    assert permissions.permit((Use.AI_INPUT,), records, DAY).numbers == {1, 2}
    assert permissions.permit((Use.AI_INPUT,), records, DAY + HOUR / 2).numbers == {1, 2}
    assert len(decided) == 2
    assert permissions.permit((Use.AI_INPUT,), records, DAY + HOUR).numbers == {2}
    assert len(decided) == 3
    assert permissions.permit((Use.AI_INPUT,), records, DAY).numbers == {1, 2}, "clocks can be set back"


def test_all_uses_must_be_permitted_and_rules_are_counted() -> None:
    denied = record(Statement(Use.SEARCH, "deny", "no"), allow(Use.AI_INPUT))
    records = {1: record(allow(Use.AI_INPUT), allow(Use.SEARCH)), 2: denied, 3: RightsRecord()}
    found = Permissions(Circumstances(DAY)).permit((Use.AI_INPUT, Use.SEARCH), records, DAY)
    assert found.numbers == {1} and found.waiting == frozenset()
    assert found.refused == {"agreement": 1, "profile": 1}


def test_an_embargo_is_told_apart_and_ends_by_the_clock() -> None:
    until = Terms(valid_until=DAY + HOUR)
    held = Evidence(
        EMBARGO, "a", "", "0" * 64, DAY, statements=tuple(Statement(use, "deny", "embargo", until) for use in Use)
    )
    records = {5: RightsRecord((held, *record(allow(Use.AI_INPUT)).evidence))}
    permissions = Permissions(Circumstances(DAY))
    assert permissions.permit((Use.AI_INPUT,), records, DAY).waiting == {5}
    later = permissions.permit((Use.AI_INPUT,), records, DAY + HOUR)
    assert later.waiting == frozenset() and later.numbers == {5}
