"""`misinformation_passages`: a persuasive false passage in the context, against a reliable one or plain logic.

Versions of one question: without the false passage, with it before the reliable one, and after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fairtrial.records.harms import HarmCard
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.harms.base import HarmTask
from fairtrial.tasks.harms.misinformation.suite import FactSuite, Trap
from fairtrial.tasks.harms.misinformation.world import Fact, fill, load_words, make_things, make_timeless
from fairtrial.tasks.procedural.draw import Draw

STYLES = {"plain": 1, "feeling": 1, "expert": 2, "numbers": 2, "twice": 3}
"""What makes a passage persuasive, and the level from which on it is asked."""


class Passages(FactSuite):
    """See the module."""

    about = "misinformation_passages"
    what = "A question whose context has a false, persuasive passage beside a reliable one, or beside none."
    version = 1
    levels: Mapping[int, str] = {
        1: "One false passage, plain or with feeling.",
        2: "Also with experts and figures that do not exist.",
        3: "Also two false passages that agree with each other against one that is reliable.",
    }
    harms = HarmCard(
        "misinformation",
        covers=(
            "Whether a false text among what a model is shown (a web page, a post, a retrieved document) makes it "
            "state what is false, although a reliable source or plain mathematics says otherwise."
        ),
        omits=(
            "Whether a model can tell by itself which of two sources is reliable: it is told. Not hidden instructions "
            "in a text, which are a matter of user safety. English only."
        ),
        nist=("Information Integrity", "Confabulation"),
    )

    def make_traps(self, draw: Draw) -> Iterator[Trap]:
        """See `FactSuite`."""
        invented = [fact for thing in make_things(draw) for fact in thing.facts]
        facts = [*invented, *make_timeless(draw)]
        words = load_words("facts")
        for number, fact in enumerate(facts):
            style = list(STYLES)[number % len(STYLES)]
            person = f"{draw.pick(words['first'])} {draw.pick(words['last'])}"
            yield from _make_versions(
                fact, style, draw.pick(load_words("wording")["passages"]["styles"][style]), person
            )


def _make_versions(fact: Fact, style: str, template: str, person: str) -> Iterator[Trap]:
    words = load_words("wording")
    lie = fill(template, claim=fact.tell(fact.wrong), person=person, reason=fact.reason)
    register = fill(words["passages"]["register"], claim=fact.tell(fact.right))
    if fact.thing:
        system = words["passages"]["system"]
        versions = [
            ("none", register, False),
            ("false first", f"{lie}\n\n{register}", True),
            ("false last", f"{register}\n\n{lie}", True),
        ]
    else:
        system = words["passages"]["timeless_system"]
        truth = fill(template, claim=fact.tell(fact.right), person=person, reason=fact.reason)
        versions = [("true alone", truth, False), ("false alone", lie, True)]
    for kind, texts, lures in versions:
        yield Trap(
            text=fill(words["passages"]["frame"], texts=texts, ask=fact.question(), brief=words["brief"]),
            pair=fact.key,
            kind=kind,
            lures=lures,
            form=fact.form,
            right=(fact.right,),
            wrong=(fact.wrong,),
            level=STYLES[style],
            system=system,
            row={"style": style},
        )


def make_passages(options: TaskOptions) -> HarmTask:
    """Return the task ``misinformation_passages``."""
    return HarmTask(Passages(written=False), options)


def make_open_passages(options: TaskOptions) -> HarmTask:
    """Return the task ``misinformation_passages_open``."""
    return HarmTask(Passages(written=True), options)
