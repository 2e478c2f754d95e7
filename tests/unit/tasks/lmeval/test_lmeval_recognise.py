"""Which functions of task files are replaced by ours: the same code, code that is not there, and what asks for ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import TaskCodeError
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder
from fairtrial.tasks.lmeval.functions import RestrictedFunction
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.native import NATIVE
from fairtrial.tasks.lmeval.recognise import ORIGINALS, compute_fingerprint, find_replacement

CODE = '''
import math

LIMIT = 3

def helper(x):
    return x + LIMIT

def unused(x):
    return x

def wanted(x):
    """Say what it does."""
    return helper(x)
'''


@pytest.fixture(scope="module")
def folder() -> Path:
    found = find_installed_lmeval_folder()
    if found is None:
        pytest.skip("lm-eval, whose code is to be recognised, is not installed")
    return found


def test_a_fingerprint_sees_what_a_function_uses_and_nothing_else() -> None:
    usual = compute_fingerprint(CODE, "wanted")
    assert usual and len(usual) == 16
    same = [CODE.replace("def unused(x):\n    return x", "def other():\n    pass"), CODE.replace("\n\n", "\n\n\n")]
    assert {compute_fingerprint(text, "wanted") for text in same} == {usual}
    changed = [CODE.replace("LIMIT = 3", "LIMIT = 4"), CODE.replace("x + LIMIT", "x - LIMIT"),
               CODE.replace("def wanted", "@helper\ndef wanted"), CODE + "\nif LIMIT:\n    LIMIT = 7\n",
               CODE + "\nwanted = helper\n"]  # fmt: skip
    assert usual not in {compute_fingerprint(text, "wanted") for text in changed}
    assert compute_fingerprint(CODE, "nothing") is None
    assert compute_fingerprint("def wanted(:", "wanted") is None
    assert compute_fingerprint("(" * 5000, "wanted") is None


def test_every_function_of_ours_has_an_original() -> None:
    assert set(ORIGINALS) == {
        f"{family}/{key}" for family, functions in NATIVE.items() for key in functions if "." in key
    }


@pytest.mark.parametrize("name", ORIGINALS)
def test_the_installed_code_is_recognised_wherever_it_lies(name: str, folder: Path, tmp_path: Path) -> None:
    family, _, key = name.partition("/")
    module, _, function = key.rpartition(".")
    source = (folder / family / f"{module}.py").read_text()
    found = find_replacement(CodeRef(module, function, folder / family / "any.yaml", 1))
    assert found and (found.family, found.function) == (family, NATIVE[family][key])
    (tmp_path / f"{module}.py").write_text(source)
    copied = find_replacement(CodeRef(module, function, tmp_path / "any.yaml", 1))
    assert copied == found


def test_code_that_differs_is_never_replaced(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "hellaswag").mkdir()
    source = (folder / "hellaswag" / "utils.py").read_text()
    assert "text.strip()" in source
    (tmp_path / "hellaswag" / "utils.py").write_text(source.replace("text.strip()", "text.lower()"))
    (tmp_path / "hellaswag" / "t.yaml").write_text((folder / "hellaswag" / "hellaswag.yaml").read_text())
    restricted = LmEvalCatalog([tmp_path]).read_config("hellaswag")
    assert isinstance(restricted.process_docs, RestrictedFunction)
    (tmp_path / "hellaswag" / "utils.py").write_text(source.replace("text.strip()", "text.__class__()"))
    with pytest.raises(
        TaskCodeError, match=r"--trust-task-code\. Or write !function fairtrial:hellaswag\.process_docs"
    ):
        LmEvalCatalog([tmp_path]).read_config("hellaswag")
    trusted = LmEvalCatalog([tmp_path], trust_code=True).read_config("hellaswag")
    assert trusted.process_docs is not NATIVE["hellaswag"]["utils.process_docs"]


def test_where_there_is_no_code_the_folder_decides(tmp_path: Path) -> None:
    ours = NATIVE["bbq"]["utils.doc_to_choice"]
    found = find_replacement(CodeRef("utils", "doc_to_choice", tmp_path / "bbq" / "any.yaml", 1))
    assert found and found.function is ours
    assert find_replacement(CodeRef("utils", "doc_to_choice", tmp_path / "bbq_variant" / "any.yaml", 1)) is None
    assert find_replacement(CodeRef("other", "doc_to_choice", tmp_path / "bbq" / "any.yaml", 1)) is None


def test_ours_can_be_asked_for_by_name(tmp_path: Path) -> None:
    found = find_replacement(CodeRef("fairtrial", "bbq.doc_to_choice", tmp_path / "any.yaml", 1))
    assert found and (found.family, found.function) == ("bbq", NATIVE["bbq"]["utils.doc_to_choice"])
    with pytest.raises(TaskCodeError, match=r"Did you mean 'bbq\.doc_to_choice'"):
        find_replacement(CodeRef("fairtrial", "bbq.doc_to_chioce", tmp_path / "any.yaml", 1))
