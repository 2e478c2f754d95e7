import pytest

from fairtrial.rights.readers.preferences import parse_dictionary, read_content_signal, read_preferences


def said(text: str) -> set[str]:
    return {f"{one.use} {one.says}" for one in read_preferences(text)[0]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # draft-ietf-aipref-vocab, section 6.5
        ("train-ai=n, search=y", {"ai-train deny", "search allow"}),
        ("train-ai", set()),
        ('train-ai="n"', set()),
        ("train-ai=no", set()),
        ('train-ai=y, train-ai, search=n, search="n"', set()),
        ("train-ai;allow=n, train-ai=y", {"ai-train allow"}),
        ('train-ai=n;has;parameters="?"', {"ai-train deny"}),
        ("ai-use=n", {"ai-input deny"}),
        ("unknown=y,   train-ai=y", {"ai-train allow"}),
        ("", set()),
    ],
)
def test_preferences(text: str, expected: set[str]) -> None:
    assert said(text) == expected and read_preferences(text)[1] == ""


def test_former_labels_deny_and_never_permit() -> None:
    assert said("train-genai=n") == {"ai-train deny"}
    assert said("all=y, tdm=y, bots=y") == set()
    assert said("ai-train=no") == {"ai-train deny"}


@pytest.mark.parametrize("text", ["TRAIN-AI=n", "train-ai=n,", "train-ai=", "a=(1 2)", ",", "a b", "ä=n", "a=n" * 5000])
def test_what_is_no_dictionary(text: str) -> None:
    assert parse_dictionary(text) is None and read_preferences(text) != ((), "")


def test_types_of_structured_fields() -> None:
    assert parse_dictionary('a=1, b=1.5, c="x", d=?1, e=:aGk=:, f=@1659578233, g=tok, h') == {
        "a": None, "b": None, "c": None, "d": None, "e": None, "f": None, "g": "tok", "h": None,
    }  # fmt: skip


def test_content_signals() -> None:
    found, problem = read_content_signal("Search = YES, ai-train=no, ai-train=yes, use=reference, ai-input=perhaps")
    assert {f"{one.use} {one.says}" for one in found} == {"search allow", "ai-train deny"} and not problem
