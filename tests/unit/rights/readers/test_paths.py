import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.rights.readers.paths import match_path, normalise_path


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [  # the cases of RFC 9309, section 2.2.3, and of what search engines publish about them
        ("/", "/anything", True),
        ("/fish", "/fishheads/yummy.html", True),
        ("/fish", "/Fish.asp", False),
        ("/fish*", "/fish?id=anything", True),
        ("/fish/", "/fish", False),
        ("/*.php", "/folder/any.php.file.html", True),
        ("/*.php$", "/filename.php?parameters", False),
        ("/*.php$", "/folder/filename.php", True),
        ("/fish*.php", "/fishheads/catfish.php?id", True),
        ("/fish*.php", "/Fish.PHP", False),
        ("", "/anything", True),
        ("/$", "/", True),
        ("/$", "/a", False),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    assert (match_path(pattern, path) is not None) == fits


def test_one_way_to_write_a_character() -> None:
    assert normalise_path("/a%7Eb/%2f/ü") == "/a~b/%2F/%C3%BC"


letters = st.text(alphabet="ab*$/", max_size=8)


@given(letters, st.text(alphabet="ab/", max_size=8))
def test_it_is_what_a_regular_expression_would_find(pattern: str, path: str) -> None:
    ends = pattern.endswith("$")
    body = "".join(".*" if c == "*" else re.escape(c) for c in (pattern[:-1] if ends else pattern))
    assert (match_path(pattern, path) is not None) == bool(re.match(body + ("$" if ends else ""), path))


def test_hostile_patterns_end() -> None:
    assert match_path("/" + "*a" * 5000 + "*b", "/" + "a" * 20_000) is None
    assert set(normalise_path(string.printable)) <= set(string.printable)
