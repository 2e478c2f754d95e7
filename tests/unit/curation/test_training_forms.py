"""Rows of training data in the forms in which they are passed on, written out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from fairtrial.curation.base import ConversationTurn
from fairtrial.curation.formats.parsing import NotThisFormError, find_form, parse_row

USER, ANSWER = ConversationTurn("user", "How high is it?"), ConversationTurn("assistant", "Nine metres.")
ROWS: list[tuple[str, dict[str, Any], tuple[ConversationTurn, ...]]] = [
    (
        "openai",
        {"messages": [
            {"role": "user", "content": "How high is it?"}, {"role": "assistant", "content": "Nine metres."}]},
        (USER, ANSWER),
    ),
    (
        "openai",
        {"messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "How high "}, {"type": "text", "text": "is it?"}]},
            {"role": "assistant", "content": "Nine metres."},
        ]},
        (ConversationTurn("system", "Be brief."), USER, ANSWER),
    ),
    (
        "sharegpt",
        {"id": "x", "conversations": [
            {"from": "human", "value": "How high is it?"}, {"from": "gpt", "value": "Nine metres."}]},
        (USER, ANSWER),
    ),
    (
        "sharegpt",
        {"system": "Be brief.", "conversation": [
            {"role": "user", "content": "How high is it?"}, {"role": "assistant", "content": "Nine metres."}]},
        (ConversationTurn("system", "Be brief."), USER, ANSWER),
    ),
    ("alpaca", {"instruction": "How high is it?", "input": "", "output": "Nine metres."}, (USER, ANSWER)),
    (
        "alpaca",
        {"instruction": "Translate.", "input": "neun Meter", "output": "nine metres", "text": "Below is ..."},
        (ConversationTurn("user", "Translate.\n\nneun Meter"), ConversationTurn("assistant", "nine metres")),
    ),
    (
        "alpaca",
        {"instruction": "How high is it?", "context": "The tower.", "response": "Nine metres.", "category": "qa"},
        (ConversationTurn("user", "How high is it?\n\nThe tower."), ANSWER),
    ),
    (
        "alpaca",
        {"instruction": "And now?", "output": "Ten.", "system": "Brief.",
         "history": [["How high is it?", "Nine metres."]]},
        (
            ConversationTurn("system", "Brief."),
            USER,
            ANSWER,
            ConversationTurn("user", "And now?"),
            ConversationTurn("assistant", "Ten."),
        ),
    ),
    ("alpaca", {"prompt": "How high is it?", "completion": "Nine metres."}, (USER, ANSWER)),
]  # fmt: skip


@pytest.mark.parametrize(("form", "row", "turns"), ROWS)
def test_a_conversation_is_read_whatever_its_form(
    form: str, row: dict[str, Any], turns: tuple[ConversationTurn, ...]
) -> None:
    assert find_form(row) == form
    assert parse_row(row, form).messages == turns  # type: ignore[arg-type]


PREFERENCES: list[dict[str, Any]] = [
    {"prompt": "How high is it?", "chosen": "Nine metres.", "rejected": "High."},
    {
        "prompt": [{"role": "user", "content": "How high is it?"}],
        "chosen": [{"role": "assistant", "content": "Nine metres."}],
        "rejected": [{"role": "assistant", "content": "High."}],
    },
    {  # the prompt stands at the head of both
        "chosen": [{"role": "user", "content": "How high is it?"}, {"role": "assistant", "content": "Nine metres."}],
        "rejected": [{"role": "user", "content": "How high is it?"}, {"role": "assistant", "content": "High."}],
    },
    {  # and in one column beside, too
        "prompt": "How high is it?",
        "chosen": [{"role": "user", "content": "How high is it?"}, {"role": "assistant", "content": "Nine metres."}],
        "rejected": [{"role": "user", "content": "How high is it?"}, {"role": "assistant", "content": "High."}],
    },
    {
        "chosen": "\n\nHuman: How high is it?\n\nAssistant: Nine metres.",
        "rejected": "\n\nHuman: How high is it?\n\nAssistant: High.",
    },
    {
        "input": {"messages": [{"role": "user", "content": "How high is it?"}]},
        "preferred_output": [{"role": "assistant", "content": "Nine metres."}],
        "non_preferred_output": [{"role": "assistant", "content": "High."}],
    },
]


@pytest.mark.parametrize("row", PREFERENCES)
def test_two_answers_to_a_prompt_are_read_whatever_their_form(row: dict[str, Any]) -> None:
    assert find_form(row) == "preference"
    parsed = parse_row(row, "preference")
    assert (parsed.messages, parsed.chosen, parsed.rejected) == ((USER,), "Nine metres.", "High.")


def test_answers_after_a_longer_conversation_keep_what_both_share() -> None:
    head = "\n\nHuman: How high is it?\n\nAssistant: Nine metres.\n\nHuman: Sure?"
    parsed = parse_row({"chosen": head + "\n\nAssistant: Yes.", "rejected": head + "\n\nAssistant: No."}, "preference")
    assert parsed.messages == (USER, ANSWER, ConversationTurn("user", "Sure?"))
    assert (parsed.chosen, parsed.rejected) == ("Yes.", "No.")


def test_rows_that_curation_wrote_are_read_again() -> None:
    place = {"source": "a.jsonl", "row": 3}
    messages = [{"role": "user", "content": "How high is it?"}, {"role": "assistant", "content": "Nine metres."}]
    for row in ({"messages": messages}, {"text": "It is nine metres high."},
                {"prompt": messages[:1], "chosen": "Nine metres.", "rejected": "High."}):  # fmt: skip
        written = {"id": "0" * 32, "source": place, **row}
        assert find_form(written) == "fairtrial"
        parsed = parse_row(written, "fairtrial")
        assert parsed.messages or parsed.text


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("openai", {"messages": []}, "'messages' is empty"),
    ("openai", {"messages": "hello"}, "no list"),
    ("openai", {"messages": [{"role": "user", "content": "Hello"}]}, "nothing in it is said by an assistant"),
    ("openai", {"messages": [{"role": "assistant", "content": "Hello"}]}, "it begins with an answer"),
    ("openai", {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"},
                             {"role": "assistant", "content": "c"}]}, "turns 1 and 2 are both the user's"),
    ("openai", {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": " "}]}, "says nothing"),
    ("openai", {"messages": [{"role": "wizard", "content": "a"}]}, "the role 'wizard'"),
    ("openai", {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
                             {"role": "assistant", "content": "A cat."}]}, "'image_url'; only text"),
    ("openai", {"messages": [{"role": "user", "content": "a"},
                             {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}]}, "calls a tool"),
    ("openai", {"messages": [{"role": "user", "content": "a"},
                             {"role": "assistant", "content": "b", "weight": 0}]}, "not to be learned"),
    ("openai", {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
                "tools": [{"type": "function"}]}, "offers tools"),
    ("sharegpt", {"conversations": [{"from": "human", "value": 3}, {"from": "gpt", "value": "b"}]}, "no text in 'val"),
    ("sharegpt", {"conversations": [{"from": "human", "value": "a"}, {"from": "system", "value": "b"},
                                    {"from": "gpt", "value": "c"}]}, "system message stands behind"),
    ("alpaca", {"instruction": "a", "output": ""}, "says nothing"),
    ("alpaca", {"instruction": "a"}, "no 'output'"),
    ("alpaca", {"instruction": "a", "output": "b", "history": ["c"]}, "no list of pairs"),
    ("preference", {"prompt": "a", "chosen": "b", "rejected": "b"}, "both answers are the same"),
    ("preference", {"prompt": "a", "chosen": "b", "rejected": ""}, "'rejected' is not one answer"),
    ("preference", {"chosen": "b", "rejected": "c"}, "no prompt"),
    ("text", {"text": " "}, "empty"),
    ("text", {"title": "a"}, "no text in a column"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "row", "reason"), REFUSED)
def test_what_cannot_be_kept_as_it_is_meant_is_refused_with_the_reason(
    form: Any, row: dict[str, Any], reason: str
) -> None:
    with pytest.raises(NotThisFormError, match=reason.replace("(", r"\(")):
        parse_row(row, form)


def test_what_stands_behind_the_last_answer_is_left_out_and_told() -> None:
    row = {"conversations": [{"from": "human", "value": "How high is it?"}, {"from": "gpt", "value": "Nine metres."},
                             {"from": "human", "value": "Thanks"}]}  # fmt: skip
    parsed = parse_row(row, "sharegpt")
    assert parsed.messages == (USER, ANSWER)
    assert parsed.note == "left out 1 message(s) behind the last answer"


def test_half_a_surrogate_pair_is_no_character() -> None:
    parsed = parse_row({"text": "a\ud800b\udc00"}, "text")
    assert (parsed.text, parsed.note) == ("a\ufffdb\ufffd", "put U+FFFD for 2 half character(s) (lone surrogates)")
    whole = parse_row({"text": "a\U0001f600b"}, "text")
    assert (whole.text, whole.note) == ("a\U0001f600b", "")


def test_rows_without_known_columns_have_no_form() -> None:
    assert find_form({"a": 1, "b": "text"}) is None
    assert find_form({}) is None


def test_a_text_beside_messages_is_left_out_and_that_is_noted() -> None:
    chat = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    assert parse_row({**chat, "text": "a b"}, "openai").note == "left out 'text', which stands beside what is learned"
    assert parse_row({**chat, "text": " "}, "openai").note == parse_row(chat, "openai").note == ""
    assert parse_row({"text": "a b", "content": "c"}, "text").note == ""
