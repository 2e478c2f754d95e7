"""Files of own rows: every usual way to write them is understood, and whatever is wrong is told at once, by row."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
import yaml

from fairtrial.errors import DataError, FairtrialError, SpecError
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.own.saying import describe_source
from fairtrial.tasks.own.source import OwnSource, open_own_data

Folder = Path
FOUR = "question,A,B,C,D,answer\n"


def opened(folder: Folder, content: str | bytes | list[dict[str, Any]], said: str = "", name: str = "") -> OwnSource:
    """Write a file and open it as a trial's task entry would."""
    if isinstance(content, list):
        content = "".join(json.dumps(row) + "\n" for row in content)
        name = name or "q.jsonl"
    path = folder / (name or "q.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_own_data(TaskEntry.model_validate({"file": path.name, **(yaml.safe_load(said) or {})}), folder)


def golds(source: OwnSource) -> list[str]:
    return ["|".join(question.gold) for question in source.questions.asked]


def refused(folder: Folder, content: str | bytes | list[dict[str, Any]], said: str = "", name: str = "") -> str:
    with pytest.raises(FairtrialError) as caught:
        opened(folder, content, said, name)
    return str(caught.value)


def test_columns_are_recognised_and_said_in_one_line(tmp_path: Folder) -> None:
    text = FOUR + "".join(f"q{n},p,r,s,t,{'ABCD'[n % 4]}\n" for n in range(6)) + "q0,p,r,s,t,A\n"
    source = opened(tmp_path, text.replace("answer\n", "answer,notes\n"))
    assert describe_source(source, "texts") == (
        "7 rows, multiple choice of 4 (columns A to D), question in 'question', option texts scored, gold letters A to "
        "D in 'answer', 1 duplicate row; not used: 'notes'"
    )
    assert source.asking.ask(source.questions.asked[0]) == "Question: q0\nAnswer:"


@pytest.mark.parametrize(
    "header",
    [
        "question,A,B,C,answer", "Question,option_a,option_b,option_c,gold", "prompt,choice_1,choice_2,choice_3,label",
        "input,Option 1,Option 2,Option 3,target", "query,opa,opb,opc,Correct Answer",
        "stem,ending0,ending1,ending2,key", "question text,choice.a,choice.b,choice.c,expected",
        "problem,a,b,c,correct_option",
    ],
)  # fmt: skip
def test_usual_names_of_columns(header: str, tmp_path: Folder) -> None:
    source = opened(tmp_path, f"{header}\nwhich?,red,green,blue,green\nwhat?,one,two,three,one\n")
    assert golds(source) == ["green", "one"]
    assert source.questions.asked[0].choices == ("red", "green", "blue")


@pytest.mark.parametrize(
    ("answers", "found", "words"),
    [
        ("A B C", "p r s", "letters"),
        ("a (b) C.", "p r s", "letters"),
        ("p r s", "p r s", "texts"),
        ("P R s", "p r s", "texts, apart from case and spaces"),
        ("0 1 2", "p r s", "numbers from 0"),
        ("1 2 3", "p r s", "numbers from 1"),
        ("0 0 1", "p p r", "numbers from 0"),
        ("3 3 1", "s s p", "numbers from 1"),
        ("c1 c2 c3", "p r s", "names of the options' columns"),
    ],
)
def test_right_answers_are_letters_texts_or_numbers(answers: str, found: str, words: str, tmp_path: Folder) -> None:
    rows = "".join(f"q{n},p,r,s,{answer}\n" for n, answer in enumerate(answers.split()))
    source = opened(tmp_path, "question,c1,c2,c3,answer\n" + rows, "choices: [c1, c2, c3]")
    assert golds(source) == found.split()
    assert source.questions.golds is not None and source.questions.golds.words == words


def test_what_can_be_counted_from_0_or_1_is_refused_until_it_is_said(tmp_path: Folder) -> None:
    text = "question,choice1,choice2,choice3,answer\nq,p,r,s,1\nq2,p,r,s,2\n"
    told = refused(tmp_path, text)
    assert "'1' means 'r' as a number from 0 and 'p' as a number from 1" in told
    assert "answer: {column: answer, read_as: from-0} or from-1" in told
    assert golds(opened(tmp_path, text, "answer: {column: answer, read_as: from-1}")) == ["p", "r"]
    assert golds(opened(tmp_path, text, "answer: {column: answer, read_as: from-0}")) == ["r", "s"]


def test_numbers_that_are_options_and_positions_are_refused(tmp_path: Folder) -> None:
    text = "question,choice1,choice2,choice3,answer\nq,2,1,3,1\nq2,3,2,1,2\n"
    assert "can be read in two ways" in refused(tmp_path, text)
    assert golds(opened(tmp_path, text, "answer: {column: answer, read_as: texts}")) == ["1", "2"]


@pytest.mark.parametrize(
    ("options", "way"),
    [
        (["red", "blue"], "lists"),
        ('["red", "blue"]', "lists"),
        ("['red', 'blue']", "lists"),
        ({"text": ["red", "blue"], "label": ["A", "B"]}, "options by label"),
        ({"A": "red", "B": "blue"}, "options by label"),
        ([{"label": "A", "text": "red"}, {"label": "B", "text": "blue"}], "lists with labels"),
        ("red|blue", "texts between bars"),
        ("red; blue", "texts between semicolons"),
        ("A) red\nB) blue", "texts after letters with marks"),
        ("1. red\n2. blue", "lines with marks"),
        ("A. red B. blue", "texts after letters with marks"),
        (["A) red", "B) blue"], "lists with marks"),
    ],
)
def test_options_in_one_column(options: Any, way: str, tmp_path: Folder) -> None:
    source = opened(tmp_path, [{"question": "q", "options": options, "answer": "B"}])
    assert source.questions.asked[0].choices == ("red", "blue") and golds(source) == ["blue"]
    assert source.questions.options is not None and source.questions.options.way == way


def test_a_right_answer_beside_wrong_ones(tmp_path: Folder) -> None:
    row = {"Question": "q", "Correct Answer": "x", "Incorrect Answer 1": "y", "Incorrect Answer 2": "z"}
    asked = opened(tmp_path, [row]).questions.asked[0]
    assert (asked.choices, asked.gold, asked.places) == (("x", "y", "z"), ("x",), (0,))


def test_options_of_all_rows_may_be_written_in_the_trial(tmp_path: Folder) -> None:
    said = "{prompt: 'Sort this: {{ticket}}', choices: [billing, technical], answer: team}"
    source = opened(tmp_path, "ticket,team\nmy bill,Billing\nit crashes,technical\n", said)
    assert golds(source) == ["billing", "technical"]
    assert source.asking.ask(source.questions.asked[1]) == "Sort this: it crashes"


def test_empty_options_leave_letters_where_they_are(tmp_path: Folder) -> None:
    source = opened(tmp_path, FOUR + "q,p,r,,t,D\nq2,p,r,s,,C\n")
    assert [question.choices for question in source.questions.asked] == [("p", "r", "t"), ("p", "r", "s")]
    assert golds(source) == ["t", "s"]


def test_all_bad_rows_are_listed_with_column_and_value(tmp_path: Folder) -> None:
    rows = ["q,p,r,s,t,A", 'x,"two\nlines",r,s,t,E', ",p,r,s,t,B", "q,p,p,s,t,B", "q,p,,,,A", "q, with comma,p,r,s,t,A"]
    told = refused(tmp_path, FOUR + "\n".join(rows) + "\n")
    assert told.splitlines() == [
        "q.csv: 5 rows cannot be used:",
        "  row 2 (line 4): answer 'E' is none of the letters A to D",
        "  row 3 (line 5): question is empty",
        "  row 4 (line 6): offers the option 'p' twice (columns A and B)",
        "  row 5 (line 7): has 1 option, and a choice needs two",
        "  row 6 (line 8): 7 cells for 6 columns; beyond the last: 'A' (text that holds the delimiter must stand in "
        "quotation marks)",
        "Right answers are read as letters. 'bad_rows: skip' leaves them out, and says so.",
    ]
    source = opened(tmp_path, FOUR + "\n".join(rows) + "\n", "bad_rows: skip")
    assert len(source.questions.asked) == 1 and "5 bad rows left out" in describe_source(source)


def test_an_error_lists_twenty_rows_and_counts_the_others(tmp_path: Folder) -> None:
    told = refused(tmp_path, FOUR + "q,p,r,s,t,A\n" + "q,p,r,s,t,F\n" * 30)
    assert told.count("is none of the letters") == 20 and "... and 10 more" in told


def test_rows_without_an_answer_are_left_out_and_said(tmp_path: Folder) -> None:
    source = opened(tmp_path, "question,answer\nq,x\nq2,\n,\nq3,y\n")
    assert golds(source) == ["x", "y"]
    assert describe_source(source).startswith("2 of 3 rows, written answers")
    assert "1 row without an answer left out, 1 empty row left out" in describe_source(source)
    assert "column 'answer' is empty" in refused(tmp_path, "question,answer\nq,\n")


@pytest.mark.parametrize(
    ("answers", "grader"),
    [
        (["4", "-1,000", "3.5"], "number"),
        (["A", "B"] * 4, "one_of (A, B)"),
        (["Paris", "Rome"], "exact"),
        (["00234", "12345"], "exact"),
    ],
)
def test_written_answers_get_the_grader_that_fits(answers: list[str], grader: str, tmp_path: Folder) -> None:
    source = opened(tmp_path, [{"question": f"q{n}", "answer": answer} for n, answer in enumerate(answers)])
    assert f"graded by {grader}" in describe_source(source)


def test_a_comma_that_may_mean_two_things_is_refused_by_row(tmp_path: Folder) -> None:
    assert "row 2: the comma may stand between" in refused(tmp_path, "question;answer\na;3,5\nb;1,500\n")


def test_a_few_labels_are_options_unless_a_prompt_names_them(tmp_path: Folder) -> None:
    rows = [{"ticket": f"t{n}", "team": ("billing", "orders")[n % 2]} for n in range(6)]
    assert "multiple choice of 2 (billing, orders in every row)" in describe_source(opened(tmp_path, rows))
    said = "{prompt: 'Sort this ticket into billing or orders: {{ticket}}'}"
    assert "graded by one_of (billing, orders)" in describe_source(opened(tmp_path, rows, said))


def test_lists_of_right_answers_count_each(tmp_path: Folder) -> None:
    source = opened(tmp_path, 'question,answer\nq,"[""Paris"", ""paris""]"\nr,"[""x""]"\n')
    assert golds(source) == ["Paris|paris", "x"]
    mixed = opened(tmp_path, 'question,answer\nq,"[""Paris"", ""paris""]"\nr,x\n')
    assert golds(mixed) == ['["Paris", "paris"]', "x"] and mixed.questions.counts["like_lists"] == 1
    real = opened(tmp_path, [{"question": "q", "answer": ["Lima", "lima"]}, {"question": "r", "answer": "x"}])
    assert golds(real) == ["Lima|lima", "x"] and real.questions.counts["like_lists"] == 0


def test_two_columns_of_right_answers_must_agree(tmp_path: Folder) -> None:
    same = "question,A,B,answer,answer_idx\nq,x,y,y,B\nr,x,y,x,A\n"
    assert golds(opened(tmp_path, same)) == ["y", "x"]
    told = refused(tmp_path, same.replace("x,A", "x,B"))
    assert "'answer' and 'answer_idx'" in told and "answer: answer" in told


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbfquestion,answer\nq,x\n", "graded by exact (case and punctuation apart)"),
        ("question,answer\nq\u00e9,x\n".encode("utf-16"), "encoding utf-16"),
        (b"question;answer\n\"a; b\";x\n", "cells between semicolons"),
        (b"sep=;\r\nquestion;answer\r\nq;x\r\n", "cells between semicolons"),
        (b"question\tanswer\nq\tx\n", "cells between tabs"),
        (b"question|answer\r\nq|x\r\n", "cells between bars"),
        (b"question,answer\rq,x\r", "1 row,"),
    ],
)  # fmt: skip
def test_encodings_and_delimiters_are_found_out(content: bytes, said: str, tmp_path: Folder) -> None:
    source = opened(tmp_path, content)
    assert golds(source) == ["x"] and said in describe_source(source)


def test_an_encoding_that_cannot_be_known_is_asked_for(tmp_path: Folder) -> None:
    latin = "question,answer\nq\u00e9,x\n".encode("cp1252")
    assert "encoding: latin-1" in refused(tmp_path, latin)
    path = "{path: q.csv, encoding: cp1252}"
    (tmp_path / "q.csv").write_bytes(latin)
    source = open_own_data(TaskEntry.model_validate({"file": yaml.safe_load(path)}), tmp_path)
    assert source.questions.asked[0].row["question"] == "q\u00e9"
    assert "utf-16-le" in refused(tmp_path, "question,answer\nq,x\n".encode("utf-16-le"))


def test_a_file_without_a_header_gets_names(tmp_path: Folder) -> None:
    (tmp_path / "q.csv").write_text("What is it?,p,r,B\nAnd this?,p,r,A\n")
    entry = TaskEntry.model_validate({"file": {"path": "q.csv", "columns": ["question", "A", "B", "answer"]}})
    source = open_own_data(entry, tmp_path)
    assert golds(source) == ["r", "p"] and source.questions.asked[0].place == "row 1 (line 1)"


def workbook(path: Path, rows: list[list[Any]], more: str = "") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Questions"
    for row in rows:
        sheet.append(row)
    if more:
        book.create_sheet(more).append(["nothing"])
    book.save(path)
    return path


def test_excel_dates_numbers_and_sheets(tmp_path: Folder) -> None:
    rows = [["question", "answer"], ["When?", datetime.date(2024, 5, 1)], [], ["How many?", 3.0], ["At?", "noon"]]
    workbook(tmp_path / "q.xlsx", rows, "Notes")
    source = open_own_data(TaskEntry.model_validate({"file": "q.xlsx"}), tmp_path)
    assert golds(source) == ["2024-05-01", "3", "noon"]
    assert source.questions.asked[1].place == "row 2 (sheet row 4)"
    assert "sheet 'Questions'; not read: 'Notes'" in describe_source(source)
    with pytest.raises(DataError, match=r"has no sheet 'Question'\. Did you mean 'Questions'"):
        open_own_data(TaskEntry.model_validate({"file": {"path": "q.xlsx", "sheet": "Question"}}), tmp_path)


@pytest.mark.parametrize(
    ("cell", "told"), [("=1+1", "cell B2 .* holds the formula =1"), ("#N/A", "Excel's error #N/A")]
)
def test_excel_formulas_without_a_value_and_errors_are_named(cell: str, told: str, tmp_path: Folder) -> None:
    workbook(tmp_path / "q.xlsx", [["question", "answer"], ["q", cell]])
    with pytest.raises(DataError, match=told):
        open_own_data(TaskEntry.model_validate({"file": "q.xlsx"}), tmp_path)


def test_what_is_no_workbook_is_named(tmp_path: Folder) -> None:
    assert "is not an Excel workbook" in refused(tmp_path, "question,answer\n", name="q.xlsx")
    assert "Save it as .xlsx" in refused(tmp_path, "x", name="q.xls")
    workbook(tmp_path / "w.xlsx", [["question", "answer"], ["q", "x"]])
    assert "an Excel workbook needs the suffix .xlsx" in refused(tmp_path, (tmp_path / "w.xlsx").read_bytes())


def test_parquet_with_lists_and_positions(tmp_path: Folder) -> None:
    table = pyarrow.table({"question": ["q", "r"], "choices": [["p", "s"], ["t", "u"]], "answer": [1, 0]})
    pyarrow.parquet.write_table(table, tmp_path / "q.parquet")
    source = open_own_data(TaskEntry.model_validate({"file": "q.parquet"}), tmp_path)
    assert golds(source) == ["s", "t"]


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("Sort this: {ticket}", "Columns stand in double braces: {{ticket}}"),
        ("Sort this: {{tickt}}", "needs the column 'tickt', which is not there. Did you mean 'ticket'"),
        ("Sort {{ticket}} as {{team}}", "shows the column 'team', which holds the right answers"),
        ("Sort {{ticket", "no valid template"),
        ("{% for n in range(10**9) %}{{ticket}}{% endfor %}", "cannot be filled"),
        ("{{ticket.__class__.__mro__}}", "cannot be filled"),
    ],
)
def test_prompts_that_cannot_be_meant_are_refused(prompt: str, told: str, tmp_path: Folder) -> None:
    said = yaml.safe_dump({"prompt": prompt, "answer": "team"})
    assert told in refused(tmp_path, "ticket,team\nmy bill,billing\n", said)


def test_prompts_from_a_file_a_column_and_columns_with_spaces(tmp_path: Folder) -> None:
    (tmp_path / "p.txt").write_text("Sort this: {{ The ticket }}\n")
    text = "The ticket,team\n{{ team }},billing\n"
    source = opened(tmp_path, text, "{prompt: {file: p.txt}, answer: team}")
    assert source.asking.ask(source.questions.asked[0]) == "Sort this: {{ team }}"  # a cell is no template
    source = opened(tmp_path, text, "{prompt: The ticket, answer: team}")
    assert source.asking.ask(source.questions.asked[0]) == "{{ team }}"


def test_what_is_missing_is_named_with_what_there_is(tmp_path: Folder) -> None:
    assert "The file has: foo, bar, baz" in refused(tmp_path, "foo,bar,baz\n1,2,3\n")
    assert "there is no column 'anser'. Did you mean 'answer'" in refused(
        tmp_path, "question,answer\nq,x\n", "answer: anser"
    )
    assert "has no rows" in refused(tmp_path, "question,answer\n")
    assert "has no rows" in refused(tmp_path, "")
    with pytest.raises(DataError, match=r"does not exist\nFiles of rows there: q\.csv"):
        open_own_data(TaskEntry.model_validate({"file": "p.csv"}), tmp_path)
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        open_own_data(TaskEntry.model_validate({"file": "d.csv"}), tmp_path)
    with pytest.raises(SpecError, match="may each hold the right answers"):
        opened(tmp_path, "question,answer,label\nq,x,y\n")
