import json

from fairtrial.rights import Evidence
from fairtrial.rights.readers import read_signals
from tests.unit.rights.readers.telling import place, said

POLICY = {"@type": "Set", "uid": "urn:p", "prohibition": [{"action": "tdm:mine"}]}
MINED = {"ai-train deny", "ai-input deny", "ai-index deny"}


def ninjs(**fields: object) -> tuple[Evidence, ...]:
    return read_signals(json.dumps(fields).encode(), "ninjs", place())


def newsml(inner: str) -> tuple[Evidence, ...]:
    xml = f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/"><rightsInfo>{inner}</rightsInfo></newsItem>'
    return read_signals(xml.encode(), "newsml", place())


def test_ninjs_holders_and_terms() -> None:
    (found,) = ninjs(copyrightholder="Gazette", copyrightnotice="© 2026 Gazette", usageterms="Not after December.")
    assert found.holder == "Gazette" and "Not after December." in found.raw and not found.statements


def test_ninjs_policies() -> None:
    for fields in ({"rightsinfo": {"encodedrights": json.dumps(POLICY)}}, {"rightsInfo": [{"encodedRights": POLICY}]}):
        assert said(ninjs(**fields)) == {f"ninjs {one}" for one in MINED}


def test_ninjs_rights_that_stand_elsewhere_are_to_be_settled() -> None:
    (found,) = ninjs(
        rightsInfo={"langid": "http://www.w3.org/ns/odrl/2/", "linkedRights": "https://brinkmoor.example/p"}
    )
    assert {one.says for one in found.statements} == {"conditional"} and len(found.statements) == 6
    assert found.terms_url == "https://brinkmoor.example/p"


def test_rights_in_another_language_are_a_problem() -> None:
    assert said(ninjs(rightsInfo={"langid": "x", "encodedRights": "<policy/>"})) == {"ninjs problem"}
    assert said(newsml('<rightsExpressionXML langid="http://www.w3.org/ns/odrl/2/"><p/></rightsExpressionXML>')) == {
        "newsml-g2 problem"
    }


def test_newsml_holders_and_links() -> None:
    (found,) = newsml(
        '<copyrightHolder literal="g"><name>Gazette</name></copyrightHolder>'
        "<copyrightNotice>© Gazette</copyrightNotice>"
        '<link rel="irel:terms" href="https://brinkmoor.example/terms"/>'
    )
    assert (found.holder, found.terms_url) == ("Gazette", "https://brinkmoor.example/terms")


def test_newsml_data_mining() -> None:
    found = newsml('<dataMining uri="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"/>')
    assert said(found) == {"newsml-g2 ai-train deny"}
    assert said(newsml('<dataMining uri="http://x.example/unknown"/>')) == {"newsml-g2 problem"}


def test_newsml_policy_as_data() -> None:
    text = json.dumps(POLICY)
    assert said(newsml(f"<rightsExpressionData><![CDATA[{text}]]></rightsExpressionData>")) == {
        f"newsml-g2 {one}" for one in MINED
    }


def test_what_is_no_item_is_a_problem() -> None:
    assert said(read_signals(b"{", "ninjs", place())) == {"ninjs problem"}
    assert said(read_signals(b"<a>", "newsml", place())) == {"newsml-g2 problem"}
    assert read_signals(b"[1]", "ninjs", place()) == ()
