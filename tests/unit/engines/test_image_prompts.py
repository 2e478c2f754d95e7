"""Prompts that show images: where their tokens stand, what templates write, what is cut."""

from __future__ import annotations

import pytest

from fairtrial.engines.chat import ChatTemplate
from fairtrial.engines.local.images import FIRST_IMAGE_TOKEN, ImageTable
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.prompts import Encoder, PromptFormat
from fairtrial.errors import CapabilityError, ModelError, TooLongError
from fairtrial.records import GenerateRequest, ImagePart, Pair, Part, Prompt, ScoreRequest, TextPart, make_example
from tests.support.tiles import Tiles, name_shade
from tests.unit.engines.test_prompts import Bytes

A, B = name_shade(1), name_shade(2)
IMAGE = "[***|***]"
STRINGS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
PARTS = """{% for m in messages %}<{{ m.role }}>{% for p in m.content %}
{%- if p.type == 'image' %}<image>{% else %}{{ p.text }}{% endif %}{% endfor %}{% endfor %}<assistant>"""
FIRST = """{% for m in messages %}<{{ m.role }}>{% for p in m.content %}{% if p.type == 'image' %}<image>
{% endif %}{% endfor %}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% endif %}{% endfor %}
{%- endfor %}<assistant>"""
FORGETS = PARTS.replace("<image>", "{% if loop.index0 == 1 %}<image>{% endif %}")


class WithBos(Bytes):
    """Begins every prompt with a token of its own."""

    adds_bos = True


def make_encoder(template: str | None = None, context: int = 512, bos: bool = False) -> Encoder:
    asking = PromptFormat(template and ChatTemplate(template), "", context, truncate=True)  # type: ignore[arg-type]
    return Encoder(WithBos() if bos else Bytes(), asking, ImageTable(Tiles()))


def show(*parts: str | ImagePart) -> tuple[Part, ...]:
    return tuple(TextPart(part) if isinstance(part, str) else part for part in parts)


def read(tokens: Tokens) -> str:
    return "".join("*" if t >= FIRST_IMAGE_TOKEN else "^" if t == 256 else chr(t) for t in tokens.tolist())


def written(prompt: Prompt, encoder: Encoder) -> str:
    return read(encoder.generate(GenerateRequest(prompt, 5)).tokens)


def test_in_running_text_an_image_stands_where_it_is_shown() -> None:
    prompt = Prompt(show("Look: ", A, " and ", B, "?"))
    assert written(prompt, make_encoder()) == f"Look: {IMAGE} and {IMAGE}?"


def test_images_of_examples_are_shown() -> None:
    prompt = Prompt(show(B, "Which?"), examples=make_example(show(A, "Which?"), "one"))
    assert written(prompt, make_encoder()) == f"{IMAGE}Which? one\n\n{IMAGE}Which?"


def test_continuations_follow_the_prompt_with_its_image() -> None:
    prompt = Prompt(show(A, "Which? "))
    [[one], [other]] = make_encoder().score(ScoreRequest((Pair(prompt, "A"), Pair(prompt, "BC")), delimiter=""))
    assert (read(one.tokens), one.start) == (f"{IMAGE}Which? A", 15)
    assert (read(other.tokens), other.start) == (f"{IMAGE}Which? BC", 15)
    assert one.tokens[:15].tolist() == other.tokens[:15].tolist()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (STRINGS, f"<user>See {IMAGE} now<assistant>"),
        (PARTS, f"<user>See {IMAGE} now<assistant>"),
        (FIRST, f"<user>{IMAGE}\nSee  now<assistant>"),
    ],
)
def test_a_template_has_its_own_place_for_images(template: str, expected: str) -> None:
    assert written(Prompt(show("See ", A, " now")), make_encoder(template)) == expected


def test_a_template_that_leaves_out_an_image_is_refused() -> None:
    with pytest.raises(ModelError, match="writes 1 of the 2 images"):
        written(Prompt(show("See ", A, " and ", B)), make_encoder(FORGETS))


@pytest.mark.parametrize("text", ["<image>", "\ue0f40\ue0f5", "\ue0f3", "\ue0f00\ue0f1"])
@pytest.mark.parametrize("template", [None, PARTS, STRINGS])
def test_no_text_of_a_user_is_read_as_an_image(template: str | None, text: str) -> None:
    found = make_encoder(template).generate(GenerateRequest(Prompt(show(text, A, text)), 5)).tokens
    plain = bytes(t for t in found.tolist() if t < 256).decode()
    assert plain.count(text) == 2
    assert (found >= FIRST_IMAGE_TOKEN).sum() == 6


def test_a_template_that_reads_parts_only_gets_parts_without_images_too() -> None:
    assert written(Prompt("See"), make_encoder(PARTS)) == "<user>See<assistant>"


def test_a_model_that_sees_nothing_refuses_images() -> None:
    blind = Encoder(Bytes(), PromptFormat(None, "", 512, truncate=False))
    with pytest.raises(CapabilityError, match="cannot see it"):
        blind.generate(GenerateRequest(Prompt(show(A)), 5, label="item 3"))


@pytest.mark.parametrize("bos", [False, True])
def test_an_example_loses_its_image_whole(bos: bool) -> None:
    prompt = Prompt(show(B, "Which?"), examples=make_example(show(A, "W?"), "one"))  # 9 + 2 + 1 + 3 + 2, 9 + 6
    for context in range(27, 36):
        encoder = make_encoder(None, context, bos)
        got = encoder.generate(GenerateRequest(prompt, 5))
        text = read(got.tokens)
        assert text.endswith(f"{IMAGE}Which?")
        assert text.removeprefix("^").removesuffix(f"{IMAGE}Which?").count("*") == 0
        assert got.truncated == len(f"{IMAGE}W? one\n\n{IMAGE}Which?") + bos - len(got.tokens)


@pytest.mark.parametrize("bos", [False, True])
def test_the_image_that_is_asked_about_is_never_cut(bos: bool) -> None:
    prompt = Prompt(show("So: ", A, "Which?"))
    assert read(make_encoder(None, 20 + bos, bos).generate(GenerateRequest(prompt, 5)).tokens).endswith(
        IMAGE + "Which?"
    )
    with pytest.raises(TooLongError, match="the image that it asks about would be lost"):
        make_encoder(None, 19 + bos, bos).generate(GenerateRequest(prompt, 5))
    request = ScoreRequest((Pair(prompt, "x"),), delimiter="", label="item 7")
    with pytest.raises(TooLongError, match=r"item 7.*lost|lost"):
        make_encoder(None, 14, bos).score(request)
