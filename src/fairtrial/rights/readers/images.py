"""Rights signals in the bytes of an image: XMP with PLUS, IPTC records, content credentials."""

from __future__ import annotations

from fairtrial.rights.readers.content_credentials import read_c2pa
from fairtrial.rights.readers.iptc import read_iptc
from fairtrial.rights.readers.place import Place, SignalSource
from fairtrial.rights.readers.sites import Site
from fairtrial.rights.readers.xmp import read_xmp
from fairtrial.rights.record import Evidence


def read_image_signals(data: bytes, source: SignalSource, place: Place, site: Site) -> list[Evidence]:
    """Return what an image says of its own rights; pixels are not looked at."""
    return [*read_xmp(data, source), *read_iptc(data, source), *read_c2pa(data, source)]


def read_pdf_signals(data: bytes, source: SignalSource, place: Place, site: Site) -> list[Evidence]:
    """Return what the XMP of a PDF file says of its rights."""
    return read_xmp(data, source)
