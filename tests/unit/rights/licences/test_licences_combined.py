"""Licences of models and data, together: what is known, what is open, and that the unknown is never fine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.rights.licences import LICENCES, Ingredient, combine_licences, find_licence, suggest_release

KNOWN = st.sampled_from(sorted(LICENCES))


def judge(base: str, data: tuple[str, ...], release: str) -> str:
    return combine_licences([Ingredient(base, "base"), *(Ingredient(one, "data") for one in data)], release).status


@pytest.mark.parametrize(
    ("base", "data", "release", "status"),
    [
        ("apache-2.0", ("CC0-1.0", "CC-BY-4.0", "odc-by"), "apache-2.0", "compatible"),
        ("apache-2.0", (), "GPL-3.0-only", "compatible"),  # one way, as the FSF lists it
        ("apache-2.0", (), "GPL-2.0-only", "incompatible"),
        ("GPL-3.0-only", (), "apache-2.0", "incompatible"),
        ("GPL-2.0-or-later", (), "GPL-3.0-only", "compatible"),
        ("GPL-2.0-only", (), "GPL-3.0-only", "incompatible"),
        ("CC-BY-SA-4.0", (), "GPL-3.0-only", "compatible"),  # one way, as Creative Commons lists it
        ("CC-BY-SA-3.0", (), "CC-BY-SA-4.0", "compatible"),
        ("CC-BY-SA-4.0", (), "CC-BY-SA-3.0", "incompatible"),
        ("CC-BY-SA-4.0", (), "CC-BY-NC-SA-4.0", "incompatible"),
        ("mit", ("CC-BY-SA-4.0",), "mit", "conditional"),
        ("mit", ("CC-BY-ND-4.0",), "mit", "conditional"),
        ("mit", ("CC-BY-NC-4.0",), "mit", "incompatible"),
        ("mit", ("CC-BY-NC-4.0",), "cc-by-nc-4.0", "compatible"),
        ("CC-BY-NC-ND-4.0", (), "CC-BY-NC-ND-4.0", "incompatible"),
        ("mit", ("ODbL-1.0",), "mit", "compatible"),
        ("gemma", ("CC-BY-4.0",), "gemma", "compatible"),
        ("gemma", (), "apache-2.0", "incompatible"),
        ("llama3.1", (), "llama3.2", "incompatible"),
        ("apache-2.0", ("Some Other Licence",), "apache-2.0", "unknown"),
        ("apache-2.0", ("",), "apache-2.0", "unknown"),
        ("apache-2.0", ("CC-BY-4.0",), "my-own", "unknown"),
        ("", ("CC-BY-4.0",), "apache-2.0", "unknown"),
    ],
)
def test_combinations_that_their_makers_have_published(
    base: str, data: tuple[str, ...], release: str, status: str
) -> None:
    assert judge(base, data, release) == status


@given(KNOWN, st.lists(KNOWN, max_size=4), KNOWN)
def test_more_parts_never_make_it_easier(base: str, data: list[str], release: str) -> None:
    order = ("compatible", "conditional", "unknown", "incompatible")
    fewer, more = (order.index(judge(base, tuple(some), release)) for some in (data[1:], data))
    assert fewer <= more


@given(KNOWN, st.lists(KNOWN, max_size=4), KNOWN)
def test_what_is_not_known_is_never_fine(base: str, data: list[str], release: str) -> None:
    assert judge(base, (*data, "no such licence"), release) in ("unknown", "incompatible")


@given(st.lists(KNOWN, min_size=1, max_size=5), KNOWN)
def test_every_duty_is_told(data: list[str], release: str) -> None:
    found = combine_licences([Ingredient(one, "data") for one in data], release)
    asked = {name for name in data if LICENCES[name].attribution}
    assert asked == {duty.partition(":")[0] for duty in found.duties if "name the authors" in duty}


def test_every_licence_has_a_source_and_answers_to_its_names() -> None:
    for name, terms in LICENCES.items():
        assert terms.source.startswith("https://")
        assert find_licence(name) == find_licence(name.upper()) == terms
        assert name.startswith("LicenseRef-") or "_" not in name
    assert find_licence("https://creativecommons.org/licenses/by-sa/4.0/deed.fr") == LICENCES["CC-BY-SA-4.0"]
    assert find_licence("https://ai.google.dev/gemma/terms") == LICENCES["LicenseRef-gemma"]
    assert find_licence("gpl-3.0") == LICENCES["GPL-3.0-only"]
    assert find_licence("apache 2") is None


def test_the_suggested_licence_is_the_bases_unless_data_ask_for_more() -> None:
    base = Ingredient("apache-2.0", "base")
    assert suggest_release([base, Ingredient("CC-BY-4.0", "data")]).release == "Apache-2.0"
    strict = suggest_release([base, Ingredient("CC-BY-NC-4.0", "data")])
    assert (strict.release, strict.status, strict.non_commercial) == ("CC-BY-NC-4.0", "compatible", True)
    assert suggest_release([Ingredient("", "data")]).status == "unknown"
