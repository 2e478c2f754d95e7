import json

import pytest

from fairtrial.rights.readers.tdmrep import read_tdmrep
from tests.unit.rights.readers.telling import said, source, target

USES = ("ai-train", "ai-input", "ai-index")
RULES = [
    {"location": "/news/archive/", "tdm-reservation": 1},
    {"location": "/news/open/*.html", "tdm-reservation": 0},
    {"location": "/news/", "tdm-reservation": 1, "tdm-policy": "https://brinkmoor.example/policy.json"},
]


def tell(value: object, path: str) -> set[str]:
    data = json.dumps(value).encode()
    return said(read_tdmrep(data, source(data)).tell(target(path)))


def test_the_first_entry_that_fits_counts() -> None:
    assert tell(RULES, "/news/archive/1") == {f"tdmrep-file {use} deny" for use in USES}
    assert tell(RULES, "/news/open/1.html") == {f"tdmrep-file {use} allow" for use in USES}
    assert tell(RULES, "/news/open/1.pdf") == {f"tdmrep-file {use} conditional" for use in USES}
    assert tell(RULES, "/sport/") == set()


def test_a_policy_is_where_terms_are_settled() -> None:
    data = json.dumps(RULES).encode()
    (found,) = read_tdmrep(data, source(data)).tell(target("/news/x"))
    assert found.terms_url == "https://brinkmoor.example/policy.json"
    assert found.statements[0].because == "tdm-reservation=1, to be settled under https://brinkmoor.example/policy.json"


@pytest.mark.parametrize("value", [2, True, None, "yes", 1.0, [1]])
def test_what_is_neither_0_nor_1_is_unset(value: object) -> None:
    assert tell([{"location": "/", "tdm-reservation": value}], "/x") == set()


def test_a_location_may_be_an_address() -> None:
    entry = {"location": "https://brinkmoor.example/news/", "tdm-reservation": 1}
    assert "tdmrep-file ai-train deny" in tell([entry], "/news/x") and tell([entry], "/sport") == set()


def test_a_number_as_text_is_read() -> None:
    assert "tdmrep-file ai-train deny" in tell([{"location": "/", "tdm-reservation": "1"}], "/x")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[" * 100_000, b"\0", b"[1]", b'[{"location": 3}]', b'"x"', b"[" + b"9" * 10_000 + b"]", b"\xff\xff"],
)
def test_hostile_files(data: bytes) -> None:
    assert said(read_tdmrep(data, source(data)).tell(target())) == {"tdmrep-file problem"}
