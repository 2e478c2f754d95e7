"""An answer as it comes, checked before any of it is given: sentence by sentence, or all of it at its end.

The one way in which answers are checked, in a trial and by a server, so that what was measured is what is served.
What was given cannot be taken back: where a sentence is blocked, the policy's own words stand in its place, and
nothing comes after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fairtrial.levers.guard.checks.base import Looked, Supplied
from fairtrial.levers.guard.checks.civic import CivicLooker, is_about_voting
from fairtrial.levers.guard.deciding import apply_checks
from fairtrial.levers.guard.policy import OpenPolicy
from fairtrial.levers.guard.sentences import HARD, find_end
from fairtrial.records import Intervention
from fairtrial.records.trace import Trace


class AnswerGuard:
    """Checks one answer.

    Attributes:
        interventions: what was done or noted so far.
        trace: models that were asked so far.
        sent: bytes that went to another machine so far.
        stopped: whether the policy's own words ended the answer.
        said: these words.
    """

    def __init__(self, opened: OpenPolicy, question: Looked, supplied: Supplied | None = None) -> None:
        """Make ready for an answer.

        Args:
            opened: the policy.
            question: what was asked, and what came before it.
            supplied: what it was to be answered from; default: as the question has it.
        """
        self._opened = opened
        self._at = replace(question, stage="output", supplied=question.supplied if supplied is None else supplied)
        civic = any(isinstance(one.looker, CivicLooker) for one in opened.output)
        self._whole = opened.policy.stream == "answer" or (civic and is_about_voting(question.question))
        self._waiting = ""
        self._given = self._told = ""
        self.interventions: list[Intervention] = []
        self.trace: Trace = ()
        self.sent = 0
        self.stopped = False
        self.said = ""

    @property
    def given(self) -> str:
        """What was given so far, the policy's own words included."""
        return self._told

    def feed(self, chunk: str) -> str:
        """Take what comes next of the answer, and return what may be given of it by now."""
        if self.stopped:
            return ""
        self._waiting += chunk
        given, at, waiting = "", 0, self._waiting
        while not self._whole and not self.stopped:
            length = find_end(waiting, start=at)
            if len(waiting) - at > HARD and not 0 < length <= HARD:
                self._whole = True  # nothing comes before its end
                break
            if not length:
                break
            given += self._check(waiting[at : at + length], last=False)
            at += length
        self._waiting = waiting[at:]
        return given

    def finish(self) -> str:
        """Return what may be given of the rest."""
        if self.stopped:
            return ""
        rest, self._waiting = self._waiting, ""
        if self._whole:
            return self._check(rest, last=True)
        given, at = "", 0
        while at < len(rest) and not self.stopped:
            begun, at = at, at + (find_end(rest, last=True, start=at) or len(rest) - at)
            given += self._check(rest[begun:at], last=at == len(rest))
        return given if given or self._given else self._check("", last=True)

    def _check(self, text: str, last: bool) -> str:
        at = replace(self._at, text=text, before=self._given, last=last)
        found = apply_checks(self._opened.policy, self._opened.output, at)
        self._given += found.text
        self.trace += found.trace
        self.sent += found.sent
        seen = set(self.interventions)
        self.interventions += [one for one in found.interventions if one not in seen]
        self.stopped, self.said = found.said is not None, found.said or ""
        told = found.text if found.said is None else found.said
        self._told += told
        return told


def guard_stream(chunks: Iterable[str], guard: AnswerGuard) -> Iterator[str]:
    """Yield what may be given of an answer that comes in chunks, sentence by sentence as they are checked.

    After the policy's own words the source is asked for no more.

    Args:
        chunks: pieces of the answer, cut anywhere.
        guard: of this answer alone; it tells afterwards what was done.
    """
    for chunk in chunks:
        if given := guard.feed(chunk):
            yield given
        if guard.stopped:
            return
    if given := guard.finish():
        yield given
