from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fairtrial.archive.copies import Version, are_copies, rank_version
from fairtrial.archive.document import Correction, Document
from fairtrial.rights import Decision, Duties, Payment, RightsRule, Use

DAY = datetime(2026, 3, 4, 9, tzinfo=UTC)
TEXT = (
    "The harbour board has closed the north quay after divers found cracks in two pillars below the water line. Boats "
    "will use the south quay until repairs are finished, said the board's chair, who expects the work to take 6 weeks. "
    "Fishing crews may unload at night. The town has asked the province to pay for half of the repairs, which "
    "engineers put at 140,000 crowns, and the province wants to see the divers' report before it answers."
)


def make(text: str = TEXT, publisher: str = "Courier", **more: object) -> Version:
    fields = {"title": "Quay closed", "published": DAY, **more}
    document = Document(f"https://{publisher.lower()}.example/quay", "feed", text, publisher=publisher, **fields)
    return Version(document)


def test_two_publishers_with_one_text_are_copies_whatever_its_marks_and_case() -> None:
    other = make("**" + TEXT.replace("quay", "Quay") + "**", "Herald")
    assert are_copies(make(), other) and are_copies(other, make())


def test_a_copy_may_have_words_of_its_own_or_end_early() -> None:
    assert are_copies(make(), make(TEXT.replace("Fishing crews", "Crews"), "Herald", published=DAY + timedelta(days=2)))
    ended = TEXT.partition(" The town")[0]
    numbers_alike = make(TEXT.replace("140,000", "many"), "Courier")
    assert are_copies(numbers_alike, make(ended, "Herald"))


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (TEXT.replace("6 weeks", "9 weeks"), {}),
        (TEXT.replace("two pillars", "three pillars"), {}),
        (TEXT.replace("may unload", "may not unload"), {}),
        (TEXT, {"published": DAY + timedelta(days=30)}),
        ("The regatta drew a record crowd on a bright and windy day in the bay, and the youngest crew won.", {}),
    ],
)
def test_reports_that_differ_in_what_matters_are_no_copies(text: str, more: dict[str, object]) -> None:
    assert not are_copies(make(), make(text, "Herald", **more))


def test_one_publishers_texts_are_copies_only_if_words_title_and_day_are_the_same() -> None:
    daily = "All ferries ran on time today."
    assert are_copies(make(daily), make(daily, published=DAY + timedelta(hours=3)))
    assert not are_copies(make(daily), make(daily, published=DAY + timedelta(days=1)))
    assert not are_copies(make(daily), make(daily, title="Another title"))


def test_an_agencys_own_id_decides() -> None:
    corrected = TEXT.replace("two pillars", "four pillars")
    assert are_copies(make(wire="NA-118"), make(corrected, "Herald", wire="NA-118"))
    assert not are_copies(make(wire="NA-118"), make(TEXT, "Herald", wire="NA-119"))


def decide(rule: RightsRule = RightsRule.ALLOWED, **duties: object) -> dict[Use, Decision]:
    return {Use.AI_INPUT: Decision(Use.AI_INPUT, True, rule, duties=Duties(**duties))}  # type: ignore[arg-type]


def best(*pairs: tuple[Version, dict[Use, Decision]]) -> str:
    return min(pairs, key=lambda one: rank_version(one[0].document, one[0].document.id, one[1]))[0].document.publisher


def test_the_better_licence_is_taken() -> None:
    courier, herald = make(), make(publisher="Herald", published=DAY + timedelta(days=1))
    payment = Payment("use", 0.02, "EUR")
    assert best((courier, decide()), (herald, decide(RightsRule.PROFILE))) == "Courier"
    assert best((courier, decide(payments=(payment,))), (herald, decide())) == "Herald"
    assert best((courier, decide(payments=(payment,))), (herald, decide(payments=(replace(payment, amount=2.0),)))) == (
        "Courier"
    )
    assert best((courier, decide(max_words=50)), (herald, decide(max_words=10))) == "Courier"
    assert best((courier, decide()), (herald, decide())) == "Herald", "the newer one of equal licences"


def test_a_correction_comes_before_any_licence() -> None:
    corrected = make(publisher="Herald", corrections=(Correction("Two pillars, not three.", DAY),))
    later = make(publisher="Post", corrections=(Correction("Four pillars.", DAY + timedelta(days=1)),))
    assert best((make(), decide()), (corrected, decide(RightsRule.PROFILE))) == "Herald"
    assert best((corrected, decide()), (later, decide(RightsRule.PROFILE))) == "Post"


def test_a_text_of_a_few_words_can_be_compared() -> None:
    assert are_copies(make("No service."), make("no service", "Herald"))
    assert not are_copies(make("No service."), make("Service.", "Herald"))
    assert are_copies(make(""), make("", "Herald"))
