"""The folder that the site is built from: the pages of docs/, those made from the code, and the files they link to."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from scripts.pages.api import write_library
from scripts.pages.commands import write_commands
from scripts.pages.tables import write_forms, write_graders, write_levers, write_measures, write_tasks, write_trial_keys

ROOT = Path(__file__).parents[2]
GENERATED: dict[str, Callable[[], str]] = {
    "commands": write_commands,
    "trial-keys": write_trial_keys,
    "levers": write_levers,
    "tasks": write_tasks,
    "graders": write_graders,
    "measures": write_measures,
    "forms": write_forms,
    "python": write_library,
}
"""Name of each page in reference/ to what writes it."""

_LINK = re.compile(r"(?<!!)\[([^][]*)\]\(((?:\.\./)+[^)\s#]+)(#[^)]*)?\)")


def stage_pages(folder: Path) -> None:
    """Fill a folder with all that the site is built from; what was in it goes.

    Raises FileNotFoundError for a link to a file that does not exist.
    """
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(ROOT / "docs", folder)
    for page in sorted(folder.rglob("*.md")):
        page.write_text(_bring_files(page.read_text("utf-8"), page.relative_to(folder), folder), "utf-8")
    reference = folder / "reference"
    reference.mkdir(exist_ok=True)
    overview = folder / "reference.md"
    told = overview.read_text("utf-8")
    for name, write in GENERATED.items():
        text = write()
        (reference / f"{name}.md").write_text(f"{text.rstrip()}\n", "utf-8")
        title = text.partition("\n")[0].removeprefix("# ")
        told = told.replace(f"| {title} |", f"| [{title}](reference/{name}.md) |")
    overview.write_text(told, "utf-8")


def _bring_files(text: str, page: Path, folder: Path) -> str:
    """Copy what a page links to outside of docs/ to files/ of the site, and let its links lead there.

    Args:
        text: of the page.
        page: where it is, seen from docs/ and from the site alike.
        folder: of the site's pages.
    """

    def lead(found: re.Match[str]) -> str:
        target = Path(os.path.normpath(Path("docs") / page.parent / found[2]))
        if target.parts[0] == "docs":
            return found[0]
        brought = Path("files") / target
        (folder / brought).parent.mkdir(parents=True, exist_ok=True)
        (folder / brought).write_text(_lead_back((ROOT / target).read_text("utf-8"), target), "utf-8")
        return f"[{found[1]}]({os.path.relpath(brought, page.parent)}{found[3] or ''})"

    return _LINK.sub(lead, text)


def _lead_back(text: str, target: Path) -> str:
    """Return a file that was brought with its links to pages leading to the site's."""

    def lead(found: re.Match[str]) -> str:
        page = os.path.relpath(os.path.normpath(target.parent / found[2]), "docs")
        return f"[{found[1]}]({os.path.relpath(page, Path('files') / target.parent)}{found[3] or ''})"

    return _LINK.sub(lead, text) if target.suffix == ".md" else text
