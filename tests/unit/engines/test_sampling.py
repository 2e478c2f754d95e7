from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.engines.sampling import TextBuilder, make_generator, sample_token
from fairtrial.records import GenerateRequest, Prompt


def request(**settings: object) -> GenerateRequest:
    return GenerateRequest(Prompt("x"), 5, **settings)  # type: ignore[arg-type]


def draws(logits: list[float], times: int = 4000, **settings: object) -> np.ndarray:
    asked = request(temperature=settings.pop("temperature", 1.0), **settings)
    rng = make_generator(asked)
    row = np.array(logits, dtype=np.float32)
    return np.bincount([sample_token(row, asked, rng) for _ in range(times)], minlength=len(logits)) / times


def test_greedy_takes_the_lowest_of_equals() -> None:
    assert make_generator(request()) is None
    assert sample_token(np.array([0, 3, 3, 1], dtype=np.float32), request(), None) == 1


def test_sampling_follows_the_probabilities() -> None:
    logits = np.log([0.1, 0.2, 0.7])
    assert draws(list(logits)) == pytest.approx([0.1, 0.2, 0.7], abs=0.03)
    hot = draws(list(logits), temperature=2.0)
    expected = np.sqrt([0.1, 0.2, 0.7])
    assert hot == pytest.approx(expected / expected.sum(), abs=0.03)


def test_top_k_and_top_p_cut_the_tail() -> None:
    logits = list(np.log([0.1, 0.2, 0.3, 0.4]))
    assert draws(logits, top_k=2) == pytest.approx([0, 0, 3 / 7, 4 / 7], abs=0.03)
    assert draws(logits, top_p=0.6) == pytest.approx([0, 0, 3 / 7, 4 / 7], abs=0.03)
    assert draws(logits, top_p=0.39).tolist() == [0, 0, 0, 1]
    assert draws([1.0, 1.0, 1.0], top_k=2)[2] == 0


def test_nucleus_larger_than_the_shortlist() -> None:
    share = draws([0.0] * 5000, times=2000, top_p=0.5)
    assert np.flatnonzero(share).max() < 2501


@given(st.text(max_size=30), st.lists(st.text(min_size=1, max_size=4), max_size=3), st.integers(1, 5))
def test_text_ends_before_the_first_stop_string_however_it_is_cut(text: str, stop: list[str], size: int) -> None:
    data = text.encode("utf-8", "replace")
    text = data.decode()
    out, stopped, expected = TextBuilder(stop), False, text
    for at in range(0, len(data), size):
        seen = data[: at + size].decode("utf-8", "ignore")  # without the character whose bytes have not all come
        found = [seen.find(s) for s in stop if s in seen]
        expected = seen[: min(found)] if found else text
        stopped = out.push(data[at : at + size])
        assert stopped == bool(found)
        if stopped:
            break
    assert out.finish() == expected


def test_unfinished_characters_are_shown_as_such() -> None:
    out = TextBuilder(())
    out.push("é".encode()[:1])
    assert out.finish() == "\ufffd"
