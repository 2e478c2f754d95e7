"""Malformed and monstrous image files, made by program: cut off, with flipped bits, lying about themselves, huge."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from PIL import Image

KINDS: dict[str, dict[str, Any]] = {
    "PNG": {}, "JPEG": {"quality": 90}, "WEBP": {"lossless": True}, "GIF": {}, "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n"


def save(kind: str, picture: Image.Image | None = None, **how: Any) -> bytes:
    out = io.BytesIO()
    (picture or draw()).save(out, kind, **{**KINDS[kind], **how})
    return out.getvalue()


def draw() -> Image.Image:
    picture = Image.new("RGB", (64, 48), "white")
    rng = random.Random(5)
    for _ in range(600):
        picture.putpixel((rng.randrange(64), rng.randrange(48)), tuple(rng.randrange(256) for _ in range(3)))
    return picture


def make_chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    right = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", right)


def make_png(
    width: int = 4, height: int = 4, depth: int = 8, colour: int = 2, *chunks: bytes, pixels: bytes | None = None
) -> bytes:
    rows = zlib.compress(b"\0" * (height * (1 + 3 * width))) if pixels is None else pixels
    head = make_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return PNG + head + b"".join(chunks) + make_chunk(b"IDAT", rows) + make_chunk(b"IEND", b"")


def make_tiff(entries: list[tuple[int, int, int, int]], following: int = 0, tail: bytes = b"") -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following) + tail


def list_tiff_entries(
    width: int, height: int, offset: int, count: int, **other: int
) -> list[tuple[int, int, int, int]]:
    compression, bits = other.get("compression", 1), other.get("bits", 8)
    return [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, compression), (262, 3, 1, 1),
            (273, 4, 1, offset), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, count)]  # fmt: skip


def make_gif(width: int, height: int, *frames: bytes) -> bytes:
    table = bytes(range(256)) * 3
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + table + b"".join(frames) + b";"


def make_gif_frame(width: int = 1, height: int = 1, body: bytes = b"\x02\x02\x44\x01\x00") -> bytes:
    return b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + body


def make_bmp(width: int, height: int, bits: int = 24, compression: int = 0, body: bytes = b"", size: int = 40) -> bytes:
    info = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, len(body), 1, 1, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + info + body


def make_exif(body: bytes) -> bytes:
    """A JPEG with something in the place of EXIF data."""
    plain = save("JPEG")
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", 8 + len(body)) + b"Exif\0\0" + body + plain[2:]


def cut_off() -> Iterator[tuple[str, bytes]]:
    for kind in KINDS:
        data = save(kind)
        for share in (0.02, 0.2, 0.5, 0.9):
            yield f"{kind} cut off at {share:.0%}", data[: max(16, int(len(data) * share))]


def flip_bits() -> Iterator[tuple[str, bytes]]:
    for kind in KINDS:
        data = save(kind)
        for seed in range(6):
            rng = random.Random(f"{kind}{seed}")
            broken = bytearray(data)
            for _ in range(1 + 4 * seed):
                broken[rng.randrange(8, len(broken))] ^= 1 << rng.randrange(8)
            yield f"{kind} with flipped bits, {seed}", bytes(broken)


def lie() -> Iterator[tuple[str, bytes]]:
    for kind in KINDS:
        yield f"the first bytes of {kind} alone", save(kind)[:12]
        yield f"{kind} and noise", save(kind)[:40] + random.Random(kind).randbytes(5000)
        yield f"{kind} and zeros", save(kind)[:40] + bytes(5000)
    for name, size in (("no width", (0, 4)), ("no height", (4, 0)), ("negative", (0x80000001, 4))):
        yield f"PNG with {name}", make_png(*size, pixels=zlib.compress(b"\0" * 64))
    yield "PNG with too few rows", make_png(64, 64, pixels=zlib.compress(b"\0" * 100))
    yield "PNG without pixels", PNG + make_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    yield "PNG of an unknown depth", make_png(4, 4, 7)
    yield "PNG of an unknown colour type", make_png(4, 4, 8, 5)
    yield "PNG with a wrong checksum", make_png(4, 4, 8, 2, make_chunk(b"gAMA", b"\0\0\0\1", 7))
    yield "PNG with a chunk of 4 GB", PNG + struct.pack(">I", 0xFFFFFFF0) + b"IHDR" + bytes(20)
    yield "PNG with a palette that it lacks", make_png(4, 4, 8, 3, pixels=zlib.compress(b"\1" * 20))
    yield "PNG with no deflate", make_png(64, 64, pixels=b"\xff" * 400)
    yield "PNG called JPEG", b"\xff\xd8\xff" + save("PNG")
    yield "JPEG called PNG", PNG + save("JPEG")
    yield "JPEG without a frame", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9"
    yield "JPEG with a segment of length 0", b"\xff\xd8\xff\xe0\0\0" + save("JPEG")[4:]
    yield "JPEG of 65,535 components", save("JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\xff")
    yield "WebP of no length", b"RIFF\0\0\0\0WEBPVP8 " + bytes(40)
    yield "WebP with an unknown part", b"RIFF\x40\0\0\0WEBPVPXX" + bytes(60)
    yield "GIF of no size", make_gif(0, 0, make_gif_frame(0, 0))
    yield "GIF without frames", make_gif(9, 9)
    yield "GIF with a frame beyond its edge", make_gif(4, 4, make_gif_frame(60_000, 60_000))
    yield "GIF with blocks without an end", make_gif(9, 9, b"!\xfe" + b"\xffx" * 4000)
    yield "GIF with an impossible code size", make_gif(9, 9, make_gif_frame(9, 9, b"\x7f\x02\x44\x01\x00"))
    yield "BMP of negative size", make_bmp(-5, -5)
    yield "BMP of no size", make_bmp(0, 0)
    yield "BMP of 99 bits", make_bmp(4, 4, 99)
    yield "BMP with run lengths beyond its end", make_bmp(64, 64, 8, 1, b"\xff\x01" * 50_000)
    yield "BMP with an unknown compression", make_bmp(4, 4, 24, 77, bytes(100))
    yield "BMP whose header is longer than the file", make_bmp(4, 4, size=124)[:60]
    yield "TIFF without entries", make_tiff([])
    yield "TIFF with tags of the wrong type", make_tiff([(n, 2, 4, 0x41414141) for n in range(254, 290)])
    yield "TIFF with strips outside", make_tiff(list_tiff_entries(4, 4, 0x7FFFFFFF, 16))
    yield "TIFF of negative size", make_tiff(list_tiff_entries(0xFFFFFFFF, 0xFFFFFFFF, 8, 16))
    yield "TIFF of an unknown compression", make_tiff(list_tiff_entries(4, 4, 8, 16, compression=31_337))
    yield "TIFF of 1,000 bits", make_tiff(list_tiff_entries(4, 4, 8, 16, bits=1000))
    yield "TIFF with broken JPEG inside", make_tiff(list_tiff_entries(64, 64, 8, 90, compression=7), tail=bytes(99))


def exaggerate() -> Iterator[tuple[str, bytes]]:
    """Enormous by what they say, or by what they unpack to."""
    for side in (30_000, 65_000, 2**31 - 1):
        yield f"PNG of {side} on a side", make_png(side, side, pixels=zlib.compress(bytes(99)))
        yield f"BMP of {side} on a side", make_bmp(side, side)
        yield f"TIFF of {side} on a side", make_tiff(list_tiff_entries(side, side, 8, 16))
    yield "PNG of 12,000 x 12,000 that is 150 kB", make_png(12_000, 12_000)
    yield "PNG of one row of 40 million", make_png(40_000_001, 1, pixels=zlib.compress(bytes(99)))
    yield "PNG whose pixels unpack to 2 GB", make_png(64, 64, pixels=make_bomb(2 << 30))
    yield "PNG with a text of 1 GB", make_png(4, 4, 8, 2, make_chunk(b"zTXt", b"a\0\0" + make_bomb(1 << 30)))
    yield "PNG with a colour profile of 1 GB", make_png(4, 4, 8, 2, make_chunk(b"iCCP", b"a\0\0" + make_bomb(1 << 30)))
    text = make_chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(1_000_000)))
    yield "PNG with 3,000 texts of 1 MB", make_png(4, 4, 8, 2, *[text] * 3000)
    yield "PNG with 100,000 chunks", make_png(4, 4, 8, 2, *[make_chunk(b"teXt", b"a\0b")] * 100_000)
    yield "PNG said to have 4 billion frames", make_png(4, 4, 8, 2, make_chunk(b"acTL", b"\xff\xff\xff\xff\0\0\0\0"))
    yield "GIF of 65,535 on a side", make_gif(65_535, 65_535, make_gif_frame(65_535, 65_535))
    yield "GIF of 100,000 frames", make_gif(1, 1, *[make_gif_frame()] * 100_000)
    yield "GIF of 100,000 comments", make_gif(1, 1, *[b"!\xfe\x01x\0"] * 100_000, make_gif_frame())
    jpeg = save("JPEG")
    at = jpeg.index(b"\xff\xc0") + 5
    yield "JPEG of 65,535 on a side", jpeg[:at] + b"\xff\xff\xff\xff" + jpeg[at + 4 :]
    profile = b"ICC_PROFILE\0\1\xff" + bytes(65_000)
    part = b"\xff\xe2" + struct.pack(">H", 2 + len(profile)) + profile
    yield "JPEG with a profile of 16 MB", jpeg[:2] + part * 250 + jpeg[2:]
    yield "JPEG with 100,000 comments", jpeg[:2] + b"\xff\xfe\0\3x" * 100_000 + jpeg[2:]
    scans = Image.new("L", (6000, 6000), 90)
    progressive = save("JPEG", scans, progressive=True)
    scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    yield "JPEG of 400 scans", progressive[:-2] + scan * 400 + b"\xff\xd9"
    chunks = b"ANIM\6\0\0\0" + bytes(6) + b"ANMF\x10\0\0\0" + bytes(16)
    size = struct.pack("<I", 16_382)[:3] * 2
    extended = b"VP8X\x0a\0\0\0\2\0\0\0" + size + chunks
    yield "WebP of 16,383 on a side", b"RIFF" + struct.pack("<I", 4 + len(extended)) + b"WEBP" + extended
    entries = list_tiff_entries(4, 4, 8, 16)
    yield "TIFF of pages in a circle", make_tiff(entries, following=8, tail=bytes(64))
    yield "TIFF with 60,000 entries", make_tiff([*entries, *[(40_000, 4, 1, 1)] * 60_000], tail=bytes(64))
    yield "TIFF with a tag of 4 GB", make_tiff([*entries, (34_675, 7, 0xFFFFFFF0, 8)], tail=bytes(64))
    yield (
        "TIFF with a million strips",
        make_tiff([(n, t, 1_000_000 if n in (273, 279) else c, v) for n, t, c, v in entries]),
    )
    pages = b"".join(struct.pack("<HHHIII", 1, 256, 4, 1, 4, 8 + 18 * (n + 1)) for n in range(100_000))
    yield "TIFF of 100,000 pages", b"II*\0\x08\0\0\0" + pages
    big = zlib.compress(bytes(6000 * 6000))
    deflated = make_tiff(list_tiff_entries(60_000, 60_000, 122, len(big), compression=8), tail=big)
    yield "TIFF that unpacks to 3.6 GB", deflated
    yield "33 MB of nothing behind a PNG", save("PNG") + bytes(33 << 20)


def make_bomb(size: int) -> bytes:
    """Deflated zeros: a thousandth of their size."""
    packer = zlib.compressobj(9)
    packer.compress(b"\0")
    head = packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)  # stands alone, so it can be repeated
    return b"\x78\xda" + head[2:] + block * (size >> 20) + packer.flush()


def nest_exif() -> Iterator[tuple[str, bytes]]:
    """EXIF data that are damaged, deep, or go in a circle."""
    head = b"II*\0\x08\0\0\0"
    yield "EXIF that is noise", make_exif(random.Random(1).randbytes(2000))
    yield "EXIF that ends at once", make_exif(b"II")
    yield "EXIF that points to itself", make_exif(head + struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8, 8))
    yield (
        "EXIF with 5,000 entries",
        make_exif(head + struct.pack("<H", 5000) + struct.pack("<HHII", 274, 3, 1, 6) * 5000),
    )
    yield "EXIF with an orientation of text", make_exif(head + struct.pack("<HHHI4sI", 1, 274, 2, 4, b"six\0", 0))
    yield "EXIF with an orientation of 99", make_exif(head + struct.pack("<HHHIII", 1, 274, 3, 1, 99, 0))
    yield "EXIF with a value of 4 GB", make_exif(head + struct.pack("<HHHIII", 1, 274, 3, 0xFFFFFFFF, 8, 0))
    deep = b"".join(struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8 + 18 * (n + 1), 0) for n in range(3000))
    yield "EXIF 3,000 deep", make_exif(head + deep)
    ratio = struct.pack("<HHHIII", 1, 274, 5, 1, 26, 0) + struct.pack("<II", 1, 0)
    yield "EXIF with a division by zero", make_exif(head + ratio)


def make_hostile_images() -> dict[str, bytes]:
    """All of them by name."""
    return dict((*cut_off(), *flip_bits(), *lie(), *exaggerate(), *nest_exif()))
