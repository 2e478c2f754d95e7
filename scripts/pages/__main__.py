"""Build the documentation: ``python -m scripts.pages [FOLDER]`` writes it to FOLDER, or to site/."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from scripts.pages.staging import ROOT, stage_pages


def build_site(out: Path) -> None:
    """Build the site, strictly: a link to nowhere, or to an anchor that is not there, ends in CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        stage_pages(work / "docs")
        settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
        settings |= {"docs_dir": "docs", "site_dir": "site"}
        (work / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), "utf-8")
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
        subprocess.run(command, cwd=work, check=True)
        shutil.rmtree(out, ignore_errors=True)
        shutil.move(work / "site", out)


if __name__ == "__main__":
    build_site(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "site")
