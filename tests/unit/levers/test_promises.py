"""A plugin's lever that does not give what it must is one error, which names the distribution."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fairtrial import plugins
from fairtrial.engines import EngineSettings
from fairtrial.errors import PluginError
from fairtrial.planning.plan import plan_trial
from fairtrial.plugins import Plugin
from fairtrial.running.pool import open_pool
from tests.support.cascades import written

NAMES = ("Plain", "NoEngine", "NoCalls", "LessThanNoCalls", "NoIdentity", "NoJson", "NoModel")


@pytest.fixture(autouse=True)
def _plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [EntryPoint(f"lever.{name}", f"tests.support.broken_levers:{name}", "fairtrial") for name in NAMES]
    found = tuple(Plugin("lever", name, "odd", "1.2", entry) for name, entry in zip(NAMES, entries, strict=True))
    monkeypatch.setattr(plugins, "installed_plugins", lambda: found)


def use(folder: Path, lever: str) -> None:
    """Plan a candidate with the lever, open its engine, and count the calls that its first request costs."""
    plan = plan_trial(written(folder, f"{lever}: {{}}"), folder)
    candidate, task = plan.candidates[2], plan.tasks[0]
    [request, *_] = task.for_candidate(candidate.spec).requests(task.items[0])
    assert [calls.most for _, calls in candidate.count_calls(request)] == [1]
    with open_pool(EngineSettings()) as pool:
        assert pool.get_engine(candidate).can.score


@pytest.mark.parametrize(
    ("lever", "said"),
    [
        ("NoEngine", "`wrap` must return an engine, and it is of the type NoneType"),
        ("NoCalls", "`calls` must return two Calls that are finite and not negative, and it is of the type int"),
        ("LessThanNoCalls", "`calls` must return two Calls that are finite and not negative"),
        ("NoIdentity", "`identity` must return a list of JSON values, and it is of the type object"),
        ("NoJson", "`identity` must return a list of JSON values"),
        ("NoModel", "`build` must return a ResolvedModel, and it is of the type NoneType"),
    ],
)
def test_promises_that_are_broken(lever: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught:
        use(tmp_path, lever)
    assert said in str(caught.value)
    assert f"the lever {lever!r} of the plugin odd 1.2" in str(caught.value)


def test_a_promise_that_is_kept(tmp_path: Path) -> None:
    use(tmp_path, "Plain")
