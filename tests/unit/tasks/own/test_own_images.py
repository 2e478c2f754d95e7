"""Rows with images: recognised in every way that cells name them, placed in prompts, kept in their folder, refused by
row."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from fairtrial.errors import DataError, FairtrialError, SpecError
from fairtrial.images import encode_png
from fairtrial.records import GenerateRequest, ImagePart, ScoreRequest
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.own.saying import describe_source
from fairtrial.tasks.own.source import OwnSource, open_own_data
from fairtrial.tasks.own.starting import write_entry
from fairtrial.tasks.own.task import OwnTask
from fairtrial.tasks.variants.letters import LetterTask

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def draw(colour: str, width: int = 12) -> bytes:
    pixels = np.full((8, width, 3), 255, np.uint8)
    pixels[2:6, 3:9] = COLOURS[colour]
    return encode_png(pixels)


PARTS = {colour: ImagePart.of(draw(colour), "image/png") for colour in COLOURS}
URLS = {colour: f"data:image/png;base64,{b64encode(draw(colour)).decode()}" for colour in COLOURS}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data" / "pics").mkdir(parents=True)
    for colour in COLOURS:
        (tmp_path / "data" / "pics" / f"{colour}.png").write_bytes(draw(colour))
    return tmp_path / "data"


def opened(folder: Path, text: str, said: str = "", name: str = "q.csv") -> OwnSource:
    (folder / name).write_text(text)
    entry = TaskEntry.model_validate({"file": f"{folder.name}/{name}", **(yaml.safe_load(said) or {})})
    return open_own_data(entry, folder.parent)


def built(folder: Path, text: str, said: str = "", name: str = "q.csv", **options: Any) -> OwnTask:
    return OwnTask(opened(folder, text, said, name), "q", TaskOptions(**options))


def shown(task: OwnTask, number: int = 0) -> tuple[str, list[str]]:
    """What is asked about an item: its text, and the colours of its images."""
    item = task.items()[number]
    [request] = task.requests(item)
    given = dict(task.images(item))
    names = {part: colour for colour, part in PARTS.items()}
    assert given.keys() >= {*request.prompts[0].images}
    assert all(given[part] == draw(names[part]) for part in given)
    return request.prompts[0].plain(), [names[part] for part in request.prompts[0].images]


ROWS = "image,question,answer\npics/red.png,Which colour?,red\npics/blue.png,Which colour?,blue\n"


@pytest.mark.parametrize("options", [{}, {"chat": True}, {"shots": 1}, {"shots": 1, "chat": True}])
def test_it_keeps_the_promises_of_a_task(folder: Path, options: dict[str, Any]) -> None:
    assert check_task(lambda: built(folder, ROWS + "pics/green.png,Which colour?,green\n", **options)) == []


def test_a_path_is_shown_before_the_question_and_said(folder: Path) -> None:
    task = built(folder, ROWS)
    assert shown(task, 1) == ("<image>\nQuestion: Which colour?\nAnswer:", ["blue"])
    first, second = task.items()
    assert first.id != second.id and first.cluster != second.cluster
    assert first.images == (PARTS["red"],) and first.question == "Which colour?"
    assert "pics" not in json.dumps(dict(first.data))  # the name of a file may give the answer away
    assert task.card.description.startswith("2 rows, 2 images (PNG, 12x8) in 'image', written answers, question in")
    assert "not used" not in task.card.description
    renamed = ROWS.replace("pics/red", "pics/../pics/red")
    assert [item.id for item in built(folder, renamed).items()] == [first.id, second.id]
    (folder / "pics" / "red.png").write_bytes(draw("green"))
    assert [item.id == first.id for item in built(folder, ROWS).items()] == [False, False]
    assert [item.id == second.id for item in built(folder, ROWS).items()] == [False, True]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("q.jsonl", [{"image": "pics/red.png"}, {"image": URLS["blue"]}]),
        ("q.jsonl", [{"images": ["pics/red.png"]}, {"images": ["pics/blue.png"]}]),
        ("q.jsonl", [{"image": {"path": "pics/red.png"}}, {"image": {"bytes": URLS["blue"], "path": "x.png"}}]),
        ("q.jsonl", [{"figure": "pics/red.png"}, {"figure": "pics/blue.png"}]),
        ("q.json", [{"Image Path": "pics/red.png"}, {"Image Path": "./pics/blue.png"}]),
        ("q.jsonl", [{"img": b64encode(draw("red")).decode()}, {"img": b64encode(draw("blue")).decode()}]),
        ("q.jsonl", [{"image": URLS["red"], "file_name": "a.png"}, {"image": URLS["blue"], "file_name": "b.png"}]),
    ],
)
def test_cells_name_images_in_many_ways(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    whole = [{**row, "question": "Which?", "answer": colour} for row, colour in zip(rows, ("red", "blue"), strict=True)]
    text = json.dumps(whole) if name == "q.json" else "\n".join(map(json.dumps, whole))
    task = built(folder, text, name=name)
    assert [shown(task, n)[1] for n in (0, 1)] == [["red"], ["blue"]]


def test_a_row_may_show_several(folder: Path) -> None:
    columns = "image_1,image_2,question,answer\npics/red.png,pics/blue.png,Which is red?,first\npics/green.png,,q,x\n"
    task = built(folder, columns)
    assert shown(task) == ("<image>\n<image>\nQuestion: Which is red?\nAnswer:", ["red", "blue"])
    assert shown(task, 1) == ("<image>\nQuestion: q\nAnswer:", ["green"])
    lists = ('"[""pics/red.png"", ""pics/blue.png""]"', "\"['pics/red.png', 'pics/blue.png']\"")
    for cell in ("pics/red.png;pics/blue.png", *lists):
        assert shown(built(folder, f"images,question,answer\n{cell},q,x\n"))[1] == ["red", "blue"]
    long = json.dumps({"image": json.dumps([URLS["red"], URLS["blue"]] * 30), "question": "q", "answer": "x"})
    assert len(shown(built(folder, long, name="q.jsonl"))[1]) == 60
    python = json.dumps({"image": str([URLS["red"], URLS["blue"]] * 30), "question": "q", "answer": "x"})
    assert len(shown(built(folder, python, name="q.jsonl"))[1]) == 60


@pytest.mark.parametrize(
    ("prompt", "text", "images"),
    [
        ("{{question}} {{image}} One word:", "Which colour? <image> One word:", ["red"]),
        ("{{question}} One word:", "<image>\nWhich colour? One word:", ["red"]),
        ("Which colour is it?", "<image>\nWhich colour is it?", ["red"]),
        ("A: {{picture}} B: {{other}} {{question}}", "A: <image> B: <image> Which colour?", ["red", "blue"]),
        ("B: {{other}} A: {{row.picture}}", "B: <image> A: <image>", ["blue", "red"]),
        ("{% for one in images %}[{{one}}]{% endfor %}", "[<image>][<image>]", ["red", "blue"]),
    ],
)
def test_a_prompt_places_images(folder: Path, prompt: str, text: str, images: list[str]) -> None:
    one = len(images) == 1
    row = "pics/red.png,,Which colour?,red" if one else "pics/red.png,pics/blue.png,Which colour?,red"
    said = yaml.safe_dump({"prompt": prompt, "image": ["picture", "other"]})
    assert shown(built(folder, f"picture,other,question,answer\n{row}\n", said)) == (text, images)


def test_a_text_may_place_them_itself(folder: Path) -> None:
    head = "image_1,image_2,question,answer\npics/red.png,pics/blue.png,"
    assert shown(built(folder, head + "<image> or <image>?,x\n"))[0] == "Question: <image> or <image>?\nAnswer:"
    task = built(folder, head + "Is <image 2> like <image 1> or <image 2>? <image 9>,x\n")
    assert shown(task) == (
        "Question: Is <image> like <image> or <image>? <image 9>\nAnswer:", ["blue", "red", "blue"]
    )  # fmt: skip
    assert shown(built(folder, head + "Is <image 2> blue?,x\n")) == (
        "<image>\nQuestion: Is <image> blue?\nAnswer:", ["red", "blue"]
    )  # fmt: skip
    twice = "image_1,image_2,question,answer\npics/red.png,pics/red.png,Is <image 2> red?,x\n"
    assert shown(built(folder, twice))[1] == ["red", "red"]
    with pytest.raises(DataError, match=r"q.csv, row 1: the text has 1 times <image>, and the row has 2 images"):
        built(folder, head + "Is <image> blue?,x\n")
    with pytest.raises(DataError, match=r"q.csv, row 1: the text names images both by number and as <image>"):
        built(folder, head + "Is <image 2> like <image>?,x\n")
    with pytest.raises(DataError, match=r"the prompt places the images, and the row's text has <image> as well"):
        built(folder, head + "<image> <image>?,x\n", "prompt: '{{image}} {{question}}'")


def test_options_are_scored_or_asked_by_letter_over_images(folder: Path) -> None:
    rows = "image,question,A,B,answer\n" + "".join(f"pics/{one}.png,Which?,red,blue,{one}\n" for one in ("red", "blue"))
    task = built(folder, rows, shots=1)
    [request] = task.requests(task.items()[0])
    assert isinstance(request, ScoreRequest) and len(request.prompts[0].images) == 2
    letters = LetterTask(built(folder, rows))
    [asked] = letters.requests(letters.items()[0])
    assert isinstance(asked, GenerateRequest) and asked.prompt.images == (PARTS["red"],)
    assert asked.prompt.user.startswith("<image>\nQuestion: Which?\nA. ")
    assert [part for part, _ in letters.images(letters.items()[1])] == [PARTS["blue"]]


def test_bad_images_are_refused_by_row(folder: Path) -> None:
    (folder / "pics" / "broken.png").write_bytes(draw("red")[:60])
    (folder / "pics" / "drawing.svg").write_text("<svg/>")
    (folder / "pics" / "link.png").symlink_to("/etc/hostname")
    cells = {
        "pics/rad.png": "there is no such file in the folder 'data'; did you mean 'red.png'",
        "pics/broken.png": "the PNG image is damaged or cut off",
        "pics/drawing.svg": "this is an SVG drawing",
        "https://example.org/a.png": "is a network address, and images are not fetched",
        "../secret.png": "is not in the folder 'data'",
        "pics/link.png": "leads out of the folder 'data'",
        "data:text/plain;base64,aGVsbG8=": "is a data URL of text/plain, no image",
        "data:image/png;base64,!!!": "is no valid base64",
        "data:image/png;base64,aGVsbG8=": "this is no image of a known kind; it begins with b'hello'",
    }
    text = ROWS + "".join(f'"{cell}",q,x\n' for cell in cells)
    with pytest.raises(DataError) as caught:
        built(folder, text)
    lines = caught.value.message.splitlines()
    assert lines[0] == f"{len(cells)} rows cannot be used:"
    numbered = zip(range(3, 3 + len(cells)), cells, lines[1:], strict=True)
    assert all(f"row {n}: image {cell!r}"[:60] in line for n, cell, line in numbered)
    assert [said for said, line in zip(cells.values(), lines[1:], strict=True) if said not in line] == [], lines
    assert len(built(folder, text, "bad_rows: skip").items()) == 2
    (folder.parent / "secret.png").write_bytes(draw("red"))
    with pytest.raises(DataError, match=r"leads out of the folder 'data'; `image: \{columns: ..., folder: PATH\}`"):
        built(folder, "image,question,answer\n../secret.png,q,x\n")
    allowed = "image: {columns: image, folder: .}"
    assert shown(built(folder, "image,question,answer\nsecret.png,q,x\n", allowed))[1] == ["red"]


def test_a_column_called_image_that_holds_none_is_no_matter_of_chance(folder: Path) -> None:
    with pytest.raises(SpecError, match=r"'image' has a name of images, and its cells, e\.g\. '17', are no paths"):
        built(folder, "image,question,answer\n17,q,x\n18,q,y\n")
    assert built(folder, "image,question,answer\n17,q,x\n18,q,y\n", "image: []").items()[0].images == ()
    assert built(folder, "figure,question,answer\nFig. 2,q,x\nFig. 3,q,y\n").items()[0].images == ()
    with pytest.raises(SpecError, match="there is no column 'pic'"):
        built(folder, ROWS, "image: pic")


def test_rows_without_an_image_are_said(folder: Path) -> None:
    source = opened(folder, ROWS + ",What is 2+2?,4\n")
    assert "1 row without an image" in describe_source(source)
    task = OwnTask(source, "q", TaskOptions())
    assert shown(task, 2) == ("Question: What is 2+2?\nAnswer:", [])
    assert dict(task.card.settings)["own"]["without_image"] == 1  # type: ignore[index]


def test_a_changed_file_is_found_when_it_is_shown(folder: Path) -> None:
    task = built(folder, ROWS)
    (folder / "pics" / "red.png").write_bytes(draw("green"))
    with pytest.raises(DataError, match=r"'red\.png' has changed since it was looked at"):
        list(task.images(task.items()[0]))


def test_a_folder_of_classes_is_a_task(tmp_path: Path) -> None:
    for n, colour in enumerate(["red", "green", "blue"] * 2):
        place = tmp_path / "photos" / colour / ("deep" if n > 2 else "")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{n}.png").write_bytes(draw(colour, 12 + n))
    (tmp_path / "photos" / "notes.txt").write_text("x")
    (tmp_path / "photos" / ".hidden").mkdir()
    source = open_own_data(TaskEntry.model_validate({"file": "photos/"}), tmp_path)
    assert describe_source(source) == (
        "6 rows, 6 images (PNG, 12 to 17 wide, 8 high) in 'image', multiple choice of 3 (blue, green, red in every "
        "row), asked what the image shows, gold texts in 'label', 3 folders as classes"
    )
    task = OwnTask(source, "photos", TaskOptions())
    [request] = task.requests(task.items()[0])
    assert request.prompts[0].plain() == "<image>\nQuestion: What does the image show?\nAnswer:"
    assert [(item.gold, item.choices) for item in task.items()][::2] == [
        ((one,), ("blue", "green", "red")) for one in ("blue", "green", "red")
    ]
    written = yaml.safe_load(write_entry(source, "photos/"))["tasks"][0]
    assert written["image"] == "image" and "grade" not in written
    again = OwnTask(open_own_data(TaskEntry.model_validate(written), tmp_path), "photos", TaskOptions())
    assert [item.id for item in again.items()] == [item.id for item in task.items()]
    with pytest.raises(DataError, match="there is no folder 'pictures'"):
        open_own_data(TaskEntry.model_validate({"file": "pictures/"}), tmp_path)
    assert len({item.id for item in task.items()}) == 6


def test_a_folder_with_a_file_of_rows_is_read_by_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for colour in COLOURS:
        (tmp_path / "photos" / f"{colour}.png").write_bytes(draw(colour))
    (tmp_path / "photos" / "metadata.jsonl").write_text(
        "".join(json.dumps({"file_name": f"{c}.png", "question": "Which?", "answer": c}) + "\n" for c in COLOURS)
    )
    source = open_own_data(TaskEntry.model_validate({"file": "photos/"}), tmp_path)
    assert shown(OwnTask(source, "photos", TaskOptions()), 1) == ("<image>\nQuestion: Which?\nAnswer:", ["green"])
    assert "rows of metadata.jsonl" in describe_source(source)


def test_folders_that_say_nothing_are_refused(tmp_path: Path) -> None:
    def refused(*names: str) -> str:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(draw("red"))
        with pytest.raises(FairtrialError) as caught:
            open_own_data(TaskEntry.model_validate({"file": names[0].partition("/")[0] + "/"}), tmp_path)
        return str(caught.value)

    splits = refused("a/train/x/1.png", "a/test/x/1.png")
    assert "its folders are splits: test, train\nName one of them: a/train/." in splits
    assert "has no subfolder with images and no metadata.csv; 1 images lie in it" in refused("b/1.png")


def test_parquet_as_the_hub_writes_it(folder: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    struct = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
    images = [{"bytes": draw("red"), "path": "1.png"}, {"bytes": None, "path": "pics/blue.png"}]
    columns = {"image": arrow.array(images, struct), "question": ["q1", "q2"], "answer": ["x", "y"]}
    parquet.write_table(arrow.table(columns), folder / "q.parquet")
    plain = {**columns, "image": arrow.array([draw("red"), draw("blue")], arrow.binary())}
    parquet.write_table(arrow.table(plain), folder / "p.parquet")
    several = {**columns, "images": arrow.array([images, images[:1]], arrow.list_(struct))}
    del several["image"]
    parquet.write_table(arrow.table(several), folder / "r.parquet")
    for name in "qp":
        entry = TaskEntry.model_validate({"file": f"{folder.name}/{name}.parquet"})
        task = OwnTask(open_own_data(entry, folder.parent), "q", TaskOptions())
        assert [shown(task, n)[1] for n in (0, 1)] == [["red"], ["blue"]]
    entry = TaskEntry.model_validate({"file": f"{folder.name}/r.parquet"})
    task = OwnTask(open_own_data(entry, folder.parent), "q", TaskOptions())
    assert [shown(task, n)[1] for n in (0, 1)] == [["red", "blue"], ["red"]]
