"""Requests to token sequences: chat template, token boundaries, windows, what fits and what is cut.

Follows lm-evaluation-harness where it defines what a score is: white space at the end of the prompt belongs to the
continuation; prompt, and prompt with continuation, are tokenised separately, and the continuation's tokens are what the
second has beyond the length of the first; an empty prompt is one begin-of-text token.  Knows nothing of contexts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from fairtrial.engines.chat import ChatTemplate, make_conversation
from fairtrial.engines.local.images import PLACE, ImageTable, cut_before_images
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.vocabulary import Vocabulary
from fairtrial.engines.marking import MARKS, ImageMarks
from fairtrial.engines.refusing import (
    RequestLimits,
    make_long_answer_error,
    make_long_choice_error,
    make_long_text_error,
    make_lost_image_error,
    refuse_empty,
    refuse_images,
)
from fairtrial.engines.sampling import ThoughtFormat
from fairtrial.errors import EngineError, ModelError
from fairtrial.records import GenerateRequest, Message, Prompt, ScoreRequest, TextPart, list_images
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.regular import read_regular
from fairtrial.thoughts import TAGS, Tags, closed_by, find_own_tags, frame_thought, opened_by

DEFAULT_CONTEXT = 8192
_MOST_BYTES = 1_000_000  # of a chat template


@dataclass(frozen=True, slots=True)
class PromptFormat:
    """How the candidate is asked.

    Attributes:
        template: chat template, or None for running text.
        system: the candidate's own system message.
        context: tokens that the model may see at once.
        truncate: cut from the left what does not fit, rather than refuse.
        tags: of the thoughts that the model may write before its answer.
    """

    template: ChatTemplate | None
    system: str
    context: int
    truncate: bool
    tags: Tags = TAGS


class EncodedPrompt(NamedTuple):
    """A prompt to be answered with text.

    Attributes:
        tokens: int32, at least one.
        truncated: tokens cut from the left.
        thinking: how a thought is told from the answer.
    """

    tokens: Tokens
    truncated: int
    thinking: ThoughtFormat


def make_prompt_format(
    candidate: Candidate, vocabulary: Vocabulary, template: str | None, *, trained: int, where: str
) -> PromptFormat:
    """Return how ``candidate`` is asked.

    Args:
        candidate: as the user wrote it.
        vocabulary: of its model.
        template: the model's own chat template, or None if it has none.
        trained: tokens of context that the model was trained with.
        where: the model's file or folder, for errors.

    Raises:
        ModelError: there is no such template, or the context is longer than the model's.
    """
    context = candidate.context or min(trained, DEFAULT_CONTEXT)
    if context > trained:
        raise ModelError(
            f"`context: {context}` is more than the {trained} tokens of the model's training.",
            fix=f"Set `context` to at most {trained}.",
            where=f"candidate {candidate.id}",
        )
    chat = None
    if candidate.chat != "none":
        source, named = _find_template(candidate.chat, template, where)
        chat = ChatTemplate(source, bos=vocabulary.bos_text, eos=vocabulary.eos_text, where=named, date=candidate.date)
    return PromptFormat(chat, candidate.system, context, candidate.overflow == "truncate", candidate.tags)


def _find_template(chat: str, own: str | None, where: str) -> tuple[str, str]:
    """Return the text of the chat template that ``chat`` asks for, and where it came from."""
    if chat == "model":
        if own is None:
            raise ModelError(
                "This model file has no chat template.",
                fix="Give one with `chat: PATH` (a Jinja file), or ask in running text with `chat: none`.",
                where=where,
            )
        return own, where
    try:
        text = read_regular(chat, _MOST_BYTES).decode("utf-8-sig")
        return text.replace("\r\n", "\n"), chat
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"The chat template cannot be read: {getattr(error, 'strerror', None) or error}.",
            fix="Give `chat: none`, `chat: model`, or the path of a Jinja file.",
            where=chat,
        ) from error


@dataclass(frozen=True, slots=True)
class ScoredSequence:
    """One sequence of tokens, of which those from ``start`` on are to be scored.

    Attributes:
        tokens: int32.
        start: first scored token, at least 1.
        truncated: tokens cut from the left.
    """

    tokens: Tokens
    start: int
    truncated: int = 0


class Encoder:
    """Makes token sequences of requests, for one vocabulary and one way of asking."""

    def __init__(
        self, vocabulary: Vocabulary, asking: PromptFormat, images: ImageTable | None = None, blind: str = ""
    ) -> None:
        """Encode for a vocabulary.

        Args:
            vocabulary: of the model.
            asking: how it is asked.
            images: gives the tokens of images, None if the model sees none.
            blind: why it sees none, if that is known.
        """
        self.vocabulary = vocabulary
        self.vocabulary.keep(asking.tags)
        self.asking = asking
        self.images, self.blind = images, blind

    def begin_call(self) -> None:
        """Forget the images of earlier requests; sequences made before must not be used with those made after."""
        if self.images:
            self.images.clear()

    def score(self, request: ScoreRequest) -> list[list[ScoredSequence]]:
        """Return, for each continuation, the sequences whose scores add up to its own: several if it is a document.

        Raises TooLongError if one does not fit and may not be cut, CapabilityError if it shows an image to a model
        that sees none.
        """
        if request.rolling or not self.images:
            refuse_images(request, "a document is scored as text" if request.rolling else self.blind)
        if request.rolling:
            parts = [list(self._walk_windows(pair.continuation, request.label)) for pair in request.pairs]
            refuse_empty(request, [sum(len(s.tokens) - s.start for s in windows) for windows in parts])
            return parts
        reader = self._make_reader(request)
        prompts: dict[Prompt, tuple[str, str, Tokens]] = {}
        out = []
        for pair in request.pairs:
            if pair.prompt not in prompts:
                text, tail = reader.read(pair.prompt, answers=True)
                prompts[pair.prompt] = (text, tail, reader.encode(text))
            text, tail, context = prompts[pair.prompt]
            delimiter = "" if self.asking.template else request.delimiter
            continuation = tail + reader.mark(delimiter + pair.continuation)
            out.append(self._join(text, context, continuation, reader.encode))
        refuse_empty(request, [len(s.tokens) - s.start for s in out])
        asked = [len(pair.prompt.question.images) for pair in request.pairs]
        return [[self._fit(scored, request.label, count)] for scored, count in zip(out, asked, strict=True)]

    def generate(self, request: GenerateRequest) -> EncodedPrompt:
        """Return the prompt to be answered.  Raises TooLongError as `score` does."""
        if not self.images:
            refuse_images(request, self.blind)
        reader = self._make_reader(request)
        text, tail = reader.read(request.prompt, answers=False)
        tags = self.asking.tags
        thinking = ThoughtFormat(tags, opened_by(text + tail, tags), waits=self.asking.template is not None)
        tokens = self.vocabulary.with_bos(reader.encode(text + tail))
        if not len(tokens):
            tokens = self._get_prefix(request.label)
        room = self.asking.context - request.max_tokens
        if len(tokens) <= room:
            return EncodedPrompt(tokens, 0, thinking)
        if room < 1 or not self.asking.truncate:
            raise make_long_answer_error(len(tokens), request.max_tokens, self._make_limits(request.label))
        excess = self._find_cut(tokens, len(tokens) - room, len(request.prompt.question.images), request.label)
        return EncodedPrompt(self._cut(tokens, len(tokens) - excess), excess, thinking)

    def encode_text(self, text: str) -> Tokens:
        """Return a text's tokens behind the one that the model puts before a text.

        Raises TooLongError if they do not fit, EngineError if there is nothing to put before it.
        """
        tokens = np.concatenate([self._get_prefix(""), self.vocabulary.encode(text)])
        if len(tokens) - 1 > self.asking.context:
            raise make_long_text_error(len(tokens), self.asking.context)
        return tokens

    @cached_property
    def own_tags(self) -> tuple[str, str] | None:
        """The tags between which the model thinks, as far as its template and vocabulary tell; None if it does not."""
        template, tags = self.asking.template, self.asking.tags
        if template is None:
            return None
        asked = template.ask([Message("user", (TextPart("?"),))])
        return find_own_tags(tags, opened_by(asked, tags), template.source, self.vocabulary.special_texts)

    def _make_reader(self, request: ScoreRequest | GenerateRequest) -> _Reader:
        marks = ImageMarks(self.images, request.label) if self.images and list_images(request) else None
        return _Reader(self.vocabulary, self.asking, marks, self.own_tags)

    def _join(self, text: str, context: Tokens, continuation: str, encode: Callable[[str], Tokens]) -> ScoredSequence:
        whole = encode(text + continuation)
        if len(whole) <= len(context):  # the continuation melts into the prompt's last token
            whole = np.concatenate([context, encode(continuation)])
        start = len(context)
        if self.vocabulary.adds_bos or start == 0:
            prefixed = self.vocabulary.with_bos(whole)
            if len(prefixed) == len(whole) and start == 0:
                prefixed = np.concatenate([self._get_prefix(""), whole])
            start += len(prefixed) - len(whole)
            whole = prefixed
        return ScoredSequence(whole, max(start, 1))

    def _fit(self, scored: ScoredSequence, label: str, asked: int) -> ScoredSequence:
        # The last token is scored, but need not be seen.
        excess = len(scored.tokens) - 1 - self.asking.context
        if excess <= 0:
            return scored
        if not self.asking.truncate or scored.start - excess < 1:
            raise make_long_choice_error(scored.start, len(scored.tokens) - scored.start, self._make_limits(label))
        excess = self._find_cut(scored.tokens, excess, asked, label)
        if scored.start - excess < 1:
            raise make_long_choice_error(scored.start, len(scored.tokens) - scored.start, self._make_limits(label))
        return ScoredSequence(self._cut(scored.tokens, len(scored.tokens) - excess), scored.start - excess, excess)

    def _find_cut(self, tokens: Tokens, excess: int, asked: int, label: str) -> int:
        """Return how many tokens are cut from the left where ``excess`` have to go: images go whole or not at all.

        Raises TooLongError if one of the ``asked`` images of the question itself would go.
        """
        images = self.images.find_images(tokens) if self.images else []
        cut = cut_before_images(excess, images)
        # A token that stands before every text is kept, in the place of the first one that is left.
        cut = cut_before_images(cut + 1, images) - 1 if self.vocabulary.adds_bos and images else cut
        if asked and images[-asked][0] < cut + self.vocabulary.adds_bos:
            raise make_lost_image_error(len(tokens), self._make_limits(label))
        return cut

    def _walk_windows(self, text: str, label: str) -> Iterator[ScoredSequence]:
        """Yield windows over a document: each token scored once, with as much before it as fits in the context."""
        tokens = self.vocabulary.encode(text)
        prefix = self._get_prefix(label)
        size = self.asking.context
        done = 0
        while done < len(tokens):
            new = min(len(tokens) - done, size)
            end = done + new
            if done == 0:
                yield ScoredSequence(np.concatenate([prefix, tokens[:end]]), 1)
            else:
                window = tokens[end - size - 1 : end]
                yield ScoredSequence(window, len(window) - new)
            done = end

    def _get_prefix(self, label: str) -> Tokens:
        if self.vocabulary.prefix is None:
            raise EngineError(
                "The model has no begin or end token, so that nothing can stand before an empty prompt.", where=label
            )
        return np.array([self.vocabulary.prefix], dtype=np.int32)

    def _cut(self, tokens: Tokens, size: int) -> Tokens:
        """Cut from the left, keeping a begin-of-text token that the model wants."""
        kept = tokens[len(tokens) - size :]
        if self.vocabulary.adds_bos and tokens[0] == self.vocabulary.bos:
            kept = kept.copy()
            kept[0] = tokens[0]
        return kept

    def _make_limits(self, label: str) -> RequestLimits:
        return RequestLimits(self.asking.context, self.asking.truncate, label)


class _Reader:
    """Reads the texts of one request: as marked text, then as tokens."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        asking: PromptFormat,
        marks: ImageMarks | None,
        own_tags: tuple[str, str] | None,
    ) -> None:
        self.asking, self.own_tags, self.marks = asking, own_tags, marks
        template = asking.template
        also = [*MARKS, *filter(None, [template.image_text if template else ""])] if marks else []
        self.mark: Callable[[str], str] = str
        self._encode: Callable[[str], Tokens] = vocabulary.encode
        if template or marks:
            self.mark, self._encode = vocabulary.shield(also)

    def encode(self, text: str) -> Tokens:
        """Return the tokens of marked text."""
        return self.marks.encode(text, self._encode) if self.marks else self._encode(text)

    def read(self, prompt: Prompt, *, answers: bool) -> tuple[str, str]:
        """Return the prompt as the model reads it, and its trailing white space.

        With ``answers`` the answer itself follows: a thought that the template has opened is closed, an empty one.
        """
        template = self.asking.template
        if template is None:
            shown = Prompt.from_messages([_mark_texts(one, self.mark) for one in prompt.messages])
            text = shown.plain(self.marks.mark) if self.marks else prompt.plain()
            # White space that belongs to an image is not the prompt's own.
            written = shown.plain(lambda _: PLACE) if self.marks else text
            kept = text[: len(text) - len(written) + len(written.rstrip())]
            return kept, text[len(kept) :]
        told = [_mark_texts(message, self.mark) for message in make_conversation(prompt, self.asking.system)]
        kept = prompt.assistant.rstrip()
        begun = self.mark(kept) if prompt.thought is None else ""
        text = self.marks.ask(template, told, begun) if self.marks else template.ask(told, begun)
        if prompt.thought is not None:
            return self._after_thought(text, prompt.thought) + self.mark(kept), prompt.assistant[len(kept) :]
        if answers and not kept and (closing := closed_by(opened_by(text, self.asking.tags), self.asking.tags)):
            text = f"{text.rstrip()}\n\n{closing}\n\n"
        return text, prompt.assistant[len(kept) :]

    def _after_thought(self, text: str, thought: str) -> str:
        """Return a prompt with a thought, to its end, in the form in which the model thinks."""
        if self.own_tags is None:
            raise EngineError("the model is to be given a thought, and nothing says how it writes one.")
        before, after = frame_thought(self.own_tags, opened_by(text, self.asking.tags))
        return (text.rstrip() if before[:1] == "\n" else text) + before + self.mark(thought) + after


def _mark_texts(message: Message, mark: Callable[[str], str]) -> Message:
    parts = [TextPart(mark(part.text)) if isinstance(part, TextPart) else part for part in message.parts]
    return replace(message, parts=tuple(parts), after=mark(message.after))
