from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from fairtrial.archive.base import Entry
from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Correction, Document
from fairtrial.archive.embedders import opening
from fairtrial.archive.embedders.base import scale_rows
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.cli.main import app
from fairtrial.errors import ArchiveError, SpecError
from fairtrial.rights import Attribution, Evidence, RightsRecord, Statement, Terms, Use
from fairtrial.rights.decision import RightsRule

DAY = datetime(2026, 3, 4, 9, tzinfo=UTC)
AT = ["--at", "2026-06-01"]


def sign(denied: tuple[Use, ...] = (), **terms: object) -> RightsRecord:
    told = Terms(**terms)  # type: ignore[arg-type]
    statements = [Statement(use, "deny" if use in denied else "allow", "signed", told) for use in Use]
    return RightsRecord((Evidence("agreement", "a.csv", "", "0" * 64, DAY, statements=tuple(statements)),))


@pytest.fixture
def archive(tmp_path: Path) -> str:
    def write(name: str, text: str, **more: object) -> Document:
        fields = {"title": f"Title {name}", "publisher": name.title(), "published": DAY, "rights": sign(), **more}
        return Document(f"https://{name}.example/quay", "feed", text, **fields)  # type: ignore[arg-type]

    corrected = (Correction("Two pillars, not three.", DAY),)
    credited = sign(attribution=Attribution("By licence of the Courier"), max_words=40)
    documents = [
        write("courier", "The quay is closed \x1b[31mnow[/b].", corrections=corrected, rights=credited, label="news"),
        write("hidden", "The quay has a secretword.", rights=sign((Use.DISPLAY,))),
        write("denied", "The quay has a deniedword.", rights=sign((Use.AI_INPUT,))),
        write("gone", "The quay has gone.", retracted="Made up."),
    ]
    place = tmp_path / "news.db"
    store = SqliteStore(place, create=True)
    with store.writing():
        store.add([Entry(one, cut(one)) for one in documents], {}, ())
    store.close()
    return str(place)


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["archive", *arguments], catch_exceptions=False, env={"COLUMNS": "100"})
    assert done.exit_code == 0
    return done.output


def test_a_search_says_what_was_found_why_it_may_be_used_and_what_was_withheld(archive: str) -> None:
    shown = run("search", "quay", "--archive", archive, *AT)
    assert "Title courier" in shown and "The quay is closed" in shown and "\x1b" not in shown
    assert "Corrected 2026-03-04: Two pillars, not three." in shown
    assert "credit “By licence of the Courier”; at most 40 words quoted" in " ".join(shown.split())
    assert "2 passages of 2 documents." in shown
    assert "Withheld for ai-input, whatever is searched for: 1 of 4 documents (1 agreement)." in shown
    assert "Passed over, because retracted: 1" in shown


def test_what_may_not_be_displayed_is_named_without_title_and_text(archive: str) -> None:
    shown = run("search", "quay", "--archive", archive, *AT)
    assert "https://hidden.example/quay" in shown and "display denied by the rule agreement" in shown
    assert "secretword" not in shown and "Title hidden" not in shown and "deniedword" not in shown
    told = json.loads(run("search", "quay", "--archive", archive, "--json", *AT))
    by_uri = {one["uri"]: one for one in told["found"]}
    assert by_uri["https://hidden.example/quay"]["text"] is None
    assert by_uri["https://hidden.example/quay"]["title"] is None
    assert "secretword" not in json.dumps(told) and "deniedword" not in json.dumps(told)


def test_narrowing(archive: str) -> None:
    assert "RETRACTED: Made up." in run("search", "quay", "--archive", archive, "--retracted", *AT)
    assert "1 passage of 1 document." in run("search", "quay", "--archive", archive, "--label", "news", *AT)
    nothing = run("search", "quay", "--archive", archive, "--until", "2026-01-01", *AT)
    assert "Nothing that may be used fits these words." in nothing
    both = run("search", "quay", "--archive", archive, "--use", "ai-input", "--use", "display", *AT)
    assert "hidden.example" not in both and "2 of 4 documents" in both


def test_vectors_are_made_once_and_searched(archive: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lengths:
        name = "lengths"

        def identity(self) -> list[object]:
            return ["lengths"]

        def embed(self, texts: list[str], kind: str) -> np.ndarray:
            return scale_rows(np.array([[len(text), 1.0] for text in texts], np.float32), "lengths")

        def close(self) -> None:
            pass

    monkeypatch.setitem(opening.EMBEDDERS.built_in, "small", lambda _: Lengths())  # type: ignore[arg-type]
    with pytest.raises(ArchiveError, match="not all passages") as caught:
        run("search", "quay", "--archive", archive, "--embed", "small", *AT)
    assert "fairtrial archive embed" in caught.value.fix
    assert "Embedded 4 passages with lengths:" in run("embed", "--archive", archive, *AT)
    assert "Embedded 0 passages with lengths:" in run("embed", "--archive", archive, *AT)
    after = run("search", "quay", "--archive", archive, "--embed", "small", *AT)
    assert "vectors 2" in after


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--embed", "smal"], "Did you mean 'small'"),
        (["--embed", "small:x"], "takes nothing after it"),
        (["--embed", "gguf:"], "has nothing after it"),
        (["--rerank", "large"], "no reranker 'large'"),
        (["--legs", "vector"], "Did you mean 'vectors'"),
    ],
)
def test_what_is_wrong_is_said(archive: str, arguments: list[str], why: str) -> None:
    with pytest.raises(SpecError) as caught:
        run("search", "quay", "--archive", archive, *arguments)
    assert why in caught.value.message


def test_vectors_need_an_embedder_and_an_archive_must_exist(archive: str, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="needs an embedder"):
        run("search", "quay", "--archive", archive, "--legs", "vectors")
    with pytest.raises(ArchiveError, match="no archive"):
        run("search", "quay", "--archive", str(tmp_path / "none.db"))
    with pytest.raises(SpecError, match="nothing to embed with"):
        run("embed", "--archive", archive, "--embed", "none")


def test_what_a_search_prints_as_json_fits_its_schema(archive: str) -> None:
    text = (Path(__file__).parents[3] / "docs" / "schemas" / "archive-search.schema.json").read_text()
    validator = jsonschema.Draft202012Validator(json.loads(text))
    told = json.loads(run("search", "quay", "--archive", archive, "--retracted", "--json", *AT))
    assert len(told["found"]) == 3
    validator.validate(told)
    assert not validator.is_valid({**told, "more": 1})
    rules = json.loads(text)["$defs"]["rule"]["enum"]
    assert (rules, json.loads(text)["$defs"]["use"]["enum"]) == (
        [rule.value for rule in RightsRule],
        [use.value for use in Use],
    )


def test_circumstances_in_which_an_archive_was_filled_hold_for_a_search_and_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quay.md").write_text("# Quay\n\nThe quay is closed.\n")
    run("add", "quay.md", "--profile", "own-archive", "--territory", "DE")
    shown = run("search", "quay")
    assert "The quay is closed." in shown
    assert "As the archive was filled: profile own-archive; territory DE." in shown
    told = json.loads(run("search", "quay", "--territory", "FR", "--json"))["circumstances"]
    assert (told["profile"], told["territory"], told["as_filled"]) == ("own-archive", "FR", ["profile"])
    assert "Nothing that may be used" in run("search", "quay", "--profile", "strict")
    explained = (
        CliRunner().invoke(app, ["rights", "explain", "quay.md", "-a", "news.db"], env={"COLUMNS": "100"}).output
    )
    assert "profile own-archive" in explained and "As the archive was filled: profile own-archive" in explained
    alone = CliRunner().invoke(app, ["rights", "explain", "quay.md"], env={"COLUMNS": "100"}).output
    assert "profile strict" in alone and "As the archive was filled" not in alone
