"""The engine of the retrieve lever: finds passages for each question and asks the engine inside with them before it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import cast

from fairtrial.archive.remembering import name_taken, recall
from fairtrial.engines.base import Engine, StreamsAnswers
from fairtrial.engines.settings import EngineSettings, ImageSources
from fairtrial.errors import ArchiveError, FairtrialError, TooLongError
from fairtrial.levers.retrieve.finding import (
    FoundPassage,
    FoundPassages,
    PassageFinder,
    identify_circumstances,
    read_circumstances,
    write_circumstances,
)
from fairtrial.levers.retrieve.gates import cut_excess, hide_words, pass_gates
from fairtrial.levers.retrieve.noting import NotedPassage, make_use, note_text, show_passages
from fairtrial.levers.retrieve.writing import PassageStyle, ShownPassage, put_before
from fairtrial.levers.wrapping import A, R, WrappedEngine, get_prompt
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    ImagePart,
    PassageUse,
    Request,
    ScoreAnswer,
    ScoreRequest,
    TraceStep,
    content_hash,
)
from fairtrial.records.passages import Mode
from fairtrial.records.trace import ABSTAINED, DROPPED_PASSAGES, FOUND_NOTHING, RIGHTS_CHANGED, SPOKEN_TO, STRIPPED
from fairtrial.rights import Use
from fairtrial.spec.retrieve import Retrieve

KEPT = 2048
"""Requests whose passages are kept in memory; the longest unused go first."""
SPARE = 512
"""Tokens of a context that a chat template may take; no text has more tokens than bytes."""
NO_ROOM = "did not fit the context"


def read_clock() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What stands before a question, and what became of each passage.

    Attributes:
        noted: what is shown, by number.
        left_out: what is not, with its place among those found and why.
        shown: as the template sees it.
        changed: whether rights changed since the trial was planned.
        refused: whether the model is not to be asked, for lack of evidence.
    """

    noted: tuple[NotedPassage, ...] = ()
    left_out: tuple[tuple[int, NotedPassage, str], ...] = ()
    shown: tuple[ShownPassage, ...] = field(default=(), repr=False)
    changed: bool = False
    refused: bool = False

    @property
    def images(self) -> list[ImagePart]:
        """The pictures that are shown."""
        return [one.image for one in self.noted if one.image is not None]


class RetrievingEngine(WrappedEngine):
    """See `fairtrial.engines.base.Engine`.

    Rights are decided once for each chunk of requests, when it is prepared; everything after that depends on the
    request, the settings and these decisions alone.

    Attributes:
        finder: in the archive; it is closed with this engine.
        fingerprint: of the archive, as the trial was planned.
        clock: tells the moment at which rights are decided.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        settings: Retrieve,
        finder: PassageFinder,
        fingerprint: str,
        clock: Callable[[], datetime] = read_clock,
    ) -> None:
        super().__init__(engine, name)
        self.settings, self.finder, self.fingerprint, self.clock = settings, finder, fingerprint, clock
        self._look = PassageStyle(settings.template or "", settings.abstain.words, settings.injected != "plain")
        self._known: OrderedDict[str, _Prepared] = OrderedDict()
        self._lock = Lock()

    def use_settings(self, settings: EngineSettings) -> None:
        """Give the engine inside the bytes of pictures from the archive."""
        if isinstance(settings.read_image, ImageSources):
            settings.read_image.add(self._read_picture)

    def _read_picture(self, image: ImagePart) -> bytes:
        with self._lock:
            return self.finder.store.read_image(image.hash)

    def close(self) -> None:
        """Answer no more, and let go of the archive."""
        super().close()
        self.finder.store.close()
        if self.finder.embedder is not None:
            self.finder.embedder.close()

    def check(self, requests: Sequence[Request]) -> None:
        """Raise what the engine inside raises for the requests that are really sent, after as much room was made."""
        self._begin_chunk()
        with self._guarding():
            sent = [self._write(one, ready) for one in requests if not (ready := self._prepare(one)).refused]
            self.engine.check(sent)

    def prepare(self, requests: Sequence[Request]) -> None:
        """Decide rights anew, and find passages for some requests.  Raises ArchiveError if the archive has changed."""
        self._begin_chunk()
        for request in requests:
            self._prepare(request)

    def list_shown(self, request: Request) -> list[tuple[int, str, str]]:
        """Return number, publisher and words of what is shown for a request; for checks, never to be printed."""
        return [(one.number, one.found.document.publisher, one.text) for one in self._prepare(request).noted]

    def change_request(self, request: R) -> R:
        """Return the request with passages before its question."""
        return self._write(request, self._prepare(request))

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request, in order; where there is too little evidence, without asking the model."""
        self._check_open()
        self.prepare(requests)
        refused = {id(one) for one in requests if self._prepare(one).refused}
        asked = [one for one in requests if id(one) not in refused]
        answers = super().generate(asked) if asked else iter(())
        for request in requests:
            with self._guarding():
                answer = self._abstain(request) if id(request) in refused else next(answers)
            yield answer

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request, in order."""
        answers = super().score(requests)
        for _ in requests:
            with self._guarding():
                answer = next(answers)
            yield answer

    @contextmanager
    def _guarding(self) -> Iterator[None]:
        """Take words of passages out of what an engine inside raises: a server may repeat what it was sent."""
        try:
            yield
        except Exception as error:
            shown = [one for ready in self._known.values() for one in ready.noted]
            _hide_in_error(error, shown)
            raise

    def _as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        self._check_open()
        sent = self._prepare_requests(requests)
        of = {id(asked): request for asked, request in zip(sent, requests, strict=True)}
        refused = [one for one in requests if isinstance(one, GenerateRequest) and self._prepare(one).refused]
        for request in refused:
            yield request, self._abstain(request)
        gone = {id(one) for one in refused}
        wanted = [asked for asked, request in zip(sent, requests, strict=True) if id(request) not in gone]
        coming = iter(cast(StreamsAnswers, self.engine).as_answered(wanted) if wanted else ())
        while True:
            with self._guarding():
                found = next(coming, None)
            if found is None:
                return
            asked, answer = found
            yield of[id(asked)], self._pass_answer(of[id(asked)], asked, answer)

    def _pass_answer(self, request: Request, sent: Request, answer: A) -> A:
        """Return the answer that is given: after all gates where it is written, with what happened to it."""
        ready = self._prepare(request)
        steps, gated = list(self._describe(request, ready)), None
        inner = tuple(self._hide_words(request, ready, step) for step in answer.trace)
        if isinstance(answer, GenerateAnswer) and ready.noted:
            answer = cast(A, self._cut_beside(answer, ready))
        if isinstance(answer, GenerateAnswer) and answer.finish != "refused" and ready.noted:
            own = self.settings
            gated = pass_gates(answer.text, ready.noted, own.quotes, own.max_words, own.abstain.words)
            passages = tuple(
                replace(use, cited=use.number in gated.cited, quoted=gated.words.get(use.number, 0))
                for use in steps[0].passages
            )
            steps[0] = replace(steps[0], passages=passages)
            if gated.actions or gated.quotes:
                steps.append(TraceStep(self.name, action="; ".join(gated.actions), quotes=gated.quotes))
            answer = replace(answer, text=gated.text, credits=(*answer.credits, *gated.credits))
        return replace(answer, trace=(steps[0], *inner, *steps[1:]))

    def _cut_beside(self, answer: GenerateAnswer, ready: _Prepared) -> GenerateAnswer:
        """Return an answer whose thoughts and words of refusal repeat no more of a document than an answer may."""

        def cut(text: str) -> str:
            return cut_excess(text, ready.noted, self.settings.max_words)

        text = cut(answer.text) if answer.finish == "refused" else answer.text
        changed = tuple((name, cut(words)) for name, words in answer.changed)
        return replace(answer, text=text, thought=cut(answer.thought), said=cut(answer.said), changed=changed)

    def _hide_words(self, request: Request, ready: _Prepared, step: TraceStep) -> TraceStep:
        """Return a step of an engine inside, whose prompt has passages, without their words."""
        if not step.prompt or not ready.noted:
            return step
        written = isinstance(request, GenerateRequest)
        prompt = step.prompt.replace(self._look.write(ready.shown, written), self._write_named(request, ready))
        return replace(step, prompt=hide_words(prompt, ready.noted))

    def _write_named(self, request: Request, ready: _Prepared) -> str:
        """Return what stands before a question with names in place of the words of passages."""
        named = [s.without_words(n.name) for s, n in zip(ready.shown, ready.noted, strict=True)]
        return self._look.write(named, isinstance(request, GenerateRequest))

    def _describe(self, request: Request, ready: _Prepared) -> Iterator[TraceStep]:
        """Yield the step that tells what was found and sent, without the words of passages."""
        actions = [] if ready.noted or ready.left_out else [FOUND_NOTHING]
        actions += [DROPPED_PASSAGES] if any(why == NO_ROOM for *_, why in ready.left_out) else []
        actions += [RIGHTS_CHANGED] if ready.changed else []
        spoken = STRIPPED if self.settings.injected == "strip" else SPOKEN_TO
        actions += [spoken] if any(one.speaks or one.stripped for one in ready.shown) else []
        actions += [ABSTAINED] if ready.refused else []
        prompt = ""
        if ready.noted and not ready.refused:
            block = self._write_named(request, ready)
            prompt = get_prompt(put_before(request, block, ready.images)).plain()
        yield TraceStep(
            self.name,
            prompt=prompt,
            action="; ".join(actions),
            passages=tuple(_list_uses(ready, self.settings.passages)),
        )

    def _abstain(self, request: GenerateRequest) -> GenerateAnswer:
        """Return what stands for an answer where there is too little evidence; the model is not asked."""
        trace = tuple(self._describe(request, self._prepare(request)))
        return GenerateAnswer(self.settings.abstain.words, 0, "stop", trace=trace)

    def _begin_chunk(self) -> None:
        """Take the moment at which rights are decided, and forget what was found before if a decision has changed."""
        if self.finder.store.fingerprint() != self.fingerprint:
            raise ArchiveError(
                f"the archive {_shorten(self.settings.archive)} has changed since the trial was planned.",
                fix="Run the trial again: with the archive as it is now, it is another candidate.",
            )
        own = self.settings
        held_now = identify_circumstances(read_circumstances(own, self.finder.store))
        if content_hash(held_now) != (own.circumstances or content_hash(identify_circumstances(self.finder.held))):
            raise ArchiveError(
                f"the circumstances of the archive {_shorten(own.archive)} have changed since the trial was planned.",
                fix="Run the trial again: in other circumstances it is another candidate; or write them as settings.",
            )
        now = self.clock()
        held = [one for ready in self._known.values() for one in ready.noted]
        moments = [d.changes for one in held for d in (one.found.decision, one.quote, one.display) if d.changes]
        if any(moment <= now for moment in moments):
            self._known.clear()
        self.finder.set_moment(now)

    def _prepare(self, request: Request) -> _Prepared:
        """Return what stands before a request's question."""
        if request.id not in self._known:
            self._known[request.id] = self._find(request)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(request.id)
        return self._known[request.id]

    def _find(self, request: Request) -> _Prepared:
        finding = self.finder.find(request)
        usable = [one for one in finding.passages if not one.withheld]
        if self._is_too_little(usable) and isinstance(request, GenerateRequest):
            weak = tuple(
                (rank, self._note(one, 0), one.withheld or "too little evidence")
                for rank, one in enumerate(finding.passages, 1)
            )
            return _Prepared((), weak, (), finding.changed, not self.settings.abstain.ask)
        return self._fit(request, finding)

    def _is_too_little(self, usable: Sequence[FoundPassage]) -> bool:
        least = self.settings.abstain.least_score
        return not usable or (least is not None and usable[0].score < least)

    def _fit(self, request: Request, finding: FoundPassages) -> _Prepared:
        """Return as many passages as fit the context, the best ones."""
        ranked = list(enumerate(finding.passages, 1))
        left_out = [(rank, self._note(one, 0), one.withheld) for rank, one in ranked if one.withheld]
        shown = [(rank, one) for rank, one in ranked if not one.withheld]
        while True:
            noted = tuple(self._note(one, number) for number, (_, one) in enumerate(shown, 1))
            texts = tuple(show_passages(noted, self.settings.injected))
            ready = _Prepared(noted, tuple(sorted(left_out, key=lambda one: one[0])), texts, finding.changed)
            if not shown or self._does_fit(self._write(request, ready)):
                return ready
            rank, last = shown.pop()
            left_out.append((rank, self._note(last, 0), NO_ROOM))

    def _does_fit(self, sent: Request) -> bool:
        """Return whether a request fits; asks the engine only where it might not."""
        most = max(len(prompt.plain().encode(errors="replace")) for prompt in sent.prompts)
        answer = sent.max_tokens if isinstance(sent, GenerateRequest) else 0
        if most + answer + SPARE < self.engine.can.context_tokens and not any(p.images for p in sent.prompts):
            return True
        try:
            self.engine.check([sent])
        except TooLongError:
            return False
        return True

    def _note(self, found: FoundPassage, number: int) -> NotedPassage:
        """Return a passage with its number and all that is decided of it."""
        document, passage = found.document, found.passage
        image = None
        if passage.picture is not None and self.settings.images and self.engine.can.images and number:
            image = document.pictures[passage.picture].image
        quote, display = (self.finder.decide(use, document, passage) for use in (Use.QUOTE, Use.DISPLAY))
        return NotedPassage(found, number, note_text(found), quote, display, image)

    def _write(self, request: R, ready: _Prepared) -> R:
        block = self._look.write(ready.shown, isinstance(request, GenerateRequest))
        return cast(R, put_before(request, block, ready.images))


def _list_uses(ready: _Prepared, mode: Mode) -> Iterator[PassageUse]:
    """Yield what became of each passage, best first; what a document costs stands with its first passage."""
    gone = {rank for rank, *_ in ready.left_out}
    free = (rank for rank in range(1, len(ready.noted) + len(gone) + 1) if rank not in gone)
    placed = [(rank, one, "") for rank, one in zip(free, ready.noted, strict=False)]
    paid = set[str]()
    for rank, one, why in sorted([*placed, *ready.left_out], key=lambda one: one[0]):
        document = one.found.document.id
        yield make_use(one, rank, document not in paid and not why, why, mode)
        if not why:
            paid.add(document)


def _hide_in_error(error: BaseException, shown: Sequence[NotedPassage]) -> None:
    """Take words of passages out of an error and of those that led to it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        one.args = tuple(hide_words(told, shown) if isinstance(told, str) else told for told in one.args)
        if isinstance(one, FairtrialError):
            one.message, one.fix, one.where = (hide_words(told, shown) for told in (one.message, one.fix, one.where))


def _shorten(place: str) -> str:
    """Return the name of an archive: of a file its last part, of a server nothing that may be a secret."""
    return "on a server" if "://" in place else place.rpartition("/")[2]


def describe_archive(finder: PassageFinder, usable: int, documents: int) -> Mapping[str, object]:
    """Return what a candidate's record tells of an archive; of proofs only what they are about.

    Args:
        finder: in the archive.
        usable: documents that may be used.
        documents: that there are.
    """
    held = finder.held
    told = {**identify_circumstances(held), "proofs": [of for of, _ in held.proofs]}
    taken = name_taken(write_circumstances(finder.settings), recall(finder.store))
    return {"documents": documents, "usable": usable, "circumstances": told, "as_filled": taken}
