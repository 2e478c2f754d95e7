"""Rows to tokens, each token marked as learned or not, exactly as a trial would ask.

A prompt is written by the same chat template, and cut into tokens by the same rules, as when the tuned model is asked;
what a text says is never read as a special token.  Of an answer every token is learned, and the one that ends it.
Knows one vocabulary and one way of asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fairtrial.engines.chat import ChatTemplate, fold_system, list_for_template
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.vocabulary import EMPTY, Vocabulary
from fairtrial.errors import ModelError
from fairtrial.levers.tune.packing import TokenRow
from fairtrial.levers.tune.rows import Conversation, PlainText, Preference, TuningRow
from fairtrial.records import Message, TextPart
from fairtrial.spec.tune import Tune

AFTER_QUESTION, AFTER_ANSWER = " ", "\n\n"
"""What stands there in running text, as in the prompts of our own tasks."""


@dataclass
class EncodedRows:
    """Rows as tokens.

    Attributes:
        rows: of preferences always two, the chosen answer and the rejected one.
        long: ids of conversations that are longer than the context, and left out.
        cut: texts that were cut into several rows.
    """

    rows: list[TokenRow] = field(default_factory=list)
    long: list[str] = field(default_factory=list)
    cut: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of all rows."""
        return sum(len(row.tokens) for row in self.rows)

    @property
    def targets(self) -> int:
        """Learned tokens of all rows."""
        return sum(row.targets for row in self.rows)


class RowEncoder:
    """Makes tokens of rows."""

    def __init__(self, vocabulary: Vocabulary, template: ChatTemplate | None, context: int, settings: Tune) -> None:
        self.vocabulary, self.template, self.context = vocabulary, template, context
        self.all = settings.loss_on == "all"

    def encode(self, rows: Sequence[TuningRow]) -> EncodedRows:
        """Return rows as tokens; those that are too long are left out by their ids, texts are cut.

        Raises ModelError if the chat template cannot write an answer in the way in which it asks for one.
        """
        found = EncodedRows()
        for row in rows:
            if isinstance(row, PlainText):
                pieces = list(self._encode_text(row))
                found.cut += len(pieces) > 1
                found.rows += pieces
                continue
            made = self._encode_preference(row) if isinstance(row, Preference) else self.encode_conversation(row)
            if any(len(one.tokens) > self.context for one in made):
                found.long.append(row.id)
            else:
                found.rows += made
        return found

    def encode_conversation(self, row: Conversation) -> list[TokenRow]:
        """Return a conversation as one row; as one a turn where the template writes earlier turns differently."""
        turns = [i for i, message in enumerate(row.messages) if message.role == "assistant"]
        if self.template is None:
            return [self._encode_running(row.id, row.messages)]
        mark, encode = self.vocabulary.shield()
        told = [replace(one, parts=(TextPart(mark(one.text)),)) for one in row.messages]
        written = [self._write_turn(self.template, told[: turn + 1]) for turn in turns]
        whole, pieces = "", list[tuple[str, bool]]()
        for asked, answer in written:
            if not asked.startswith(whole):
                return [self._join(row.id, [(asked, False), (answer, True)], encode) for asked, answer in written]
            pieces += [(asked[len(whole) :], False), (answer, True)]
            whole = asked + answer
        return [self._join(row.id, pieces, encode)]

    def _write_turn(self, template: ChatTemplate, told: Sequence[Message]) -> tuple[str, str]:
        """Return what asks for the last message, and that message to its end, as the template writes them."""
        asked = template.ask(told[:-1])
        folded = told if template.takes_system else fold_system(told)
        listed = list_for_template(folded, lists=template.lists_contents)
        whole = template.render(listed, add_generation_prompt=False)
        if not whole.startswith(asked):
            raise ModelError(
                "The chat template writes an answer otherwise than it asks for one, so that what would be learned is "
                "not what is asked.",
                fix="Give a template of your own with `chat: PATH`, or train on running text with `chat: none`.",
            )
        return asked, whole[len(asked) :]

    def _join(self, id: str, pieces: Sequence[tuple[str, bool]], encode: Callable[[str], Tokens]) -> TokenRow:
        """Return pieces of marked text as a row; of those that are learned, up to the token that ends the answer."""
        tokens, learned = [self.vocabulary.with_bos(EMPTY)], [np.zeros(0, dtype=np.bool_)]
        learned[0] = np.zeros(len(tokens[0]), dtype=np.bool_)
        for number, (text, is_answer) in enumerate(pieces):
            part = encode(text)
            if number == 0 and len(part) and len(tokens[0]) and part[0] == self.vocabulary.bos:
                part = part[1:]  # the template has written it
            last = next((i for i, token in enumerate(part) if self.vocabulary.ends(int(token))), len(part) - 1)
            if is_answer and number == len(pieces) - 1:
                part = part[: last + 1]
            tokens.append(part)
            learned.append(np.arange(len(part)) <= (last if is_answer else -1))
        return self._finish(id, np.concatenate(tokens), np.concatenate(learned))

    def _encode_running(self, id: str, messages: Sequence[Message]) -> TokenRow:
        """Return a conversation as running text."""
        text, tokens, learned = "", self.vocabulary.with_bos(EMPTY), list[bool]()
        learned = [False] * len(tokens)
        for message in messages:
            if message.role != "assistant":
                text += message.text.strip() + AFTER_ANSWER if message.role == "system" else message.text.rstrip()
                continue
            before = self.vocabulary.encode(text)
            both = self.vocabulary.encode(text + AFTER_QUESTION + message.text)
            if len(both) <= len(before):  # the answer melts into the prompt's last token
                both = np.concatenate([before, self.vocabulary.encode(AFTER_QUESTION + message.text)])
            after = self.vocabulary.encode(AFTER_ANSWER)
            tokens = np.concatenate([tokens, both, after])
            learned += [False] * len(before) + [True] * (len(both) - len(before) + len(after))
            text = ""
        return self._finish(id, tokens, np.array(learned, dtype=np.bool_))

    def _encode_text(self, row: PlainText) -> Iterator[TokenRow]:
        """Yield a text as rows that are as long as the context at most; each token is learned once."""
        ends = np.array([token for token in [self._find_end()] if token is not None], dtype=np.int32)
        prefix = [] if self.vocabulary.prefix is None else [self.vocabulary.prefix]
        tokens = np.concatenate([np.array(prefix, dtype=np.int32), self.vocabulary.encode(row.text), ends])
        for at in range(0, len(tokens) - 1, self.context - 1):
            part = tokens[at : at + self.context]
            yield self._finish(row.id, part, np.ones(len(part), dtype=np.bool_))

    def _find_end(self) -> int | None:
        """Return the token that ends a text; None if the model has none."""
        found = self.vocabulary.encode(self.vocabulary.eos_text, special=True)
        return int(found[0]) if len(found) == 1 else None

    def _encode_preference(self, row: Preference) -> list[TokenRow]:
        found = []
        for answer in (row.chosen, row.rejected):
            messages = (*row.messages, Message("assistant", (TextPart(answer),)))
            one = self.encode_conversation(Conversation(row.id, messages))[-1]
            last = _find_last_run(one.learned)
            found.append(TokenRow(one.tokens, last, row.id))
        return found

    def _finish(self, id: str, tokens: Tokens, learned: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> TokenRow:
        if self.all:
            learned = np.ones(len(tokens), dtype=np.bool_)
        learned = learned.copy()
        learned[0] = False
        return TokenRow(tokens.astype(np.int32), learned, id)


def _find_last_run(learned: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return the last run of learned tokens alone: those of the last answer."""
    where = np.flatnonzero(~learned[: np.flatnonzero(learned)[-1]])
    found = learned.copy()
    found[: where[-1] + 1 if len(where) else 0] = False
    return found
