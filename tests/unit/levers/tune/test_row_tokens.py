from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("tokenizers") is None:
    pytest.skip("needs torch and peft (the tune extra)", allow_module_level=True)


from fairtrial.engines.prompts import Encoder, make_prompt_format
from fairtrial.errors import ModelError
from fairtrial.levers.tune.encoding import RowEncoder
from fairtrial.levers.tune.packing import TokenRow
from fairtrial.levers.tune.preparing import make_encoder
from fairtrial.levers.tune.rows import Conversation, PlainText, parse_row
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.tune import Tune
from tests.support.tiny_chat import END, load_tiny, tiny_model


@pytest.fixture(scope="module")
def encoder() -> RowEncoder:
    return make_encoder(Tune(data="x"), tiny_model(), load_tiny())


def chat(*said: str, system: str = "") -> Conversation:
    roles = ["user", "assistant"] * len(said)
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]
    row = parse_row(json.dumps({"messages": messages}).encode())
    assert isinstance(row, Conversation)
    return row


def show(encoder: RowEncoder, row: TokenRow) -> list[tuple[str, bool]]:
    """Return the row's tokens as text, in runs of learned and other ones."""
    backend = encoder.vocabulary._backend  # type: ignore[attr-defined]
    runs: list[tuple[list[int], bool]] = []
    for token, learned in zip(row.tokens.tolist(), row.learned.tolist(), strict=True):
        if not runs or runs[-1][1] is not learned:
            runs.append(([], learned))
        runs[-1][0].append(token)
    return [(backend.decode(tokens, skip_special_tokens=False), learned) for tokens, learned in runs]


def test_of_a_conversation_the_answers_are_learned_and_what_ends_them(encoder: RowEncoder) -> None:
    [row] = encoder.encode_conversation(chat("Two and two?", "four", "And one?", "five", system="Be brief."))
    assert show(encoder, row) == [
        (
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nTwo and two?<|im_end|>\n"
            "<|im_start|>assistant\n",
            False,
        ),
        ("four<|im_end|>", True),
        ("\n<|im_start|>user\nAnd one?<|im_end|>\n<|im_start|>assistant\n", False),
        ("five<|im_end|>", True),
    ]


def test_the_prompt_is_what_a_trial_asks_to_the_token(encoder: RowEncoder) -> None:
    loaded = load_tiny()
    candidate = Candidate(id="one", model="hf:one", chat="model")
    asking = make_prompt_format(candidate, encoder.vocabulary, loaded.chat_template, trained=512, where="")
    prompt = Prompt("What is <|im_end|> here? é 😀", "Say it.\n\n")
    asked = Encoder(encoder.vocabulary, asking).generate(GenerateRequest(prompt=prompt, max_tokens=4)).tokens
    [row] = encoder.encode_conversation(chat("What is <|im_end|> here? é 😀", "a mark", system="Say it.\n\n"))
    first = int(np.flatnonzero(row.learned)[0])
    assert row.tokens[:first].tolist() == asked.tolist()


def test_special_tokens_that_somebody_wrote_are_text_and_end_nothing(encoder: RowEncoder) -> None:
    end = encoder.vocabulary.encode(END, special=True)[0]
    [row] = encoder.encode_conversation(chat("x", f"before {END} after"))
    assert row.tokens[row.learned].tolist().count(end) == 1
    assert row.tokens[row.learned][-1] == end
    assert show(encoder, row)[1][0] == f"before {END} after{END}"


def test_a_template_that_rewrites_earlier_turns_gives_a_row_a_turn(encoder: RowEncoder) -> None:
    source = (
        "{% for m in messages %}{% if m.role == 'user' or loop.last %}[{{ m.role }}]{{ m.content }}<|im_end|>"
        "{% endif %}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    template = type(encoder.template)(source)  # type: ignore[misc]
    other = RowEncoder(encoder.vocabulary, template, 512, Tune(data="x"))
    rows = other.encode_conversation(chat("a", "b", "c", "d"))
    assert [show(other, row)[0][0] for row in rows] == [
        "[user]a<|im_end|>[assistant]",
        "[user]a<|im_end|>[user]c<|im_end|>[assistant]",
    ]


def test_a_template_that_answers_otherwise_than_it_asks_is_refused(encoder: RowEncoder) -> None:
    source = "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<think>{% endif %}"
    template = type(encoder.template)(source)  # type: ignore[misc]
    with pytest.raises(ModelError, match="otherwise than it asks"):
        RowEncoder(encoder.vocabulary, template, 512, Tune(data="x")).encode_conversation(chat("a", "b"))


def test_running_text_is_that_of_the_tasks(encoder: RowEncoder) -> None:
    plain = RowEncoder(encoder.vocabulary, None, 512, Tune(data="x", chat="none"))
    [row] = plain.encode_conversation(chat("Question: 2+2?\nAnswer:", "4", system="Work it out."))
    assert show(plain, row) == [("Work it out.\n\nQuestion: 2+2?\nAnswer:", False), (" 4\n\n", True)]


def test_texts_are_learned_whole_each_token_once(encoder: RowEncoder) -> None:
    short = RowEncoder(encoder.vocabulary, None, 8, Tune(data="x"))
    found = short.encode([PlainText("t", "abcdefghijklmnopqrst")])
    assert found.cut == 1
    assert sum(row.targets for row in found.rows) == 21  # 20 letters, and the end
    assert all(len(row.tokens) <= 8 for row in found.rows)
    learned = [token for row in found.rows for token in row.tokens[row.learned].tolist()]
    assert bytes(learned[:-1]).decode() == "abcdefghijklmnopqrst" or len(learned) == 21


def test_rows_longer_than_the_context_are_left_out_and_named(encoder: RowEncoder) -> None:
    short = RowEncoder(encoder.vocabulary, encoder.template, 60, Tune(data="x"))
    long = chat("x" * 60, "y")
    found = short.encode([chat("x", "y"), long])
    assert (len(found.rows), found.long) == (1, [long.id])


def test_of_preferences_the_last_answers_alone_are_compared(encoder: RowEncoder) -> None:
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    row = parse_row(json.dumps({"prompt": messages, "chosen": "good", "rejected": "bad"}).encode())
    chosen, rejected = encoder.encode([row]).rows
    assert [text for text, learned in show(encoder, chosen) if learned] == ["good<|im_end|>"]
    assert [text for text, learned in show(encoder, rejected) if learned] == ["bad<|im_end|>"]
    same = int(np.flatnonzero(chosen.learned)[0])
    assert chosen.tokens[:same].tolist() == rejected.tokens[:same].tolist()


def test_all_tokens_of_a_conversation_are_learned_on_request(encoder: RowEncoder) -> None:
    every = RowEncoder(encoder.vocabulary, encoder.template, 512, Tune(data="x", loss_on="all"))
    [row] = every.encode_conversation(chat("a", "b"))
    assert row.learned.tolist() == [False] + [True] * (len(row.tokens) - 1)
