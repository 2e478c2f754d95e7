import pytest
from protego import Protego

from fairtrial.rights.readers.robots import read_robots
from tests.unit.rights.readers.telling import said, source, target


def tell(text: str, path: str = "/news/2026/ferry.html") -> set[str]:
    return said(read_robots(text.encode(), source()).tell(target(path)))


EXAMPLE = """
User-Agent: *
Allow: /
Disallow: /never/
Content-Usage: train-ai=n, search=y
Content-Usage: /ai-ok/ train-ai=y

User-Agent: ExampleBot
Allow: /
Content-Usage: train-ai=y
"""


def test_preferences_by_the_longest_path() -> None:
    assert tell(EXAMPLE, "/test") == {"content-usage ai-train deny", "content-usage search allow"}
    assert tell(EXAMPLE, "/ai-ok/test") == {"content-usage ai-train allow"}


def test_what_may_not_be_fetched_has_no_permission() -> None:
    assert tell(EXAMPLE, "/never/test") == {"content-usage ai-train deny"}


def test_equal_paths_count_both() -> None:
    text = "User-agent: *\nContent-Usage: /a train-ai=y\nContent-Usage: /a train-ai=n"
    assert tell(text, "/a") == {"content-usage ai-train allow", "content-usage ai-train deny"}


def test_content_signals() -> None:
    text = "User-agent: *\nContent-Signal: search=yes, ai-input=no, ai-train=no\nAllow: /\n"
    assert tell(text) == {
        "content-signal search allow",
        "content-signal ai-input deny",
        "content-signal ai-train deny",
    }


def test_a_crawler_that_is_kept_out_denies_what_it_collects_for() -> None:
    assert tell("User-agent: GPTBot\nUser-agent: PerplexityBot\nDisallow: /news/\n") == {
        "robots.txt ai-train deny",
        "robots.txt ai-input deny",
        "robots.txt ai-index deny",
    }
    assert tell("User-agent: GPTBot\nDisallow: /sport/\n") == set()
    assert tell("User-agent: GPTBot\nAllow: /\n") == set()


def test_keeping_out_everybody_says_nothing_of_a_use() -> None:
    (found,) = read_robots(b"User-agent: *\nDisallow: /", source()).tell(target())
    assert found.signal == "robots.txt" and not found.statements and found.raw == "User-agent: *\nDisallow: /"


def test_evidence_has_the_lines_that_decide() -> None:
    text = "# x\nUser-agent: GPTBot\nUser-Agent: Other\nDisallow: /sport\nDisallow: /news/ # no\n"
    (found,) = read_robots(text.encode(), source()).tell(target())
    assert found.raw == "User-agent: GPTBot\nDisallow: /news/ # no" and found.where == "file, line 2"
    assert found.statements[0].because == "keeps out GPTBot, which collects for it"


def test_signals_for_crawlers_of_ai_only_deny() -> None:
    text = "User-agent: GPTBot\nContent-Signal: ai-train=no, ai-input=yes\nUser-agent: *\nAllow: /"
    assert tell(text) == {"content-signal ai-train deny"}


def test_a_group_for_this_program_is_the_one_that_counts() -> None:
    text = "User-agent: *\nContent-Signal: ai-input=no\nUser-agent: fairtrial\nContent-Signal: ai-input=yes\n"
    assert tell(text) == {"content-signal ai-input allow"}


def test_lines_of_other_standards_do_not_disturb_groups() -> None:
    text = "User-agent: GPTBot\nContent-Usage: train-ai=n\nUser-agent: Googlebot\nDisallow: /\n"
    assert "robots.txt search deny" in tell(text) and "robots.txt ai-train deny" not in tell(text)


def test_licences_are_those_of_the_group_else_of_the_site() -> None:
    text = "License: https://a.example/site.xml\nUser-agent: *\nAllow: /\n"
    robots = read_robots(text.encode(), source())
    assert [one.value for one in robots.list_licenses()] == ["https://a.example/site.xml"]
    robots = read_robots(f"{text}License: https://a.example/group.xml".encode(), source())
    assert [one.value for one in robots.list_licenses()] == ["https://a.example/group.xml"]


@pytest.mark.parametrize("value", ["Train-AI=n", "train-ai=n,", "train-ai = n"])
def test_preferences_that_cannot_be_parsed_are_a_problem(value: str) -> None:
    assert tell(f"User-agent: *\nContent-Usage: {value}") == {"content-usage problem"}


def test_fetching_is_what_the_library_says() -> None:
    text = "User-agent: gptbot\nDisallow: /*.pdf$\nAllow: /public/*.pdf$\n"
    library = Protego.parse(text)
    for path in ("/a.pdf", "/a.pdf?x", "/public/a.pdf", "/"):
        assert bool(tell(text, path)) != library.can_fetch(f"https://x.example{path}", "gptbot")


def test_wrong_encodings() -> None:
    text = "User-agent: GPTBot\nDisallow: /\n"
    for data in (text.encode("utf-16"), text.encode("utf-8-sig"), b"# \xff\xfe\n" + text.encode()):
        assert said(read_robots(data, source()).tell(target())) == {"robots.txt ai-train deny"}
    assert said(read_robots(text.encode("utf-16-le"), source()).tell(target())) == {"robots.txt problem"}


def test_enormous_files_are_a_problem() -> None:
    for data in (b"Disallow: /a\n" * 800_000, b"a" * (10 << 20), b"User-agent: x\n" * 100_000):
        assert said(read_robots(data, source(data)).tell(target())) == {"robots.txt problem"}
