"""Near-duplicates: signatures against the Jaccard index itself, and which pairs of rows are found and dropped."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from fairtrial.curation import neighbours
from fairtrial.curation.base import ConversationTurn, RowOrigin, TrainingRow
from fairtrial.curation.duplicates import FoundDuplicates, find_duplicates
from fairtrial.curation.jobs import LocalExecutor
from fairtrial.curation.neighbours import PAIR
from fairtrial.curation.reading import PieceFiles
from fairtrial.curation.signatures import BAND, estimate_likeness, hash_bands, is_wordless, list_words, sign_rows
from fairtrial.curation.splitting import choose_clusters, split_rows
from fairtrial.curation.stored import StoredRows
from fairtrial.records import hash_bytes
from fairtrial.spec.curate import Duplicates, Split

pytest.importorskip("rensa")
USUAL = Duplicates()
WORDS = [f"word{i}" for i in range(4000)]


def make_text(seed: int, length: int = 120) -> list[str]:
    return random.Random(seed).choices(WORDS, k=length)


def change(words: Sequence[str], every: int) -> list[str]:
    return [f"other{i}" if i % every == every - 1 else word for i, word in enumerate(words)]


def list_shingles(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def jaccard(a: Sequence[str], b: Sequence[str]) -> float:
    one, other = list_shingles(a), list_shingles(b)
    return len(one & other) / len(one | other)


def store(work: Path, rows: Sequence[Sequence[str]], documents: Sequence[str] = (), pieces: int = 3) -> StoredRows:
    """Write rows as the first stage does, some to a piece."""
    starts, size = [0], -(-len(rows) // pieces)
    for piece in range(pieces):
        part = rows[piece * size : (piece + 1) * size]
        named = [*documents, *[""] * len(rows)][piece * size : (piece + 1) * size]
        made = sign_rows(part, 128, 5, 0)
        files = PieceFiles(work, piece)
        files.path("ids").parent.mkdir(exist_ok=True)
        hashes = (bytes.fromhex(hash_bytes(" ".join(words).encode())) for words in part)
        files.path("ids").write_bytes(b"".join(hashes))
        grouped = [bytes.fromhex(hash_bytes(one.encode())) if one else bytes(16) for one in named]
        files.path("documents").write_bytes(b"".join(grouped[: len(part)]))
        files.path("signatures").write_bytes(made.tobytes())
        files.path("bands").write_bytes(hash_bands(made).tobytes())
        files.path("wordless").write_bytes(is_wordless(made).astype(np.uint8).tobytes())
        starts.append(starts[-1] + len(part))
    return StoredRows(work, tuple(starts), 128, 128 // BAND)


def find(work: Path, rows: Sequence[Sequence[str]], wanted: Duplicates = USUAL) -> FoundDuplicates:
    return find_duplicates(store(work, rows), wanted, lambda jobs: LocalExecutor().run(jobs, lambda *_: None))


@pytest.mark.parametrize("every", [200, 50, 25, 12])
def test_signatures_estimate_the_jaccard_index(every: int) -> None:
    pairs = [(words, change(words, every)) for words in (make_text(seed, 400) for seed in range(8))]
    a, b = (sign_rows(list(side), 128, 5, 0) for side in zip(*pairs, strict=True))
    known = np.mean([jaccard(*pair) for pair in pairs])
    assert abs(estimate_likeness(a, b).mean() - known) < 3 * np.sqrt(0.25 / 128 / len(pairs))


def test_a_signature_is_the_same_alone_and_among_others() -> None:
    rows = [make_text(1), [], make_text(2), ["alone"]]
    together = sign_rows(rows, 64, 5, 7)
    assert (together == np.concatenate([sign_rows([one], 64, 5, 7) for one in rows])).all()
    assert is_wordless(together).tolist() == [False, True, False, False]


def test_the_system_prompt_does_not_make_rows_alike() -> None:
    place = RowOrigin("a.jsonl", 1)
    row = TrainingRow(
        place,
        (
            ConversationTurn("system", "You answer."),
            ConversationTurn("user", "Who wrote Faust?"),
            ConversationTurn("assistant", "Goethe."),
        ),
    )
    assert list_words(row) == ["who", "wrote", "faust", "goethe"]


def test_text_without_spaces_goes_by_characters() -> None:
    assert list_words(TrainingRow(RowOrigin("a", 1), text="東京は首都 Tokyo!")) == [
        "東",
        "京",
        "は",
        "首",
        "都",
        "tokyo",
    ]


def test_the_first_of_several_stays_and_each_dropped_row_is_near_one_that_stays(tmp_path: Path) -> None:
    rows = [make_text(seed) for seed in range(60)]
    rows += [change(rows[seed], 60) for seed in range(20)]  # two words of 120: a Jaccard index of 0.84
    rows += [rows[seed] for seed in range(20, 30)]
    rows += [change(rows[seed], 7) for seed in range(30, 40)]  # 0.0: every shingle of 5 words is another
    found = find(tmp_path, rows)
    assert found.same_as[:60].tolist() == [-1] * 60
    assert found.same_as[60:80].tolist() == list(range(20))
    assert found.same_as[80:90].tolist() == list(range(20, 30))
    assert found.same_as[90:].tolist() == [-1] * 10
    assert found.settled


def test_likeness_does_not_pass_from_row_to_row(tmp_path: Path) -> None:
    first = make_text(1, 300)
    chain = [first]
    for step in range(1, 7):  # each 0.9 like the one before, the last 0.5 like the first
        words = list(chain[-1])
        words[step * 40 : step * 40 + 12] = [f"new{step}.{i}" for i in range(12)]
        chain.append(words)
    found = find(tmp_path, chain)
    kept = [i for i, of in enumerate(found.same_as) if of < 0]
    assert len(kept) > 1
    assert all(jaccard(chain[i], chain[of]) > 0.7 for i, of in enumerate(found.same_as) if of >= 0)
    assert all(jaccard(chain[a], chain[b]) < 0.9 for a, b in combinations(kept, 2))


def test_rows_of_a_template_are_compared_in_runs_that_are_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "LONGEST_RUN", 8)
    template = make_text(1, 60)
    rows = [[*template, *make_text(seed, 40)] for seed in range(2, 102)]  # 0.4 alike, all of them
    rows += [change(rows[seed], 90) for seed in range(0, 100, 5)]
    found = find(tmp_path, rows)
    assert found.same_as[100:].tolist() == list(range(0, 100, 5))
    assert (found.same_as[:100] == -1).all()


def test_near_can_be_turned_off_and_exact_too(tmp_path: Path) -> None:
    rows = [make_text(1), make_text(1), change(make_text(1), 60)]
    assert find(tmp_path, rows, Duplicates(near=None)).same_as.tolist() == [-1, 0, -1]
    assert find(tmp_path, rows, Duplicates(exact=False, near=None, together=None)).same_as.tolist() == [-1] * 3


def test_rows_without_words_are_duplicates_only_of_the_same(tmp_path: Path) -> None:
    assert find(tmp_path, [[], [], make_text(1)]).same_as.tolist() == [-1, 0, -1]


def test_what_is_alike_or_of_one_document_stands_on_one_side(tmp_path: Path) -> None:
    rows = [make_text(seed) for seed in range(100)]
    rows += [change(rows[seed], 20) for seed in range(50)]  # 0.63 alike: stays, but not apart from its like
    documents = ["", "", *(f"d{i // 2}" for i in range(2, 150))]
    stored = store(tmp_path, rows, documents)
    found = find_duplicates(stored, Duplicates(), lambda jobs: LocalExecutor().run(jobs, lambda *_: None))
    assert (found.same_as == -1).all()
    sides = split_rows(stored, found, Split(validation=0.2))
    assert (sides.cluster[100:] == sides.cluster[:50]).all()
    assert all(sides.cluster[i] == sides.cluster[i + 1] for i in range(2, 150, 2))
    assert all(len({bool(sides.held_back[i]) for i in np.flatnonzero(sides.cluster == c)}) == 1 for c in sides.cluster)
    assert 20 <= sides.held_back.sum() <= 40


def test_which_clusters_are_held_back_depends_on_seed_and_words_alone() -> None:
    ids, sizes = np.arange(1, 1001, dtype=np.uint64) << np.uint64(40), np.ones(1000, np.int64)
    chosen = choose_clusters(ids, sizes, Split(validation=0.1))
    assert chosen.sum() == 100
    assert (choose_clusters(ids[::-1], sizes, Split(validation=0.1))[::-1] == chosen).all()
    assert (choose_clusters(ids, sizes, Split(validation=0.1, seed=1)) != chosen).any()
    assert not choose_clusters(ids, sizes, Split(validation=0)).any()


def test_a_cluster_larger_than_the_share_is_never_held_back_and_that_is_said(tmp_path: Path) -> None:
    base = make_text(1, 200)
    rows = [change(base, 40)[: 200 - i] for i in range(0, 60, 20)]
    stored = store(tmp_path, rows)
    links = np.array([(0, 1, 0.7), (1, 2, 0.7)], PAIR)
    found = FoundDuplicates(np.full(3, -1), np.zeros(3, np.float32), links)
    sides = split_rows(stored, found, Split(validation=0.3))
    assert not sides.held_back.any()
    assert sides.count_clusters() == (1, 3)
    assert "One cluster of rows that are alike has 3 of 3 rows" in sides.doubts[0]
