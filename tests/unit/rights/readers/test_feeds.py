from fairtrial.rights import Evidence
from fairtrial.rights.readers import read_signals
from tests.unit.rights.readers.telling import URL, place, said

LICENSE = '<rsl:license><rsl:prohibits type="usage">ai-train</rsl:prohibits></rsl:license>'


def feed(items: str, channel: str = "") -> bytes:
    spaces = (
        'xmlns:rsl="https://rslstandard.org/rsl" xmlns:cc="http://web.resource.org/cc/" '
        'xmlns:creativeCommons="http://backend.userland.com/creativeCommonsRssModule"'
    )
    return f'<rss version="2.0" {spaces}><channel>{channel}{items}</channel></rss>'.encode()


def item(inner: str, url: str = URL) -> str:
    return f"<item><link>{url}</link>{inner}</item>"


def tell(data: bytes) -> tuple[Evidence, ...]:
    return read_signals(data, "feed", place())


def test_rsl_of_the_item_that_is_asked_about() -> None:
    mine, other = (
        item(f'<rsl:content url="/x">{LICENSE}</rsl:content>'),
        item("<rsl:content/>", "https://other.example/"),
    )
    assert "rsl ai-train deny" in said(tell(feed(mine + other)))
    assert said(tell(feed(item("") + other))) == set()
    assert said(tell(feed(item("<rsl:content/>")))) == {"rsl problem"}


def test_licences_of_channel_and_item() -> None:
    data = feed(
        item("<creativeCommons:license>https://creativecommons.org/licenses/by/4.0/</creativeCommons:license>"),
        "<copyright>© 2026 Gazette</copyright>",
    )
    found = tell(data)
    assert [one.signal for one in found] == ["feed", "licence"] and found[1].licence == "CC-BY-4.0"


def test_atom() -> None:
    data = (
        b'<entry xmlns="http://www.w3.org/2005/Atom"><author><name>Gazette</name></author>'
        b'<link rel="license" href="https://creativecommons.org/publicdomain/zero/1.0/"/>'
        b"<rights>Free for all</rights></entry>"
    )
    found = tell(data)
    assert "licence ai-train allow" in said(found)
    assert [one.raw for one in found if one.signal == "feed"] == ["rights: Free for all"]


def test_hostile_feeds() -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss>&b;</rss>'
    assert said(tell(bomb)) == said(tell(b"<rss>")) == said(tell(b"")) == {"feed problem"}
