from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.engines.local.prefix_tree import build_tree
from fairtrial.engines.local.prefix_tree.trie import count_common_prefix

sequences = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8), min_size=1, max_size=20)


def arrays(rows: list[list[int]]) -> list[np.ndarray]:
    return [np.array(r, dtype=np.int32) for r in rows]


def test_a_small_tree() -> None:
    tree = build_tree(arrays([[1, 2, 3], [1, 2, 4, 5], [1, 2], [1, 2, 3], [70_000]]))
    assert [s.tolist() for s in tree.sequences] == [[1, 2], [1, 2, 3], [1, 2, 4, 5], [70_000]]
    assert tree.shared.tolist() == [0, 2, 2, 0]
    assert tree.place.tolist() == [1, 2, 0, 1, 3]
    assert tree.nodes == 6
    assert tree.tokens().tolist() == [1, 2, 3, 4, 5, 70_000]
    assert tree.depths().tolist() == [0, 1, 2, 2, 3, 0]
    assert tree.common == 0


def test_common_beginning_of_all() -> None:
    assert build_tree(arrays([[5, 6, 7], [5, 6, 8]])).common == 2
    assert build_tree(arrays([[5, 6, 7]])).common == 3


@pytest.mark.parametrize("rows", [[], [[1], []]])
def test_nothing_is_no_tree(rows: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        build_tree(arrays(rows))


@given(sequences)
def test_nodes_are_the_distinct_prefixes(rows: list[list[int]]) -> None:
    tree = build_tree(arrays(rows))
    assert tree.nodes == len({tuple(r[:k]) for r in rows for k in range(1, len(r) + 1)})
    assert all(tree.sequences[p].tolist() == r for p, r in zip(tree.place.tolist(), rows, strict=True))


@given(sequences)
def test_located_nodes_carry_the_tokens(rows: list[list[int]]) -> None:
    tree = build_tree(arrays(rows))
    which = np.arange(len(rows))
    stop = np.array([len(r) for r in rows])
    found = tree.locate(which, stop // 2, stop)
    assert tree.tokens()[found].tolist() == [t for r in rows for t in r[len(r) // 2 :]]
    assert tree.depths()[found].tolist() == [d for r in rows for d in range(len(r) // 2, len(r))]


def test_common_prefix() -> None:
    a, b = arrays([[1, 2, 3], [1, 2]])
    assert count_common_prefix(a, b) == 2
    assert count_common_prefix(a, a[1:]) == 0
    assert count_common_prefix(a[:0], a) == 0
