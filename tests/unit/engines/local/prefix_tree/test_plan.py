"""Steps are checked by carrying them out on a toy cache that refuses what a real one would get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fairtrial.engines.local.prefix_tree import PlanStep, PrefixTree, StepLimits, build_tree, plan_steps

rows = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=1, max_size=25)


def tree_of(sequences: list[list[int]]) -> PrefixTree:
    return build_tree([np.array(s, dtype=np.int32) for s in sequences])


def carry_out(tree: PrefixTree, steps: list[PlanStep], limits: StepLimits, trunk: list[int]) -> list[tuple[int, ...]]:
    """Return the path that each computed node sees, in the order of computing."""
    seen: list[tuple[int, ...]] = []
    for step in steps:
        assert len(trunk) == step.trunk
        assert len(step.joins) <= limits.branches
        assert 1 <= len(step.tokens) <= limits.tokens
        assert step.trunk + len(step.tokens) <= limits.cells
        branches = [trunk[:join] for join in step.joins.tolist()]
        nodes = zip(step.tokens.tolist(), step.depths.tolist(), step.branch.tolist(), step.width.tolist(), strict=True)
        for token, depth, branch, width in nodes:
            path = list(branches[branch])
            assert len(path) == depth
            for k in range(branch, branch + width):
                assert branches[k] == path, "a token joins branches that have different pasts"
                branches[k].append(token)
            seen.append((*path, token))
        trunk = branches[-1][: step.keep]
    return seen


@given(rows, st.integers(1, 12), st.integers(1, 4), st.integers(1, 3), st.data())
def test_every_node_sees_exactly_its_ancestors(
    sequences: list[list[int]], tokens: int, branches: int, outputs: int, data: st.DataObject
) -> None:
    tree = tree_of(sequences)
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=tree.nodes, max_size=tree.nodes)))
    limits = StepLimits(tokens, branches, outputs, cells=int(tree.lengths.max()) + data.draw(st.integers(0, 5)))
    steps = list(plan_steps(tree, wanted, limits))
    assert all(step.wanted.sum() <= outputs for step in steps)
    seen = carry_out(tree, steps, limits, [])
    assert sorted(seen) == sorted({tuple(s[:k]) for s in sequences for k in range(1, len(s) + 1)})
    assert [path[-1] for path in seen] == tree.tokens().tolist()


def test_a_root_already_there_is_not_computed_again() -> None:
    sequences = [[7, 7, 7, 7, a, b] for a in range(4) for b in range(3)]
    tree, limits = tree_of(sequences), StepLimits(6, 4, 6, 20)
    steps = list(plan_steps(tree, np.ones(tree.nodes, dtype=bool), limits, start=4))
    seen = carry_out(tree, steps, limits, [7, 7, 7, 7])
    assert len(seen) == tree.nodes - 4
    assert sum(len(s.tokens) for s in steps) == 4 + 12


def test_cuts_fall_between_items_where_possible() -> None:
    sequences = [[9, 9, item, 50, 51, 52, choice] for item in range(20) for choice in (1, 2, 3)]
    tree = tree_of(sequences)
    steps = list(plan_steps(tree, np.zeros(tree.nodes, dtype=bool), StepLimits(32, 64, 64, 64)))
    assert {step.keep for step in steps[:-1]} == {2}


def test_a_path_longer_than_the_cache_is_refused() -> None:
    tree = tree_of([[1, 2, 3, 4]])
    with pytest.raises(ValueError, match="4 tokens does not fit in 3"):
        list(plan_steps(tree, np.zeros(4, dtype=bool), StepLimits(2, 2, 2, 3)))


def blocks_of(tree: PrefixTree, image: int) -> NDArray[np.int64]:
    """Number the blocks of a tree whose images are three cells, ``image`` and the two numbers after it."""
    tokens = tree.tokens()
    return np.where(tokens >= image, np.cumsum((tokens >= image) & ((tokens - image) % 3 == 0)) - 1, -1)


pieces = st.lists(st.sampled_from([[0], [1], [10, 11, 12], [13, 14, 15]]), min_size=1, max_size=5)


@given(
    st.lists(pieces, min_size=1, max_size=12),
    st.integers(1, 8),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
def test_steps_keep_text_and_images_apart_and_blocks_whole(
    sequences: list[list[list[int]]], tokens: int, branches: int, mixed: bool, whole: bool
) -> None:
    tree = tree_of([[token for piece in one for token in piece] for one in sequences])
    blocks = blocks_of(tree, 10)
    limits = StepLimits(tokens, branches, 99, int(tree.lengths.max()) + 2, mixed, whole)
    steps = list(plan_steps(tree, np.zeros(tree.nodes, dtype=bool), limits, blocks=blocks))
    assert [step.start for step in steps] + [tree.nodes] == [0, *(step.stop for step in steps)]
    for step in steps:
        found = blocks[step.start : step.stop]
        cells, numbers = found >= 0, set(found[found >= 0].tolist())
        assert step.shows_image == cells.any()
        assert mixed or cells.all() or not cells.any()
        assert mixed or not whole or len(numbers) <= 1
        assert not whole or all((found == number).sum() == 3 for number in numbers)
        assert len(found) <= tokens or (whole and len(numbers) == 1 and cells.all())
    loose = StepLimits(max(tokens, 3), branches, 99, limits.cells)
    assert len(carry_out(tree, steps, loose, [])) == tree.nodes
