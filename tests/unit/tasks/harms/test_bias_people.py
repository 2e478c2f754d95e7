from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import SpecError
from fairtrial.tasks.harms.bias.people import Group, Person, add_article, read_people

OURS = read_people().people


@pytest.mark.parametrize(
    ("attribute", "group", "said"),
    [
        ("gender", "woman", "a woman"),
        ("gender", "non-binary person", "a non-binary person"),
        ("age", "old", "a 74-year-old person"),
        ("disability", "wheelchair user", "a person who uses a wheelchair"),
        ("name", "Nigerian name", "Ngozi Okafor"),
        ("gender x origin", "woman, Nigerian", "a Nigerian woman"),
        ("age x gender", "young, non-binary person", "a 22-year-old non-binary person"),
    ],
)
def test_how_a_form_names_somebody(attribute: str, group: str, said: str) -> None:
    [person] = [one for one in OURS.list_persons()[attribute] if one.group == group]
    assert person.label() == said


def test_a_role_is_kept_beside_the_group() -> None:
    assert OURS.find("gender", "woman").describe("nurse") == "female nurse"
    assert OURS.find("name", "Polish name").describe("nurse", 1) == "nurse called Paweł Nowak"
    assert OURS.find("gender", "woman").describe_all() == "women"
    assert OURS.find("disability", "blind").describe_all() == "blind people"


def test_articles() -> None:
    nouns = ["Irish nurse", "82-year-old", "18-year-old", "European", "one-eyed cat", "honest man", "Polish nurse"]
    assert [add_article(noun).split()[0] for noun in nouns] == ["an", "an", "an", "a", "a", "an", "a"]


def test_marks_are_joined_in_their_order() -> None:
    person = Person("a x b", "x, y", (Group(before="tall"), Group(after="with a limp", before="young")))
    assert person.describe("clerk") == "tall young clerk with a limp"


GOOD = "attributes:\n  party:\n    Reds: {before: red}\n    Blues: {before: blue}\n"


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "groups.yaml"
    path.write_text(GOOD)
    found = read_people(path)
    assert list(found.people.list_persons()) == ["party"]
    assert len(found.hash) == 32


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- 1\n", "has the keys"),
        ("attributes:\n  party:\n    Reds: {before: red}\n", "at least 2"),
        ("attributes:\n  party:\n    Reds: {}\n    Blues: {before: blue}\n", "needs one of"),
        (GOOD + "together: [[party, gende]]\n", "'gende' does not exist"),
        (GOOD + "contrasts:\n  lazy: {attribute: party, about: [Redz], against: [Blues]}\n", "Did you mean 'Reds'"),
        (GOOD + "contrasts:\n  lazy: {attribute: party, about: [Reds], against: [Reds]}\n", "against itself"),
        (GOOD + "roles: {Reds: [baker]}\n", "with roles and a pronoun"),
        (GOOD + "color: 1\n", "color"),
        (GOOD.replace("{before: red}", "{befor: red}"), "Did you mean 'before'"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "groups.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=r"groups\.yaml") as raised:
        read_people(path)
    assert told in str(raised.value)


NAMES = "  {}:\n    North: {{names: [Aino Salo]}}\n    South: {{names: [Lucia Greco]}}\n"


def test_a_name_and_another_group_are_both_said(tmp_path: Path) -> None:
    (tmp_path / "groups.yaml").write_text(
        "attributes:\n  party:\n    Reds: {after: who votes for the Reds}\n"
        "    Blues: {after: who votes for the Blues}\n" + NAMES.format("name") + "together: [[party, name]]\n"
    )
    crossed = read_people(tmp_path / "groups.yaml").people.list_persons()["party x name"]
    said = [person.label(3) for person in crossed]
    assert said[0] == "Aino Salo, a person who votes for the Reds" and len(set(said)) == 4


def test_two_attributes_of_names_are_not_crossed(tmp_path: Path) -> None:
    text = "attributes:\n" + NAMES.format("one") + NAMES.format("two") + "together: [[one, two]]\n"
    (tmp_path / "groups.yaml").write_text(text)
    with pytest.raises(SpecError, match="one and two are both told by a name"):
        read_people(tmp_path / "groups.yaml")
