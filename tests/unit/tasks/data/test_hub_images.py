"""Rows of the hub give the bytes of images, wherever in a row these stand, and never what a decoder made of them."""

from __future__ import annotations

import numpy as np
import pytest

from fairtrial.images import encode_png
from fairtrial.tasks.data.datasets import _keep_files

datasets = pytest.importorskip("datasets")


def test_images_come_as_the_bytes_of_their_files() -> None:
    data = encode_png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    picture = {"bytes": data, "path": "a.png"}
    rows = {"q": ["x"], "image": [picture], "several": [[picture, picture]], "deep": [{"image": picture, "n": 1}]}
    kind = datasets.Image()
    features = datasets.Features(
        {"q": datasets.Value("string"), "image": kind, "several": datasets.Sequence(kind),
         "deep": {"image": kind, "n": datasets.Value("int64")}}
    )  # fmt: skip
    loaded = datasets.Dataset.from_dict(rows, features=features)
    assert hasattr(next(iter(loaded))["image"], "getpixel")
    [row] = [dict(one) for one in _keep_files(datasets, loaded)]
    assert row["image"]["bytes"] == row["several"][1]["bytes"] == row["deep"]["image"]["bytes"] == data
    plain = datasets.Dataset.from_dict({"q": ["x"]})
    assert _keep_files(datasets, plain) is plain
