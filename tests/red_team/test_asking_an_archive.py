"""Asking an archive itself for what is denied: by words, titles, syntax of databases, addresses, a perfect search."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fairtrial.archive.opening import open_archive
from fairtrial.engines.fake import FakeEngine
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.spec.candidate import Candidate
from tests.support.denied import Way, make_ways
from tests.support.planting import Planted, find_pieces, fold
from tests.support.red_world import ARCHIVE, IN, World, enter_world, run_command

WAYS = make_ways()
OPEN = Planted("openmd")
EVERY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
TOLD = pytest.mark.parametrize("way", [way for way in WAYS if way.told], ids=lambda way: way.name)
LEVER = {"archive": ARCHIVE, "k": 60, "profile": "own-archive", "territory": "DE", "operator": "commercial"}


def ask(*arguments: str) -> str:
    """Return what a command line prints, folded."""
    return fold(run_command(*arguments)[1])


def search(words: str, *more: str) -> str:
    return ask("archive", "search", words, "-k", "60", "--whole", *OF, *IN, *more)


OF = ("--archive", ARCHIVE)
ALL = ("--versions", "--copies", "--retracted")


def turn(text: str) -> str:
    """Return words in the other order, so that no answer has them so."""
    return " ".join(reversed(fold(text).split()))


@EVERY
def test_its_own_sentence_finds_it_not(world: World, way: Way) -> None:
    assert not find_pieces(search(way.planted.question), way.planted)


@EVERY
def test_its_title_finds_it_not_as_json_with_all_versions_and_copies(world: World, way: Way) -> None:
    assert not find_pieces(search(turn(way.planted.title), "--json", *ALL), way.planted)


def test_the_same_searches_find_what_is_permitted(world: World) -> None:
    assert len(find_pieces(search(OPEN.question), OPEN)) >= 10
    assert len(find_pieces(search(turn(OPEN.title), "--json", *ALL), OPEN)) >= 10


@pytest.mark.parametrize(
    "query",
    [
        "{a} OR {b}", "{a} AND {b}", "{a} NEAR/2 {b}", '"{a} {b}"', "{a}*", "{b}^ {a}", "title:{a}", "body:{a} -b",
        "{a}' OR '1'='1", "{a}'; SELECT * FROM documents; --", '{a}") UNION SELECT body FROM documents --', "{a}%",
        "_%", "*", "{a}\x00{b}", "rights:* {a}", "(({a}", "{{{{{a}}}}}", "../{a}", "$({a})", "{a} | {b}",
        "\N{SOFT HYPHEN}{a}", "{a}\N{ZERO WIDTH SPACE}{b} {a}",
    ],
)  # fmt: skip
def test_syntax_of_databases_is_words(world: World, query: str) -> None:
    def run(one: Planted) -> str:
        a, b = fold(one.body).split()[:2]
        return search(query.format(a=a, b=b), "--json")

    assert not [way.name for way in WAYS[3::40] if find_pieces(run(way.planted), way.planted)]
    assert query in ("_%", "*") or find_pieces(run(OPEN), OPEN)


@TOLD
def test_showing_and_explaining_a_denied_document_tells_none_of_it(world: World, way: Way) -> None:
    one = way.planted
    for told in (
        ask("archive", "show", one.uri, *OF),
        ask("archive", "show", one.uri, "--json", *OF),
        ask("rights", "explain", one.uri, *OF, *IN),
        ask("rights", "explain", one.uri, *OF, "--json", *IN),
    ):
        assert not find_pieces(told, one)
        assert way.name in told or "no document" in told


def test_showing_what_is_permitted_tells_it(world: World) -> None:
    assert len(find_pieces(ask("archive", "show", OPEN.uri, *OF), OPEN)) >= 10
    assert len(find_pieces(ask("archive", "show", OPEN.uri, "--json", *OF), OPEN)) >= 10
    assert find_pieces(ask("rights", "explain", OPEN.uri, *OF, *IN), OPEN)


@pytest.mark.parametrize(
    "name", ["{uri}/", "{uri}?", "{uri}#", "{uri}%20", "%", "*", "../site/{name}/a.md", "site/{name}/../{name}/a.md",
             "{name}", "{title}", "' OR 1=1 --", "{body}", "{uri}' OR '1'='1"]
)  # fmt: skip
def test_names_that_are_tricks_show_nothing(world: World, name: str) -> None:
    some = [way for way in WAYS if way.told][::20]
    assert len(some) > 1
    for way in some:
        one = way.planted
        asked = name.format(uri=one.uri, name=one.name, title=turn(one.title), body=turn(one.body))
        for verb in (("archive", "show"), ("archive", "list", "--source")):
            assert not find_pieces(ask(*verb, asked, *OF), one)


OTHER = "https://openrow.example/1"
MODES = ("oracle", "distractors", "search")


@pytest.fixture(scope="module")
def asked(world: World) -> Mapping[tuple[str, str, str], str]:
    """All that a model is sent and all that is kept of its answer: by mode, what is asked for, and what is named.

    One engine a mode answers all questions.
    """
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        enter_world(world, patch)
        for mode in MODES:
            lever = read_lever({"retrieve": {**LEVER, "passages": mode}})
            engine = wrap_engine(lever, FakeEngine("a", Candidate(id="a", model="fake:a")), {})
            for one in (OPEN, *(way.planted for way in WAYS)):
                for named, relevant in (("it", (one.uri, f"{one.uri}#0-4000", OTHER)), ("another", (OTHER,))):
                    if named == "it" or one == OPEN:
                        before = len(world.sent)
                        request = GenerateRequest(Prompt(one.question), 9, relevant=relevant)
                        answers = list(engine.generate([request]))
                        found[mode, one.name, named] = fold("\n".join([*world.sent[before:], repr(answers)]))
            engine.close()
    return found


@pytest.mark.parametrize("mode", MODES)
@EVERY
def test_a_perfect_search_and_distractors_give_none_of_it(
    asked: Mapping[tuple[str, str, str], str], way: Way, mode: str
) -> None:
    assert not find_pieces(asked[mode, way.name, "it"], way.planted)


def test_a_perfect_search_and_distractors_give_what_is_permitted(asked: Mapping[tuple[str, str, str], str]) -> None:
    assert find_pieces(asked["oracle", OPEN.name, "it"], OPEN)
    assert find_pieces(asked["search", OPEN.name, "it"], OPEN)
    assert not find_pieces(asked["distractors", OPEN.name, "it"], OPEN)
    assert find_pieces(asked["distractors", OPEN.name, "another"], OPEN)


@pytest.mark.parametrize(
    "way", [w for w in WAYS if w.name in {"expired", "front", "settled", "row", "expires", "ninjslinked", "ncsale"}],
    ids=lambda way: way.name,
)  # fmt: skip
def test_the_file_has_no_byte_of_what_nothing_permits(world: World, way: Way) -> None:
    kept = world.told["archive bytes"]
    assert not kept.pieces(way.planted)
    assert len(kept.pieces(OPEN)) >= 10


@pytest.mark.parametrize("name", [*(way.name for way in WAYS), "openmd"])
def test_neither_values_nor_their_errors_show_text(world: World, name: str) -> None:
    store = open_archive(ARCHIVE)
    try:
        found = store.find_documents(Planted(name).uri)
        told = "".join(map(repr, found)) + "".join(map(repr, store.list_holdings()))
    finally:
        store.close()
    assert not find_pieces(fold(told), Planted(name))
