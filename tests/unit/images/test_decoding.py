"""Pixels as they are shown: every decision is noted, everything else is refused, and both processes see the same."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin

from fairtrial.errors import ImageError
from fairtrial.images import decode, encode_png, examine, prepare_to_send
from fairtrial.records.images import NOTE_KINDS, ImageFacts


def make_pixels() -> NDArray[np.uint8]:
    """A picture that looks different whichever way it is turned."""
    pixels = np.zeros((24, 40, 3), np.uint8)
    pixels[:8, :10] = (255, 0, 0)
    pixels[16:, 30:] = (0, 0, 255)
    pixels[:, 20] = 128
    return pixels


PICTURE = Image.fromarray(make_pixels())


def hash_pixels(pixels: NDArray[np.uint8]) -> str:
    """The hash of an image: 128 bits of BLAKE2b over its width, its height and its RGB bytes."""
    height, width, _ = pixels.shape
    return hashlib.blake2b(f"{width}x{height}:".encode() + pixels.tobytes(), digest_size=16).hexdigest()


def save(picture: Image.Image, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def kinds(data: bytes) -> list[str]:
    """What is noted, which is the same in the process with limits and in our own."""
    seen, told = decode(data), examine(data)
    assert (told.pixels, told.notes, told.media_type) == (seen.hash, seen.notes, seen.media_type)
    assert (told.height, told.width, 3) == seen.pixels.shape
    assert ImageFacts.from_document(told.document()) == told
    assert told.decided == seen.decided
    assert {note.kind for note in told.notes} <= NOTE_KINDS.keys()
    return [note.kind for note in told.notes]


@pytest.mark.parametrize(
    ("kind", "how", "media_type"),
    [
        ("PNG", {}, "image/png"),
        ("WEBP", {"lossless": True}, "image/webp"),
        ("GIF", {}, "image/gif"),
        ("BMP", {}, "image/bmp"),
        ("TIFF", {"compression": "tiff_lzw"}, "image/tiff"),
    ],
)
def test_pixels_come_as_they_are(kind: str, how: dict[str, Any], media_type: str) -> None:
    data = save(PICTURE, kind, **how)
    assert kinds(data) == []
    found = decode(data)
    assert (found.pixels == make_pixels()).all() and found.pixels.dtype == np.uint8
    assert found.media_type == media_type and found.hash == hash_pixels(make_pixels())
    assert not found.pixels.flags.writeable


def test_a_photograph_is_read_as_pillow_reads_it() -> None:
    data = save(PICTURE, "JPEG", quality=90)
    assert kinds(data) == []
    assert (decode(data).pixels == np.asarray(Image.open(io.BytesIO(data)))).all()


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_an_image_is_turned_as_its_exif_data_say(turn: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    data = save(PICTURE, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    assert kinds(data) == ([] if turn == 1 else ["turned"])
    plain = make_pixels()
    across = plain.swapaxes(0, 1)
    wanted = {1: plain, 2: plain[:, ::-1], 3: plain[::-1, ::-1], 4: plain[::-1], 5: across,
              6: np.rot90(plain, -1), 7: across[::-1, ::-1], 8: np.rot90(plain)}  # fmt: skip
    assert (decode(data).pixels == wanted[turn]).all()


def test_damaged_exif_data_are_noted() -> None:
    data = save(PICTURE, "PNG")
    body = b"eXIf" + b"MM\x00*\xff\xff\xff\xff garbage"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    assert kinds(data[:33] + chunk + data[33:]) in ([], ["exif_unreadable"])


def test_transparent_parts_are_shown_on_white() -> None:
    seen = make_pixels()
    alpha = np.full((24, 40, 1), 255, np.uint8)
    opaque = save(Image.fromarray(np.concatenate([seen, alpha], 2)), "PNG")
    assert kinds(opaque) == [] and (decode(opaque).pixels == seen).all()
    alpha[:8] = 0
    alpha[8:10] = 128
    half = decode(data := save(Image.fromarray(np.concatenate([seen, alpha], 2)), "PNG"))
    assert kinds(data) == ["on_white"]
    assert (half.pixels[:8] == 255).all() and (half.pixels[10:] == seen[10:]).all()
    assert abs(int(half.pixels[8, 0, 0]) - 127) <= 1
    palette = PICTURE.convert("P")
    named = save(palette, "PNG", transparency=palette.getpixel((0, 0)))
    assert kinds(named) == ["on_white"]
    assert (decode(named).pixels[0, 0] == 255).all()
    assert kinds(save(PICTURE.convert("L"), "PNG", transparency=0)) == ["on_white"]
    assert kinds(save(PICTURE.convert("LA"), "PNG")) == []


def test_sixteen_bits_are_shown_as_eight_and_never_cut_off() -> None:
    grey = np.arange(24 * 40, dtype=np.uint16).reshape(24, 40) * 68
    for kind in ("PNG", "TIFF"):
        data = save(Image.fromarray(grey), kind)
        assert kinds(data) == ["from_16_bit"]
        assert (decode(data).pixels[:, :, 1] == grey >> 8).all()
    rows = b"".join(b"\0" + row.astype(">u2").repeat(3).tobytes() for row in grey)
    header = struct.pack(">IIBBBBB", 40, 24, 16, 2, 0, 0, 0)
    parts = [b"IHDR" + header, b"IDAT" + zlib.compress(rows), b"IEND"]
    chunks = [struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in parts]
    colour = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    assert kinds(colour) == ["from_16_bit"]
    assert (decode(colour).pixels[:, :, 2] == grey >> 8).all()


def test_colours_of_print_and_one_colour_are_noted() -> None:
    assert kinds(save(PICTURE.convert("CMYK"), "JPEG")) == ["from_cmyk"]
    assert kinds(save(PICTURE.convert("CMYK"), "TIFF")) == ["from_cmyk"]
    blank = decode(data := save(Image.new("RGB", (5, 5), "white"), "PNG"))
    assert kinds(data) == ["one_colour"] and not blank.decided
    assert kinds(save(Image.new("RGBA", (5, 5), (0, 0, 0, 0)), "PNG")) == ["on_white", "one_colour"]


@pytest.mark.parametrize(
    ("kind", "noted"), [("GIF", "first_frame"), ("WEBP", "first_frame"), ("PNG", "first_frame"), ("TIFF", "first_page")]
)
def test_the_first_frame_is_shown_and_said_so(kind: str, noted: str) -> None:
    others = [Image.new("RGB", (40, 24), (0, 255, 0))] * 2
    how = {"lossless": True} if kind == "WEBP" else {}
    data = save(PICTURE, kind, save_all=True, append_images=others, **how)
    assert kinds(data) == [noted]
    assert (decode(data).pixels == make_pixels()).all()


def test_an_endpoint_gets_the_bytes_unless_something_was_decided() -> None:
    plain = save(PICTURE, "JPEG")
    assert prepare_to_send(plain) == ("image/jpeg", plain)
    exif = Image.Exif()
    exif[0x0112] = 6
    for data in (save(PICTURE, "BMP"), save(PICTURE, "TIFF"), save(PICTURE, "JPEG", exif=exif)):
        media_type, sent = prepare_to_send(data)
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        assert media_type == "image/png" and sent.startswith(b"\x89PNG")
        assert (np.asarray(Image.open(io.BytesIO(sent))) == np.asarray(upright)).all()
    blank = save(Image.new("RGB", (5, 5)), "GIF")
    assert prepare_to_send(blank) == ("image/gif", blank)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty: it has 0 bytes"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "this is an SVG drawing"),
        (b"<svg/>", "this is an SVG drawing"),
        (b"%PDF-1.7 ...", "this is a PDF document"),
        (b"%!PS-Adobe", "this is a PostScript drawing"),
        (b"\x00\x00\x00\x18ftypheic", "this is an HEIC photograph"),
        (b"\x00\x00\x00\x18ftypavif", "this is an AVIF image"),
        (b"\x00\x00\x00\x18ftypmp42", "this is a video"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "this is a JPEG 2000 image"),
        (b"\xff\x0a\x00", "this is a JPEG XL image"),
        (b"8BPS\x00\x01", "this is a Photoshop document"),
        (b"\x00\x00\x01\x00\x01", "this is an icon"),
        (b"P6 2 2 255\n", "this is a Netpbm image"),
        (b"\x00" * 128 + b"DICM", "this is a DICOM image"),
        (b"PK\x03\x04", "this is an archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "this is a pointer of Git LFS"),
        (b"<!DOCTYPE html><html>404</html>", "this is a web page"),
        (b"data:image/png;base64,iVBORw0KGgo=", "this is a data URL"),
        (b"\0" * 3000, "it is all zeros"),
        (b"not an image", "begins with b'not an image'"),
        (b"BM but no bitmap at all, a text of two letters", "no image of a known kind"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * (33 << 20), "the most is 33,554,432"),
    ],
)
def test_other_files_are_refused_by_name(data: bytes, said: str) -> None:
    for read in (decode, examine):
        with pytest.raises(ImageError, match=said) as caught:
            read(data, "questions.csv row 4")
        assert caught.value.where == "questions.csv row 4"
        assert caught.value.fix


@pytest.mark.parametrize("kind", ["F", "I", "LAB"])
def test_pictures_without_an_agreed_look_are_refused(kind: str) -> None:
    with pytest.raises(ImageError, match=r"32 bits|colours of the kind LAB"):
        decode(save(Image.new(kind, (4, 4)), "TIFF"))


def test_pixels_that_are_none_are_not_encoded() -> None:
    for wrong in (np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2, 3)), np.zeros((0, 2, 3), np.uint8)):
        with pytest.raises(ValueError, match="pixels are uint8"):
            encode_png(wrong)
    assert decode(encode_png(np.full((3, 2), 7, np.uint8))).pixels.tolist() == [[[7] * 3] * 2] * 3


def test_comments_that_are_too_large_are_called_so() -> None:
    comments = PngImagePlugin.PngInfo()
    comments.add_text("note", "x" * 3_000_000, zip=True)
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG", pnginfo=comments)
    with pytest.raises(ImageError, match="has comments that unpack to more than is read"):
        decode(out.getvalue())
