"""The steps that write texts the same, tell languages, mask personal data and judge documents."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.curation.base import ConversationTurn, Drop, Note, RowOrigin, StepContext, TrainingRow
from fairtrial.curation.steps import STEPS
from fairtrial.curation.steps.language import MEASURED, LanguageStep, read_language
from fairtrial.curation.steps.normalise import NormaliseStep, mend_encoding, normalise
from fairtrial.curation.steps.personal import PersonalStep
from fairtrial.curation.steps.quality import QualityStep
from fairtrial.errors import SpecError
from fairtrial.spec.curate import Curate
from fairtrial.spec.curate_steps import (
    C4Settings,
    FineWebSettings,
    GopherQualitySettings,
    GopherRepetitionSettings,
    Language,
    Normalise,
    Personal,
    Quality,
)

HERE = StepContext(datetime(2026, 5, 1, tzinfo=UTC), Path("/nowhere"))
PROSE = (
    "The council has to decide by Friday whether the old bridge can be kept. Engineers who looked at it in March found "
    "rust in two of its nine arches, and say that repairing them would cost more than a new one.\n\n"
    "People who live on the island do not want to wait for three years with a ferry, and have collected signatures. "
    "A decision was put off twice before. This time the mayor says that she will vote for repairs."
)


def document(text: str) -> TrainingRow:
    return TrainingRow(RowOrigin("a", 1), text=text)


def chat(question: str, answer: str) -> TrainingRow:
    return TrainingRow(RowOrigin("a", 1), (ConversationTurn("user", question), ConversationTurn("assistant", answer)))


# --- normalise


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cafe\u0301", "café"),
        ("a\u200bb\u202ec", "abc"),
        ("a \t\r\nb\n\n\n\nc  ", "a\nb\n\nc"),
        ("\n\n  indented = 1\n", "  indented = 1"),
        ("def f(x):\n\treturn  x", "def f(x):\n\treturn  x"),
        ("donâ€™t", "don’t"),
        ("CafÃ© in MÃ¼nchen, 5 â‚¬", "Café in München, 5 €"),
        ("ðŸ˜€ fine", "😀 fine"),
        ("CAFÉ» und É»", "CAFÉ» und É»"),
        ("«MAÇÃ»", "«MAÇÃ»"),
        ("A = Â± 3", "A = ± 3"),
        ("Français, größer, naïve", "Français, größer, naïve"),
        ("a\ud800b", "a\ufffdb"),
    ],
)
def test_texts_are_written_the_same(before: str, after: str) -> None:
    assert normalise(before, Normalise()) == after


def test_what_was_changed_is_told_and_what_was_not_stays_the_same_object() -> None:
    step = NormaliseStep(Normalise(), HERE)
    clean = chat("How high?", "Nine metres.")
    assert step.apply(clean) is clean
    made = step.apply(chat("How\u200b high?", "Nine metres. "))
    assert isinstance(made, TrainingRow)
    assert made.changes == (Note("normalise", "left out 1 zero-width character"),)
    assert made.texts() == ["How high?", "Nine metres."]


def test_a_row_of_which_nothing_is_left_is_dropped() -> None:
    step = NormaliseStep(Normalise(), HERE)
    assert step.apply(chat("How high?", "\u200b \n")) == Drop("empty", "nothing is left of what the assistant says")
    assert step.apply(document("\u200b")) == Drop("empty", "nothing is left of the text")


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text, Normalise())
    assert normalise(once, Normalise(encoding=False)) == once


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F), min_size=1))
def test_text_that_was_misread_is_mended(text: str) -> None:
    misread = text.encode().decode("latin-1")
    assert mend_encoding("x" + misread) == "x" + text


@pytest.mark.parametrize(
    "text", [" " * 300_000 + "x", "\n \n" * 100_000 + "x", "â€" * 100_000, ("Ã" * 9 + " ") * 30_000]
)
def test_hostile_texts_are_normalised_in_linear_time(text: str) -> None:
    start = time.process_time()
    normalise(text, Normalise())
    assert time.process_time() - start < 3


# --- language


def test_rows_in_other_languages_are_dropped_with_the_probability() -> None:
    pytest.importorskip("py3langid")
    step = LanguageStep(Language(keep=("en",)), HERE)
    kept = step.apply(document(PROSE))
    assert isinstance(kept, TrainingRow)
    assert read_language(kept) == "en"
    german = "Der Rat muss bis Freitag entscheiden, ob die alte Brücke über den Fluss erhalten werden kann."
    dropped = step.apply(document(german))
    assert isinstance(dropped, Drop)
    assert (dropped.reason, dropped.detail[:19]) == ("another language", "de with probability")
    both = LanguageStep(Language(keep=("en", "de")), HERE).apply(document(german))
    assert isinstance(both, TrainingRow)


def test_short_texts_are_kept_or_dropped_as_asked_and_code_is_no_language() -> None:
    pytest.importorskip("py3langid")
    short = chat("2 + 2?", "Vier, natürlich.")
    kept = LanguageStep(Language(), HERE).apply(short)
    assert isinstance(kept, TrainingRow)
    assert kept.grounds[-1].detail == "13 letters are too few to tell a language"
    assert read_language(kept) == ""
    dropped = LanguageStep(Language(short="drop"), HERE).apply(short)
    assert dropped == Drop("too short to tell", "13 letters are too few to tell a language")
    code = chat(
        "Show me.", "```python\nfor element in collection:\n    print(element)\n    handle(element, collection)\n```"
    )
    assert isinstance(LanguageStep(Language(keep=("de",)), HERE).apply(code), TrainingRow)


def test_unknown_languages_are_refused_by_name() -> None:
    pytest.importorskip("py3langid")
    with pytest.raises(SpecError, match="'eng' is no language that can be told"):
        LanguageStep(Language(keep=("eng",)), HERE)


# --- personal


def test_personal_data_is_masked_and_counted() -> None:
    text = "Write to ada@example.org or call +49 30 1234567; the server is 8.8.8.8, inside it is 192.168.0.1."
    made = PersonalStep(Personal(), HERE).apply(document(text))
    assert isinstance(made, TrainingRow)
    assert made.text == "Write to [EMAIL] or call [PHONE NUMBER]; the server is [IP ADDRESS], inside it is 192.168.0.1."
    assert made.changes == (Note("personal", "masked 1 email, 1 ipv4, 1 phone"),)


def test_personal_data_of_other_kinds_stays_and_rows_full_of_it_go() -> None:
    row = chat("Who are you?", "Ada, ada@example.org, card 4111 1111 1111 1111.")
    kept = PersonalStep(Personal(kinds=("card",)), HERE).apply(row)
    assert isinstance(kept, TrainingRow)
    assert kept.messages[1].content == "Ada, ada@example.org, card [CARD NUMBER]."
    assert PersonalStep(Personal(action="drop"), HERE).apply(row) == Drop("personal data", "1 card, 1 email")
    listed = document("\n".join(f"person{n}@example.org" for n in range(6)))
    assert isinstance(PersonalStep(Personal(most=5), HERE).apply(listed), Drop)
    assert isinstance(PersonalStep(Personal(most=6), HERE).apply(listed), TrainingRow)


def test_a_row_without_personal_data_is_the_same_row() -> None:
    row = document(PROSE)
    assert PersonalStep(Personal(), HERE).apply(row) is row


# --- quality


def test_documents_are_judged_by_filter_and_rule() -> None:
    step = QualityStep(Quality(), HERE)
    kept = step.apply(document(PROSE))
    assert isinstance(kept, TrainingRow)
    assert kept.text == PROSE
    assert step.apply(document("The bridge is kept.")) == Drop("gopher_repetition: top_2_gram", "0.5263 > 0.2")
    two = "\n".join(["One line is said once more, and then again for good measure."] * 9)
    assert step.apply(document(two)) == Drop("gopher_repetition: dup_line_frac", "0.8889 > 0.3")
    with_menu = step.apply(document(PROSE + "\n\nHome\n\nWe use cookies to improve your visit."))
    assert isinstance(with_menu, TrainingRow)
    assert with_menu.text == PROSE
    assert with_menu.changes == (Note("quality", "c4: took out 1 policy, 1 too_few_words"),)


def test_conversations_are_judged_only_where_that_is_asked_for() -> None:
    short = chat("What is 2 + 2?", "4")
    assert QualityStep(Quality(), HERE).apply(short) is short
    judged = QualityStep(Quality(chats=True, gopher_repetition=None), HERE).apply(short)
    assert judged == Drop("gopher_quality: gopher_short_doc", "1 < 50")
    good = chat("Tell me about the bridge.", PROSE)
    assert QualityStep(Quality(chats=True), HERE).apply(good) is good


def test_english_stop_words_are_not_looked_for_in_what_is_known_to_be_german() -> None:
    text = " ".join(
        f"Der Rat der Stadt hat am Abend über Brücke und Fähre beraten und Antrag {n} abgelehnt." for n in range(12)
    )
    rules = Quality(gopher_repetition=None, c4=None, fineweb=None)
    dropped = QualityStep(rules, HERE).apply(document(text))
    assert isinstance(dropped, Drop)
    assert dropped.reason == "gopher_quality: gopher_enough_stop_words"
    german = document(text).noted("language", "de with probability 1.00")
    assert QualityStep(rules, HERE).apply(german) is german


def test_every_filter_can_be_turned_off_and_described() -> None:
    rules = Quality.model_validate({"gopher_repetition": "off", "gopher_quality": False, "c4": "off", "fineweb": "off"})
    row = document("x")
    assert QualityStep(rules, HERE).apply(row) is row
    assert QualityStep(rules, HERE).describe()["sources"] == {}
    assert set(QualityStep(Quality(), HERE).describe()["sources"]) == {
        "gopher_repetition",
        "gopher_quality",
        "c4",
        "fineweb",
    }


# --- all


def test_steps_of_the_table_can_be_made_and_described_as_json() -> None:
    pytest.importorskip("py3langid")
    settings = Curate.model_validate(
        {"sources": "a.jsonl", "language": "on", "quality": "on", "toxicity": "on", "personal": "on"}
    )
    made = {
        name: STEPS.find(name)(getattr(settings, name), HERE)
        for name in ("rights", "normalise", "language", "quality", "toxicity", "personal")
    }
    counts = Counter(type(one.describe()).__name__ for one in made.values())
    assert counts == {"dict": 6}


DOCS = (Path(__file__).parents[3] / "docs" / "curation-steps.md").read_text(encoding="utf-8")


def test_the_code_of_the_page_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCS, re.S)
    assert len(blocks) == 1
    exec(compile(blocks[0], "curation-steps.md", "exec"), {})


def test_the_settings_of_the_page_are_read() -> None:
    settings = Curate.model_validate(yaml.safe_load(re.findall(r"```yaml\n(.*?)```", DOCS, re.S)[0])["curate"])
    assert settings.quality is not None
    assert (settings.quality.fineweb, settings.quality.c4) == (None, C4Settings())
    assert settings.rights is not None
    assert settings.rights.territory == "DE"


def test_the_page_has_the_limits_that_hold() -> None:
    settings = (GopherRepetitionSettings(), GopherQualitySettings(), FineWebSettings())
    limits = {name: limit for rules in settings for name, limit in rules if type(limit) in (int, float)}
    told = [name for name in limits if not re.search(r"_[6-9]_n_grams", name)]  # between the two that are written out
    assert [name for name in told if not re.search(rf"`{name}` {limits[name]:,g}0?\b", DOCS)] == []
    assert len(told) > 20
    for letters, share in MEASURED.items():
        assert re.search(rf"^\| {letters} \| {100 * share:.1f}% \|", DOCS, re.M)
