"""What a model is shown: parts, running text, and ids that stay what they are."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fairtrial.records import (
    GenerateRequest,
    ImagePart,
    Message,
    Pair,
    Prompt,
    Request,
    ScoreRequest,
    TextPart,
    list_images,
    make_example,
    place_images,
)

SHOTS = (*make_example("Q: 1+1?\nA:", "2"), *make_example("Was? ü", "", "", ""), *make_example("a", "b", "\n", "###"))
PROMPTS = {
    "plain": Prompt("What is 2+2?"),
    "empty": Prompt(""),
    "system": Prompt("x", "You are.\n\n"),
    "prefill": Prompt("x", "", "The answer is"),
    "all": Prompt("q \ud800 é", "s\n\n", "The", SHOTS),
    "examples": Prompt("q", examples=SHOTS[:2]),
    "one turn": Prompt("q", "s", "a", SHOTS).in_one_turn(),
    "empty question": Prompt("", "s", "a"),
    "empty question with examples": Prompt("", "s", "a", SHOTS),
}
FROZEN = {
    "plain": ("b0db2a38ff1816f3b30415e99f8ad15b", "1cfe19d6c3e81a98f7643bee2dc98afc", "What is 2+2?"),
    "empty": ("b717e89ed1bda134a1f712ae183ea2a9", "3f79f392adfaf2d1b9ea8f27e9d7b483", ""),
    "system": ("bfa94e1a302505552f11afd07d21b253", "afc33176e1db14c31493f8021a2892a5", "You are.\n\nx"),
    "prefill": ("b81bda7d0a83f4be7a6cf8c99fc86a55", "647396a58ca5c1dc12ee6cf46053c813", "xThe answer is"),
    "all": (
        "dbd424fe8429e323229d48083db28bd8",
        "d95eb29ba54557c30ca665e98941aefd",
        "s\n\nQ: 1+1?\nA: 2\n\nWas? üa\nb###q \ud800 éThe",
    ),
    "examples": ("e9a750832759ffb9c813a7379f7b2f97", "3017f71ae1042a7282fdb2884de555bf", "Q: 1+1?\nA: 2\n\nq"),
    "one turn": (
        "20caa436ab5ef906f7cf96e9fd7376a5",
        "3f611667a0b0cc3a9fc504e9738b8bc0",
        "sQ: 1+1?\nA: 2\n\nWas? üa\nb###qa",
    ),
    "empty question": ("0aba0f2583709eb53a9dc280a04058be", "4d36a5df59f7cee07492c780fa13406f", "sa"),
    "empty question with examples": (
        "f64f93382340ed8ffc572366a0ec43b9",
        "96f1397ae0d5a3d41d2d11b24c7eb9f0",
        "sQ: 1+1?\nA: 2\n\nWas? üa\nb###a",
    ),
}
"""Ids of requests for scores and for text, and the running text, as ledgers of the first version hold them."""

CAT, DOG = ImagePart.of(b"a cat", "image/png"), ImagePart.of(b"a dog", "image/jpeg")
SEEN = Prompt([TextPart("Left: "), CAT, TextPart(" right: "), DOG, TextPart("\nSame?")], "Look.", "I", SHOTS[:2])


@pytest.mark.parametrize("name", FROZEN)
def test_ids_and_text_of_prompts_without_images_never_change(name: str) -> None:
    prompt, (scored, written, text) = PROMPTS[name], FROZEN[name]
    assert ScoreRequest((Pair(prompt, " A"), Pair(prompt, " B"))).id == scored
    assert GenerateRequest(prompt, 16, ("\n",)).id == written
    assert prompt.plain() == text
    assert Prompt.from_document(json.loads(json.dumps(prompt.document()))) == prompt


def test_ids_of_other_requests_never_change() -> None:
    sampled = GenerateRequest(PROMPTS["all"], 7, ("a", "b"), 0.7, 0.9, 40, 12345, "label", "key")
    assert sampled.id == "9947bdcde606fdcbb9b35d811485166d"
    mixed = ScoreRequest((Pair(PROMPTS["plain"], "x"), Pair(PROMPTS["all"], "y")), delimiter="\n")
    assert mixed.id == "bab95c08bfee7be4a6fe1e0a324f1afe"
    rolling = ScoreRequest((Pair(Prompt(""), "doc"),), delimiter="", rolling=True, label="l", item_key="k")
    assert rolling.id == "fea0beecd972f89ce6d5bd6205527037"


def test_an_image_is_part_of_what_is_asked() -> None:
    other = Prompt([replace(part, hash="0" * 32) if part == DOG else part for part in SEEN.question.parts])
    words = Prompt(SEEN.user, SEEN.system, SEEN.assistant, SEEN.examples)
    bare = Prompt(SEEN.question.parts)
    for ask in (lambda p: GenerateRequest(p, 8), lambda p: ScoreRequest((Pair(p, "yes"), Pair(p, "no")))):
        requests: list[Request] = [ask(prompt) for prompt in (SEEN, other, words, bare)]
        assert len({request.id for request in requests}) == 4
        assert [len(list_images(request)) for request in requests] == [2, 2, 0, 2]
        assert list_images(requests[0]) == (CAT, DOG)
    assert SEEN.plain() == words.plain() == "Look.Q: 1+1?\nA: 2\n\nLeft: <image> right: <image>\nSame?I"
    assert Prompt.from_document(json.loads(json.dumps(SEEN.document()))) == SEEN


def test_examples_with_images_go_into_one_turn() -> None:
    shots = make_example([TextPart("What is "), CAT, TextPart("?")], "a cat")
    prompt = Prompt([TextPart("What is "), DOG, TextPart("?")], "Look.\n\n", "It", shots)
    flat = prompt.in_one_turn()
    assert flat.examples == () and flat.images == (CAT, DOG) and flat.plain() == prompt.plain()
    assert flat.question.parts[2] == TextPart("? a cat\n\nWhat is ")


def test_the_same_content_has_the_same_parts() -> None:
    pieces = Message("user", (TextPart(""), TextPart("a"), TextPart("b"), CAT, TextPart("")))
    assert pieces == Message("user", (TextPart("ab"), CAT))
    assert Prompt([TextPart("a"), TextPart("b")]) == Prompt("ab")


def test_placeholders_stand_for_images() -> None:
    assert place_images("a <image> b", ()) == (TextPart("a <image> b"),)
    assert Prompt(place_images("<image> b<image>", (CAT, DOG))).question.parts == (CAT, TextPart(" b"), DOG)
    with pytest.raises(ValueError, match=r"1 times <image>, and there are 2 images"):
        place_images("<image>", (CAT, DOG))
    moved = SEEN.with_question("<image> or <image>?")
    assert moved.images == (CAT, DOG) and moved.user == "<image> or <image>?" and moved.examples == SEEN.examples


def test_a_conversation_of_another_order_is_kept_as_it_is() -> None:
    user, said = Message("user", (TextPart("a"),)), Message("assistant", (TextPart("b"),))
    odd = Prompt.from_messages([user, user, said, user])
    assert Prompt.from_document(odd.document()) == odd
    assert Prompt.from_messages(SEEN.messages) == SEEN
    usual = Prompt.from_messages(PROMPTS["all"].messages)
    assert GenerateRequest(usual, 16, ("\n",)).id == FROZEN["all"][1]


@pytest.mark.parametrize(
    "roles", [(), ("assistant",), ("system",), ("user", "system"), ("user", "assistant", "assistant")]
)
def test_what_is_no_prompt(roles: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="a prompt ends with"):
        Prompt.from_messages([Message(role, (TextPart("a"),)) for role in roles])  # type: ignore[arg-type]
