"""Lines with their boxes become text in reading order: columns, paragraphs, tables."""

from __future__ import annotations

import random

import pytest

from fairtrial.levers.read.layout import Line, find_rows, write_page

H = 20.0


def line(x: float, y: float, text: str, width: float | None = None) -> Line:
    return Line(x, y, x + (width or 10.0 * len(text)), y + H, text)


def column(x: float, y: float, *texts: str, pitch: float = 24.0, width: float | None = None) -> list[Line]:
    return [line(x, y + i * pitch, text, width) for i, text in enumerate(texts)]


PROSE = ("one two three four five", "six seven eight nine ten", "and so it goes on here")


def test_lines_of_a_paragraph_follow_each_other_and_paragraphs_are_apart() -> None:
    page = [*column(0, 0, "first line", "second line"), *column(0, 90, "another paragraph")]
    assert write_page(page) == "first line\nsecond line\n\nanother paragraph"


def test_pieces_of_one_line_are_joined_from_the_left() -> None:
    page = [line(118, 3, "world", 50), line(60, 0, "hello", 52)]
    assert write_page(page) == "hello world"
    assert write_page(page, spaced=False) == "helloworld"


@pytest.mark.parametrize("offset", [0, 7, 12])
def test_columns_of_running_text_are_read_one_after_the_other(offset: float) -> None:
    page = [*column(0, 0, *PROSE), *column(300, offset, *PROSE[::-1])]
    assert write_page(page) == "\n".join(PROSE) + "\n\n" + "\n".join(PROSE[::-1])


def test_a_heading_above_columns_and_a_line_below_stay_where_they_are() -> None:
    page = [
        line(150, 0, "a heading over both"),
        *column(0, 60, *PROSE),
        *column(300, 60, *PROSE),
        line(0, 180, "a closing line that is wide enough to stand below both of them"),
    ]
    prose = "\n".join(PROSE)
    below = "a closing line that is wide enough to stand below both of them"
    assert write_page(page) == f"a heading over both\n\n{prose}\n\n{prose}\n\n{below}"


ROWS = [("Item", "Qty", "Price"), ("Tea", "2", "3.50"), ("Milk", "", "1.20"), ("Total", "3", "8.20")]
MARKDOWN = "| Item | Qty | Price |\n| --- | --- | --- |\n| Tea | 2 | 3.50 |\n| Milk |  | 1.20 |\n| Total | 3 | 8.20 |"


def grid(rows: list[tuple[str, ...]], y: float = 0, pitch: float = 30) -> list[Line]:
    return [line(150.0 * j, y + pitch * i, cell) for i, row in enumerate(rows) for j, cell in enumerate(row) if cell]


@pytest.mark.parametrize("pitch", [24, 40, 70])
def test_a_table_is_kept_with_its_empty_cells(pitch: float) -> None:
    assert write_page(grid(ROWS, pitch=pitch)) == MARKDOWN


def test_a_table_between_lines_begins_and_ends_a_block() -> None:
    page = [line(0, 0, "SHOP"), *grid(ROWS, 30), line(0, 190, "thank you for coming, see you soon")]
    assert write_page(page) == f"SHOP\n\n{MARKDOWN}\n\nthank you for coming, see you soon"
    plain = "Item  Qty  Price\nTea  2  3.50\nMilk  1.20\nTotal  3  8.20"
    assert write_page(grid(ROWS), tables=False) == plain


def test_a_row_with_one_cell_stays_in_its_table() -> None:
    rows = [("Name", "Town"), ("Ada", ""), ("Ben", "Oslo")]
    assert write_page(grid(rows)) == "| Name | Town |\n| --- | --- |\n| Ada |  |\n| Ben | Oslo |"


def test_labels_and_values_of_a_form_are_a_table() -> None:
    rows = [("Name:", "Ada King of Lovelace House"), ("Born:", "10 December 1815 in London")]
    assert write_page(grid(rows)).splitlines()[2] == "| Born: | 10 December 1815 in London |"


def test_one_row_of_words_apart_is_no_table() -> None:
    assert write_page([line(0, 0, "Left"), line(200, 0, "Right")]) == "Left  Right"


def test_a_bar_in_a_cell_does_not_end_the_cell() -> None:
    rows = [("a|b", "c"), ("d", "e")]
    assert write_page(grid(rows)).startswith("| a\\|b | c |")


def test_the_order_in_which_lines_were_found_means_nothing() -> None:
    page = [*column(0, 0, *PROSE), *column(300, 5, *PROSE), *grid(ROWS, 150)]
    want = write_page(page)
    for seed in range(20):
        shuffled = random.Random(seed).sample(page, len(page))
        assert write_page(shuffled) == want


def test_nothing_gives_nothing_and_every_line_is_written_once() -> None:
    assert write_page([]) == ""
    drawn = random.Random(7)
    for _ in range(200):
        page = [
            line(drawn.uniform(0, 800), drawn.uniform(0, 800), f"w{i}", drawn.uniform(5, 300))
            for i in range(drawn.randint(1, 40))
        ]
        text = write_page(page)
        words = text.replace("|", " ").split()
        assert sorted(w for w in words if w.startswith("w")) == sorted(one.text for one in page)


def test_rows_are_told_by_their_middles() -> None:
    page = [line(0, 0, "a"), line(50, 6, "b"), line(0, 24, "c"), line(50, 30, "d")]
    assert [[one.text for one in row] for row in find_rows(page)] == [["a", "b"], ["c", "d"]]
