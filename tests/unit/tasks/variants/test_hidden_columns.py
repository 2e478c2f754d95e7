"""What a candidate's template does not see of a row: right answers, however it asks for them."""

from __future__ import annotations

import pytest

from fairtrial.errors import SpecError
from fairtrial.records import GenerateRequest, Item, Prompt
from fairtrial.tasks.variants.prompting import PromptTemplate

ITEM = Item("i", 0, "2+2?", (), ("4",), "i", {"q": "2+2?", "key": "4", "kind": "sum"})
ASKED = GenerateRequest(Prompt("Q: 2+2?\nA:"), 5)
WHOLE = ("{{row|string}}", "{{row.values()|list}}", "{% for k in row %}{{row[k]}}{% endfor %}", "{{row['k' ~ 'ind']}}")


def write(source: str, hidden: tuple[str, ...] | None) -> str:
    request = PromptTemplate(source).apply(ASKED, ITEM, hidden)
    assert isinstance(request, GenerateRequest)
    return request.prompt.user


@pytest.mark.parametrize("source", WHOLE)
def test_a_whole_row_has_no_right_answer(source: str) -> None:
    found = write(source, ("key",))
    assert "sum" in found and "4" not in found


@pytest.mark.parametrize("source", WHOLE)
def test_a_whole_row_is_refused_where_answers_cannot_be_told(source: str) -> None:
    with pytest.raises(SpecError, match="uses `row` as a whole, which may show the right answer"):
        write(source, None)


@pytest.mark.parametrize("source", ["{{key}}", "{{row.key}}", "{{row['key'] | upper}}"])
def test_a_hidden_column_is_refused_by_name(source: str) -> None:
    with pytest.raises(SpecError, match="names the column 'key', which candidates do not see"):
        write(source, ("key",))


@pytest.mark.parametrize("hidden", [(), None, ("key",)])
def test_columns_that_are_named_are_shown_as_before(hidden: tuple[str, ...] | None) -> None:
    assert write("{{q}} {{row.kind}} {{row['q']}}", hidden) == "2+2? sum 2+2?"


def test_a_column_of_all_options_gives_nothing_away() -> None:
    item = Item("i", 0, "2+2?", ("3", "4"), ("4",), "i", {"offered": {"text": ["3", "4"]}, "key": "B"})
    request = PromptTemplate("{{offered.text | join(' or ')}}").apply(ASKED, item, ("offered", "key"))
    assert isinstance(request, GenerateRequest) and request.prompt.user == "3 or 4"
