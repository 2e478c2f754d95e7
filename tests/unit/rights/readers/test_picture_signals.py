import io
import struct
import zlib
from datetime import datetime, timedelta, timezone

import pytest
from PIL import Image

from fairtrial.rights import Evidence
from fairtrial.rights.readers import read_signals
from tests.unit.rights.readers.telling import place, said

DMI = "http://ns.useplus.org/ldf/vocab/DMI-"
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
PLUS = 'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"'


def packet(inner: str, attributes: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about="" {attributes}>'
        f"{inner}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def picture(kind: str, xmp: bytes = b"") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(out, kind, **({"xmp": xmp} if xmp and kind != "PNG" else {}))
    return out.getvalue() + (xmp if kind == "PNG" else b"")


def tell(data: bytes) -> tuple[Evidence, ...]:
    return read_signals(data, "image", place(url=""))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("UNSPECIFIED", set()),
        ("ALLOWED", {f"plus {use} allow" for use in ("ai-train", "ai-input", "ai-index", "search")}),
        ("PROHIBITED-AIMLTRAINING", {"plus ai-train deny"}),
        ("PROHIBITED-GENAIMLTRAINING", {"plus ai-train deny"}),
        (
            "PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
            {"plus ai-train deny", "plus ai-input deny", "plus ai-index deny", "plus search allow"},
        ),
        ("PROHIBITED", {f"plus {use} deny" for use in ("ai-train", "ai-input", "ai-index", "search")}),
        (
            "PROHIBITED-SEECONSTRAINT",
            {f"plus {use} conditional" for use in ("ai-train", "ai-input", "ai-index", "search")},
        ),
        ("PERHAPS", {"plus problem"}),
    ],
)
def test_data_mining(value: str, expected: set[str]) -> None:
    assert said(tell(picture("JPEG", packet("", f'{PLUS} plus:DataMining="{DMI}{value}"')))) == expected
    inner = f"<plus:DataMining>{DMI}{value}</plus:DataMining>"
    assert said(tell(picture("WEBP", packet(inner, PLUS)))) == expected
    inner = f'<plus:DataMining rdf:resource="{DMI}{value}"/>'
    assert said(tell(picture("PNG", packet(inner, PLUS)))) == expected


def test_constraints_are_told() -> None:
    inner = (
        f"<plus:DataMining>{DMI}PROHIBITED-SEECONSTRAINT</plus:DataMining><plus:OtherConstraints><rdf:Alt>"
        '<rdf:li xml:lang="x-default">Ask the desk first</rdf:li></rdf:Alt></plus:OtherConstraints>'
    )
    assert tell(packet(inner, PLUS))[0].statements[0].because == "DMI-PROHIBITED-SEECONSTRAINT: Ask the desk first"


def test_tdmrep_and_holders_in_xmp() -> None:
    attributes = (
        'xmlns:tdm="http://www.w3.org/ns/tdmrep/" tdm:reservation="1" '
        'xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" '
        'xmpRights:WebStatement="https://brinkmoor.example/rights" xmpRights:Owner="Gazette" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    data = packet("<dc:rights><rdf:Alt><rdf:li>© 2026 Gazette</rdf:li></rdf:Alt></dc:rights>", attributes)
    found = read_signals(b"%PDF-1.7\n" + data, "pdf", place())
    assert said(found) == {f"tdmrep-xmp {use} deny" for use in ("ai-train", "ai-input", "ai-index")}
    assert found[1].holder == "Gazette" and found[1].terms_url == "https://brinkmoor.example/rights"


def test_a_licence_in_xmp() -> None:
    attributes = (
        'xmlns:cc="http://creativecommons.org/ns#" cc:license="https://creativecommons.org/licenses/by/4.0/" '
        'cc:attributionName="I. Vale"'
    )
    (found,) = tell(packet("", attributes))
    credit = found.statements[0].terms.attribution
    assert found.licence == "CC-BY-4.0" and credit is not None and credit.text == "I. Vale"


def test_rsl_in_xmp_is_about_its_file() -> None:
    inner = (
        '<rsl:rsl xmlns:rsl="https://rslstandard.org/rsl"><rsl:content url="https://brinkmoor.example/a.jpg">'
        '<rsl:license><rsl:permits type="usage">search</rsl:permits></rsl:license></rsl:content></rsl:rsl>'
    )
    assert said(tell(packet(inner))) == {"rsl search allow"}


def test_packets_that_are_compressed_or_wide() -> None:
    inner = packet("", f'{PLUS} plus:DataMining="{DMI}PROHIBITED-AIMLTRAINING"')
    text = b"XML:com.adobe.xmp\0\x01\0\0\0" + zlib.compress(inner)
    chunk = struct.pack(">I", len(text)) + b"iTXt" + text + struct.pack(">I", zlib.crc32(b"iTXt" + text))
    plain = picture("PNG")
    assert said(tell(plain[:33] + chunk + plain[33:])) == {"plus ai-train deny"}
    for encoding in ("utf-16-le", "utf-16-be"):
        assert said(tell(b"RIFF" + inner.decode().encode(encoding))) == {"plus ai-train deny"}
    stream = b"<< /Type /Metadata /Subtype /XML /Filter /FlateDecode /Length 9 >>\nstream\n" + zlib.compress(inner)
    assert said(read_signals(b"%PDF-1.7\n1 0 obj\n" + stream, "pdf", place())) == {"plus ai-train deny"}


def test_bombs_are_unpacked_within_limits() -> None:
    bomb = zlib.compress(b"<x:xmpmeta>" + b" " * (50 << 20))
    text = b"XML:com.adobe.xmp\0\x01\0\0\0" + bomb
    assert said(tell(b"\x89PNG\r\n" + struct.pack(">I", len(text)) + b"iTXt" + text)) == {"plus problem"}


def iptc(*sets: tuple[int, str]) -> bytes:
    block = b"".join(b"\x1c\x02" + bytes([n]) + struct.pack(">H", len(v.encode())) + v.encode() for n, v in sets)
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(block)) + block + b"\0" * (len(block) % 2)
    segment = b"Photoshop 3.0\0" + b"8BIM\x03\xed\0\0" + struct.pack(">I", 3) + b"abc\0" + resource
    return b"\xff\xd8\xff\xed" + struct.pack(">H", len(segment) + 2) + segment


def test_iptc_records() -> None:
    found = tell(iptc((116, "© 2026 Brinkmoor Gazette"), (110, "Gazette"), (40, "Not for sport pages")))
    assert [(one.signal, one.holder) for one in found] == [("iptc", "Brinkmoor Gazette")]
    assert (
        found[0].raw == "instructions: Not for sport pages\ncredit: Gazette\ncopyright notice: © 2026 Brinkmoor Gazette"
    )


def test_release_and_expiry_of_a_picture() -> None:
    release, expiry = tell(iptc((30, "20261127"), (35, "180000+0100"), (37, "20261201")))
    assert {one.says for one in (*release.statements, *expiry.statements)} == {"deny"}
    until, since = release.statements[0].terms.valid_until, expiry.statements[0].terms.valid_from
    assert until == datetime(2026, 11, 27, 18, tzinfo=timezone(timedelta(hours=1)))
    assert since is not None and since.utcoffset() == timedelta(hours=14)


@pytest.mark.parametrize(
    "data",
    [
        b"<x:xmpmeta>",
        b"<x:xmpmeta " + b"a" * (3 << 20),
        b'<x:xmpmeta xmlns:x="a"><!DOCTYPE a []></x:xmpmeta>',
        b"<rdf:RDF>" + b"<rdf:li>" * 500 + b"</rdf:RDF>",
    ],
)
def test_packets_that_cannot_be_parsed_are_a_problem(data: bytes) -> None:
    assert said(tell(data)) == {"plus problem"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Photoshop 3.0\0" * 10_000,
        b"Photoshop 3.0\x008BIM\x04\x04\xff",
        b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\xff\xff\xff\xff\x1c\x02\x74\x80\x01x",
        iptc((116, "x" * 100))[:60],
        iptc((30, "not a date"), (37, "99999999")),
    ],
)
def test_damaged_records_deny_and_permit_nothing(data: bytes) -> None:
    assert not [s for one in tell(data) for s in one.statements]
