import pytest

from fairtrial.rights import Evidence, Use
from fairtrial.rights.readers.licences import Credit, name_licences, read_licence
from tests.unit.rights.readers.telling import source


def tell(text: str) -> list[Evidence]:
    return read_licence(text, source(), "meta", Credit("Brinkmoor Gazette", "https://brinkmoor.example/a"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("CC-BY-4.0", ["CC-BY-4.0"]),
        ("cc by-nc-nd 3.0", ["CC-BY-NC-ND-3.0"]),
        ("https://creativecommons.org/licenses/by-sa/4.0/deed.de", ["CC-BY-SA-4.0"]),
        ("http://creativecommons.org/licenses/by/3.0/de/", ["CC-BY-3.0"]),
        ("https://creativecommons.org/publicdomain/zero/1.0/", ["CC0-1.0"]),
        ("https://spdx.org/licenses/MIT.html", ["MIT"]),
        ("mit AND CC0-1.0", ["MIT", "CC0-1.0"]),
        ("CC-BY-NC-4.0 OR CC-BY-4.0", ["CC-BY-4.0"]),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only"]),
        ("LicenseRef-Gazette-2026", ["LicenseRef-Gazette-2026"]),
        ("https://creativecommons.org.evil.example/licenses/by/4.0/", []),
        ("https://evil.example/?https://creativecommons.org/licenses/by/4.0/", []),
        ("https://creativecommons.org/licenses/byte/4.0/", []),
        ("All rights reserved", []),
        ("(" * 5000, []),
        ("\0", []),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert name_licences(text) == names


def test_what_asks_for_credit_permits_with_it() -> None:
    (found,) = tell("CC-BY-4.0")
    assert {one.use for one in found.statements} == set(Use) and {one.says for one in found.statements} == {"allow"}
    credit = found.statements[0].terms.attribution
    assert credit is not None and (credit.text, credit.link) == ("Brinkmoor Gazette", "https://brinkmoor.example/a")


def test_the_public_domain_asks_for_nothing() -> None:
    assert tell("CC0-1.0")[0].statements[0].terms.attribution is None


def test_non_commercial_is_for_others() -> None:
    operators = tell("CC-BY-NC-4.0")[0].statements[0].terms.operators
    assert operators is not None and "commercial" not in operators and "education" in operators


@pytest.mark.parametrize("licence", ["CC-BY-ND-4.0", "CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"])
def test_training_is_an_open_question_where_adaptations_are_restricted(licence: str) -> None:
    says = {one.use: one.says for one in tell(licence)[0].statements}
    assert says[Use.TRAIN] == "conditional" and says[Use.AI_INPUT] == "allow"
    assert tell(licence)[0].statements[0].terms.verbatim_only == ("ND" in licence)


@pytest.mark.parametrize("text", ["GPL-3.0-only", "LicenseRef-x", "https://brinkmoor.example/terms", "ask us"])
def test_what_is_not_known_says_nothing(text: str) -> None:
    (found,) = tell(text)
    assert found.statements == () and found.raw == text


def test_licences_that_must_all_be_met() -> None:
    assert [one.licence for one in tell("CC-BY-4.0 AND CC-BY-NC-4.0")] == ["CC-BY-4.0", "CC-BY-NC-4.0"]
