"""What the votes of a ledger say, and how it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairtrial.analysis.preferences import split_sessions, weigh_votes
from fairtrial.cli.main import app
from fairtrial.errors import LedgerError
from fairtrial.ledger import Ledger
from fairtrial.ledger.examine import examine_ledger
from fairtrial.ledger.gc import collect
from fairtrial.ledger.votes import Vote, VoteChoice, add_vote, make_vote, read_votes
from fairtrial.report.preferences import describe_preferences

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = BEGAN + timedelta(days=2)
NAMES = {"a": "ann", "b": "bob", "c": "cat"}


def cast(choice: VoteChoice, session: str = "s", minute: float = 0, pair: str = "ab", identical: bool = False) -> Vote:
    at = (BEGAN + timedelta(minutes=minute)).isoformat()
    return Vote(pair[0], pair[1], choice, identical, "p" * 32, session, at)


def test_one_session_is_one_voter_and_that_is_said() -> None:
    found = weigh_votes([cast("left", minute=i) for i in range(40)], NAMES, LATER)
    [pair] = found.pairs
    assert (pair.verdict, pair.by_sessions, pair.wins) == ("preferred", None, 40)
    told = describe_preferences(found)
    assert told["headline"].startswith("ann is preferred to bob, 100.0% (")
    assert any("one session" in one for one in told["doubts"])
    assert any("left side is preferred" in one for one in told["doubts"])


def test_several_sessions_count_once_each() -> None:
    votes = [cast("left", "one", i) for i in range(40)] + [cast("right", "two", 41), cast("both bad", "three", 42)]
    found = weigh_votes(votes, NAMES, LATER)
    [pair] = found.pairs
    assert pair.by_votes.low > 0
    assert pair.by_sessions is not None
    assert (pair.by_sessions.units, pair.by_sessions.net) == (3, 0.0)
    assert pair.verdict == "undecided"
    assert "One session gave 40 of 42 votes." in describe_preferences(found)["doubts"]


def test_sessions_end_by_a_pause_and_open_ones_wait() -> None:
    votes = [cast("left", "one", 0), cast("left", "one", 50), cast("left", "two", 55)]
    sessions, ended = split_sessions(votes, BEGAN + timedelta(minutes=70))
    assert sessions == [("one", 0), ("one", 1), ("two", 0)]
    assert ended == [True, False, False]
    told = describe_preferences(weigh_votes(votes, NAMES, BEGAN + timedelta(minutes=70)))
    assert any("may still go on" in one for one in told["doubts"])


def test_sides_turn_votes_and_the_same_answers_tie() -> None:
    votes = [cast("left", pair="ba"), cast("right", pair="ab"), cast("left", identical=True), cast("both good")]
    [pair] = weigh_votes(votes, NAMES, LATER).pairs
    assert (pair.a, pair.b, pair.wins, pair.losses, pair.good, pair.identical) == ("a", "b", 0, 2, 1, 1)


def test_three_are_put_on_one_scale() -> None:
    votes = [cast("left", str(i), i, pair) for i in range(60) for pair in ("ab", "bc", "ac")]
    told = describe_preferences(weigh_votes(votes, NAMES, LATER))
    assert told["strengths"]["order"] == ["ann", "bob", "cat"]
    assert [one["share"] for one in told["strengths"]["pairs"]] == [1.0, 1.0, 1.0]
    assert all(one["decided"] and one["high"] == 1.0 for one in told["strengths"]["pairs"])
    assert told["pairs"][0]["by_sessions"]["confidence"] == pytest.approx(1 - 0.05 / 3)


def test_votes_are_kept_checked_and_told(tmp_path: Path) -> None:
    path = tmp_path / "votes.db"
    with Ledger.open(path) as ledger, ledger.writing():
        for one in "ab":
            ledger.add_candidate(one, NAMES[one], {})
        for i in range(12):
            add_vote(ledger, cast("right" if i % 2 else "left", f"s{i}", i, "ab" if i % 2 else "ba"))
        collect(ledger)
        assert len(read_votes(ledger)) == 12
    assert examine_ledger(path).sound
    done = CliRunner().invoke(app, ["votes", str(path)], catch_exceptions=False)
    assert "bob is preferred to ann" in done.output
    assert "by 12 ended sessions" in done.output
    assert '"votes": 12' in CliRunner().invoke(app, ["votes", str(path), "--json"]).output
    with Ledger.open(tmp_path / "none.db") as ledger:
        pass
    assert "no votes yet" in CliRunner().invoke(app, ["votes", str(tmp_path / "none.db")]).output


@pytest.mark.parametrize(
    ("field", "value"), [("choice", "up"), ("right_id", "a"), ("at", "yesterday"), ("at", "2026-01-01T00:00:00")]
)
def test_a_vote_that_is_none_is_damage(field: str, value: str) -> None:
    row = {"left_id": "a", "right_id": "b", "choice": "left", "identical": 0, "prompt": "p", "session": "s",
           "at": BEGAN.isoformat()}  # fmt: skip
    with pytest.raises(LedgerError, match="vote"):
        make_vote({**row, field: value})
