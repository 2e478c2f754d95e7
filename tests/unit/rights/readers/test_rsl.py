import pytest

from fairtrial.rights import Evidence, Use
from fairtrial.rights.readers.rsl import read_rsl
from tests.unit.rights.readers.telling import said, source, target

PAGE = "/news/2026/ferry.html"


def tell(inner: str, path: str = PAGE, attributes: str = "") -> tuple[Evidence, ...]:
    data = f'<rsl xmlns="https://rslstandard.org/rsl"{attributes}>{inner}</rsl>'.encode()
    return read_rsl(data, source(data)).tell(target(path))


def tell_license(inner: str, extra: str = "") -> tuple[Evidence, ...]:
    return tell(f'<content url="/"><license>{inner}</license>{extra}</content>')


def test_what_is_prohibited_is_denied_and_the_rest_is_not() -> None:
    found = tell_license('<prohibits type="usage">ai-all</prohibits>')
    assert said(found) == {"rsl ai-train deny", "rsl ai-input deny", "rsl ai-index deny", "rsl search allow"}


def test_permits_is_a_closed_list() -> None:
    assert said(tell_license('<permits type="usage">search ai-input</permits>')) == {
        "rsl search allow",
        "rsl ai-input allow",
    }
    found = tell_license('<permits type="usage" xmlns:x="https://x.example">x:dance</permits>')
    assert "rsl ai-input deny" in said(found) and "rsl search deny" in said(found)


def test_prohibits_beats_permits() -> None:
    found = tell_license('<permits type="usage">all</permits><prohibits type="usage">ai-train</prohibits>')
    assert "rsl ai-train deny" in said(found) and "rsl ai-input allow" in said(found)


def test_a_narrower_scope_takes_something_out_of_a_wider_one() -> None:
    inner = (
        '<content url="/"><license><permits type="usage">all</permits></license></content>'
        '<content url="/news/"><license><prohibits type="usage">ai-train</prohibits></license></content>'
    )
    assert said(tell(inner)) == {"rsl ai-train deny", "rsl ai-input allow", "rsl ai-index allow", "rsl search allow"}
    assert "rsl ai-train allow" in said(tell(inner, "/sport/"))


def test_a_narrower_scope_with_a_list_of_its_own_is_all_that_counts() -> None:
    inner = (
        '<content url="/"><license><permits type="usage">all</permits></license></content>'
        '<content url="/news/*"><license><permits type="usage">search</permits></license></content>'
    )
    assert said(tell(inner)) == {"rsl search allow"}


def test_licences_are_alternatives_for_different_users() -> None:
    found = tell(
        '<content url="/"><license><permits type="usage">ai-input</permits>'
        '<permits type="user">non-commercial education</permits></license>'
        '<license><permits type="usage">ai-input</permits><prohibits type="user">personal</prohibits>'
        '<payment type="use"><amount currency="EUR">0.02</amount></payment></license></content>'
    )
    first, second = [one for one in found[0].statements if one.use == Use.AI_INPUT]
    assert first.says == "allow" and first.terms.operators == {"non-commercial", "education"}
    assert second.says == "conditional"
    assert second.terms.operators == {"commercial", "non-commercial", "education", "government"}
    assert second.terms.payment is not None and second.terms.payment.amount == 0.02


@pytest.mark.parametrize(
    ("payment", "says"),
    [
        ("", "allow"),
        ("<payment/>", "allow"),
        ('<payment type="free"/>', "allow"),
        ('<payment type="attribution"/>', "allow"),
        ('<payment type="contribution"/>', "conditional"),
        ('<payment type="crawl"/>', "conditional"),
        ('<payment type="free"><amount currency="USD">3</amount></payment>', "conditional"),
        ("<payment><custom>https://brinkmoor.example/ask</custom></payment>", "conditional"),
    ],
)
def test_payments(payment: str, says: str) -> None:
    found = tell_license(f'<permits type="usage">ai-input</permits>{payment}')
    assert [one.says for one in found[0].statements] == [says]
    assert (found[0].statements[0].terms.payment is not None) == (says == "conditional")


def test_attribution_names_the_holder() -> None:
    inner = '<payment type="attribution"><standard>https://creativecommons.org/licenses/by/4.0/</standard></payment>'
    extra = "<copyright>Brinkmoor Gazette</copyright><terms>https://brinkmoor.example/terms</terms>"
    (found,) = tell_license(inner, extra)
    credit = found.statements[0].terms.attribution
    assert credit is not None and credit.text == "Brinkmoor Gazette" == found.holder
    assert found.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert found.terms_url == "https://brinkmoor.example/terms"


def test_a_licence_server_must_be_asked_even_for_what_is_free() -> None:
    found = tell('<content url="/" server="https://licences.example"><license/></content>')
    assert {one.says for one in found[0].statements} == {"conditional"}


def test_territories_and_reports() -> None:
    (found,) = tell_license(
        '<permits type="geo">EU CH</permits><prohibits type="geo">FR</prohibits>'
        '<reporting type="telemetry" profile="https://p.example/b"/>'
        '<reporting type="audit" profile="https://p.example/a" endpoint="https://p.example/in"/>'
    )
    terms = found.statements[0].terms
    assert terms.territories is not None and {"DE", "CH"} < terms.territories and "US" not in terms.territories
    assert terms.territories_denied == {"FR"}
    assert terms.reporting is not None and terms.reporting.profile == "https://p.example/a https://p.example/b"


def test_max_age_is_the_time_to_live() -> None:
    inner = '<content url="/"><license/></content>'
    assert tell(inner)[0].ttl_days == 30
    assert tell(inner, attributes=' max-age="7"')[0].ttl_days == 7


@pytest.mark.parametrize(
    ("url", "covered"),
    [
        ("/", True),
        ("", True),
        ("/news/*.html$", True),
        ("/news/*.pdf", False),
        ("news/", True),
        ("https://brinkmoor.example", True),
        ("https://brinkmoor.example/sport/", False),
        ("https://other.example/news/", False),
    ],
)
def test_which_documents_a_content_covers(url: str, covered: bool) -> None:
    assert bool(tell(f'<content url="{url}"><license/></content>')) == covered


def test_an_alternative_representation_has_the_same_terms() -> None:
    inner = f'<content url="/x"><license/><alternate type="text/html">{PAGE}</alternate></content>'
    assert said(tell(inner)) == {f"rsl {use} allow" for use in ("ai-train", "ai-input", "ai-index", "search")}


@pytest.mark.parametrize(
    "inner",
    [
        '<content url="/"/>',
        "<content><license/></content>",
        '<content url="/"><license><permit type="usage">all</permit></license></content>',
        '<content url="/"><license><permits>all</permits></license></content>',
        '<content url="/"><license><permits type="usage">train-ai</permits></license></content>',
        '<content url="/"><license><permits type="user">robots</permits></license></content>',
        '<content url="/"><license><permits type="geo">Germany</permits></license></content>',
        '<content url="/"><license><payment type="inference"/></license></content>',
        '<content url="/"><license><payment><amount currency="USD">lots</amount></payment></license></content>',
        '<content url="/"><license><payment><amount>1</amount></payment></license></content>',
        '<content url="/"><license><reporting type="audit"/></license></content>',
        "<surprise/>",
    ],
)
def test_what_is_not_valid_is_a_problem_for_every_document(inner: str) -> None:
    assert said(tell(inner, "/anything")) == {"rsl problem"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<rsl>",
        b"\xff\xfe\x00",
        b"\0" * 100,
        b'<rsl xmlns="https://rslstandard.org/rsl/"/>',
        b'<!DOCTYPE rsl [<!ENTITY a "all">]><rsl xmlns="https://rslstandard.org/rsl">&a;</rsl>',
        b'<!DOCTYPE rsl SYSTEM "file:///etc/passwd"><rsl xmlns="https://rslstandard.org/rsl"/>',
        b'<?xml version="1.0" encoding="klingon"?><rsl xmlns="https://rslstandard.org/rsl"/>',
        b"<a>" * 1000,
        b"<a" + b" b" * 100_000 + b"/>",
        b" " * (3 << 20),
    ],
)
def test_hostile_files(data: bytes) -> None:
    assert said(read_rsl(data, source(data)).tell(target())) == {"rsl problem"}


def test_commas_between_tokens_are_read() -> None:
    assert said(tell_license('<permits type="usage">search,ai-input</permits>')) == {
        "rsl search allow",
        "rsl ai-input allow",
    }


def test_elements_of_other_namespaces_are_passed_over() -> None:
    assert tell('<content url="/"><license/><o:x xmlns:o="https://o.example"><deep/></o:x></content>')[0].statements
