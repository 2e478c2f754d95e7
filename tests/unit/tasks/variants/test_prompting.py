"""Questions as a candidate's template writes them."""

from __future__ import annotations

import pytest

from fairtrial.errors import SpecError
from fairtrial.records import GenerateRequest, ImagePart, Item, Pair, Prompt, ScoreRequest, TextPart, make_example
from fairtrial.tasks.variants.prompting import PromptTemplate, find_given_away

SHOWN = make_example("Q: 1+1?\nA:", "2")
ASKED = Prompt("Q: 2+2?\nA:", "Count.\n\n", "The answer is", SHOWN)
ITEM = Item(
    "i", 0, "2+2?", ("3", "4"), ("4",), "i", {"q": "2+2?", "kind": "sum", "prompt": "own", "gold": 1, "odd col": 7}
)


def write(source: str, prompt: Prompt = ASKED, item: Item = ITEM) -> Prompt:
    request = PromptTemplate(source).apply(GenerateRequest(prompt, 5), item)
    assert isinstance(request, GenerateRequest) and request.max_tokens == 5
    return request.prompt


@pytest.mark.parametrize(
    ("source", "question"),
    [
        ("Think step by step.\n{{prompt}}", "Think step by step.\nQ: 2+2?\nA:"),
        ("Think.\n{{ prompt }}\n", "Think.\nQ: 2+2?\nA:"),  # one line end at the end is the file's
        ("{{q}} ({{kind}})", "2+2? (sum)"),
        ("{{question}} {{choices | join(' or ')}}?", "2+2? 3 or 4?"),
        ("{{row.prompt}} {{row['odd col']}}", "own 7"),
    ],
)
def test_the_template_writes_the_question_and_nothing_else(source: str, question: str) -> None:
    found = write(source)
    assert (found.user, found.system, found.assistant, found.examples) == (
        question,
        "Count.\n\n",
        "The answer is",
        SHOWN,
    )
    assert found.plain() == f"Count.\n\nQ: 1+1?\nA: 2\n\n{question}The answer is"


def test_examples_stand_where_they_are_named() -> None:
    found = write("Think.\n\n{{examples}}{{prompt}}")
    assert found.plain() == "Count.\n\nThink.\n\nQ: 1+1?\nA: 2\n\nQ: 2+2?\nA:The answer is" and not found.examples


def test_scored_choices_get_the_same_question_and_what_has_none_stays() -> None:
    alone = Prompt("")
    request = ScoreRequest((Pair(ASKED, "3"), Pair(ASKED, "4"), Pair(alone, "4")))
    found = PromptTemplate("Think. {{prompt}}").apply(request, ITEM)
    assert isinstance(found, ScoreRequest)
    assert [pair.prompt.user for pair in found.pairs] == ["Think. Q: 2+2?\nA:"] * 2 + [""]
    assert [pair.continuation for pair in found.pairs] == ["3", "4", "4"]
    document = ScoreRequest((Pair(alone, "A text."),), rolling=True)
    assert PromptTemplate("Think. {{prompt}}").apply(document, ITEM) == document


def test_images_keep_their_places() -> None:
    image = ImagePart.of(b"1", "image/png")
    found = write("Look: {{prompt}}", Prompt([image, TextPart(" what?")]))
    assert found.question.parts == (TextPart("Look: "), image, TextPart(" what?"))
    before = write("Look: {{q}}", Prompt([image, TextPart(" what?")]))  # an image that it does not place comes first
    assert before.question.parts[0] == image and before.question.text.startswith("<image>\nLook: ")
    with pytest.raises(SpecError, match=r"does not show the item's images.*2 times <image>"):
        write("{{prompt}} <image>", Prompt([image, TextPart(" what?")]))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{kid}}", "the prompt names 'kid', which this task's rows lack. Did you mean 'kind'? There are: prompt, ex"),
        ("{{row.kid}}", "the prompt names 'kid', which this task's rows lack. Did you mean 'kind'?"),
        ("{{prompt", "the prompt is no template: unexpected end of template"),
        ("{% if kind == 'product' %}{{prompt}}{% endif %}", "the prompt is empty"),
        ("{{ prompt * 100000000 }}", "the prompt cannot be written: it takes more than"),
        ("{{ prompt.__class__.__mro__ }}", "the prompt "),
        ("{{ prompt | random }}", "the prompt is no template: No filter named 'random'"),
    ],
)
def test_what_is_wrong_is_said(source: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        write(source)
    assert told in str(caught.value)


def test_a_column_with_the_right_answers_is_found() -> None:
    items = [
        Item(str(i), i, "?", ("3", "4"), ("4",), str(i), {"at": 1, "letter": "(b)", "text": " 4", "n": i, "k": "x"})
        for i in range(2, 5)
    ]
    for column in ("at", "letter", "text"):
        assert find_given_away(PromptTemplate(f"{{{{prompt}}}} {{{{{column}}}}}"), items) == column
        assert find_given_away(PromptTemplate(f"{{{{row.{column}}}}}"), items) == column
    assert not find_given_away(PromptTemplate("{{prompt}} {{n}} {{k}} {{choices}}"), items)
    assert not find_given_away(PromptTemplate("{{at}}"), items[:1])


def test_an_empty_cell_is_empty_text() -> None:
    item = Item("i", 0, "2+2?", ("3", "4"), ("4",), "i", {"q": "2+2?", "hint": None})
    assert write("[{{hint}}] [{{row.hint}}] {{q}}", item=item).user == "[] [] 2+2?"
