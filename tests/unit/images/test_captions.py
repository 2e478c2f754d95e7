from __future__ import annotations

import pytest

from fairtrial.errors import ImageError
from fairtrial.images import Caption, read_caption
from tests.unit.archive.readers.files import make_photo

HOSTILE = [
    '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
    "<x>" * 200 + "</x>" * 200,
    "<x>" + "<y/>" * 16_000 + "</x>",
    "<x",
    "\x00\x01",
    '<?xpacket begin="" id="x"?>',
]


@pytest.mark.parametrize("xmp", HOSTILE)
def test_hostile_packets_say_nothing(xmp: str) -> None:
    found = read_caption(make_photo(xmp=xmp))
    assert (found.caption, found.credit, found.creators) == ("", "", ())


def test_an_image_that_says_nothing() -> None:
    assert read_caption(make_photo()) == Caption()


def test_iptc_iim() -> None:
    found = read_caption(make_photo("Die Mühle.", "Courier"))
    assert (found.caption, found.credit) == ("Die Mühle.", "Ada Finch / Courier")
    assert (found.creators, found.created) == (("Ada Finch",), "20260304")


def test_what_is_no_image_is_an_error() -> None:
    with pytest.raises(ImageError, match="no image of a known kind"):
        read_caption(b"nothing of the kind")
