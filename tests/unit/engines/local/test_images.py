"""Images in token sequences, with an encoder that needs no network."""

from __future__ import annotations

import numpy as np

from fairtrial.engines.local.generation import count_shared
from fairtrial.engines.local.images import FIRST_IMAGE_TOKEN, ImageTable, count_text, cut_before_images
from fairtrial.engines.local.prefix_tree import build_tree
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.scoring import ScoringPlan
from fairtrial.engines.prompts import ScoredSequence
from tests.support.tiles import CELLS, Tiles, name_shade

FIRST = FIRST_IMAGE_TOKEN
A, B = name_shade(1), name_shade(2)


def text(written: str) -> Tokens:
    return np.frombuffer(written.encode(), dtype=np.uint8).astype(np.int32)


def join(*parts: Tokens) -> Tokens:
    return np.concatenate(parts)


def test_equal_images_have_equal_tokens_and_others_have_their_own() -> None:
    table = ImageTable(Tiles())
    first = table.list_tokens(A)
    assert first.tolist() == [91, FIRST, FIRST + 1, FIRST + 2, 124, FIRST + 3, FIRST + 4, FIRST + 5, 93]
    assert table.list_tokens(B)[1] == FIRST + 2 * CELLS
    assert table.list_tokens(A).tolist() == first.tolist()
    assert table.largest == CELLS


def test_tokens_depend_on_the_requests_of_the_call_only() -> None:
    table = ImageTable(Tiles())
    first = table.list_tokens(A).tolist()
    table.list_tokens(B)
    table.clear()
    assert table.list_tokens(B).tolist() == first


def test_an_image_is_encoded_once() -> None:
    encoder = Tiles()
    table = ImageTable(encoder)
    cells = [
        token
        for token in join(table.list_tokens(A), table.list_tokens(B), table.list_tokens(A)).tolist()
        if token >= FIRST
    ]
    assert table.embed(np.array(cells, dtype=np.int32))[:, 0].tolist() == [
        *(1 + k for k in range(6)),
        *(2 + k for k in range(6)),
        *(1 + k for k in range(6)),
    ]
    table.clear()
    table.embed(table.list_tokens(B)[1:2])
    assert encoder.encoded == 2


def test_encoded_images_are_kept_within_a_limit_of_bytes() -> None:
    encoder = Tiles(kept_bytes=2 * CELLS * 4)  # one image
    for image in (A, A, B, A):
        encoder.embeddings(image)
    assert encoder.encoded == 3


def test_blocks_are_numbered_along_a_tree() -> None:
    table = ImageTable(Tiles())
    tree = build_tree(
        [join(text("q"), table.list_tokens(A), text("x")), join(text("q"), table.list_tokens(A), text("y"))]
    )
    blocks = table.number_blocks(tree)
    assert blocks is not None
    assert blocks.tolist() == [-1, -1, 0, 0, 0, -1, 1, 1, 1, -1, -1, -1]
    assert table.number_blocks(build_tree([text("q")])) is None


def test_two_equal_images_next_to_each_other_are_two_blocks() -> None:
    table = ImageTable(Tiles())
    cells = table.list_tokens(A)[1:4]
    assert table.number_tokens(join(cells, cells)).tolist() == [0, 0, 0, 1, 1, 1]


def test_positions_in_a_row_are_depths() -> None:
    table = ImageTable(Tiles())
    tokens = join(text("q"), table.list_tokens(A))
    assert table.find_positions(tokens).tolist() == [list(range(10))]
    assert table.find_starts(tokens).tolist() == list(range(11))


def test_cells_in_a_plane_take_fewer_positions() -> None:
    table = ImageTable(Tiles(plane=True))
    tokens = join(text("q"), table.list_tokens(A), text("x"))
    assert table.find_positions(tokens).tolist() == [
        [0, 1, 2, 2, 2, 4, 5, 5, 5, 7, 8],
        [0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8],
        [0, 1, 2, 3, 2, 4, 5, 6, 5, 7, 8],
    ]
    assert table.find_starts(tokens).tolist() == [0, 1, 2, 2, 2, 4, 5, 5, 5, 7, 8, 9]


def test_positions_of_a_tree_are_those_along_its_paths() -> None:
    table = ImageTable(Tiles(plane=True))
    one, other = join(text("q"), table.list_tokens(A), text("xy")), join(text("q"), table.list_tokens(B), text("z"))
    found = table.tree_positions(build_tree([one, other]))
    assert (
        found.tolist()
        == np.concatenate([table.find_positions(one), table.find_positions(other)[:, 2:]], axis=1).tolist()
    )


def test_what_all_share_ends_before_the_first_image() -> None:
    table = ImageTable(Tiles())
    prompts = [join(text("few shots"), table.list_tokens(A), text(end)) for end in ("ab", "cd")]
    plan = ScoringPlan.from_sequences([ScoredSequence(tokens, len(tokens) - 1) for tokens in prompts])
    assert plan.common == count_shared(prompts) == count_text(prompts[0]) == len("few shots[")


def test_images_are_found_in_a_sequence() -> None:
    table = ImageTable(Tiles())
    tokens = join(text("q"), table.list_tokens(A), text("x"), table.list_tokens(B), table.list_tokens(A))
    assert table.find_images(tokens) == [(1, 10), (11, 20), (20, 29)]


def test_a_cut_takes_whole_images() -> None:
    assert cut_before_images(3, [(1, 5), (7, 9)]) == 5
    assert cut_before_images(1, [(1, 5)]) == 1
    assert cut_before_images(5, [(1, 5)]) == 5
