"""Little distributions that plug something in: made as wheels by the standard, and installed by an installer."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(?:python|toml|yaml)\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def doc_files(page: Path) -> dict[str, str]:
    """Return the code blocks of a page that begin with a file's name, by that name."""
    return dict(BLOCK.findall(page.read_text()))


def example_distribution() -> tuple[dict[str, str], dict[str, str]]:
    """Return what the pages about plugins say together: files by name, and entry points."""
    files: dict[str, str] = {}
    entries: dict[str, str] = {}
    for page in sorted(DOCS.glob("add-a*.md")):
        own = doc_files(page)
        entries |= tomllib.loads(own.pop("pyproject.toml"))["project"]["entry-points"]["fairtrial"]
        assert not own.keys() & files.keys()
        files |= own
    return files, entries


def make_wheel(folder: Path, name: str, version: str, files: Mapping[str, str], entries: str) -> Path:
    """Write a wheel with these files and this ``entry_points.txt``; return its path.

    The form is that of the binary distribution format (packaging.python.org/specifications/binary-distribution-format).
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entries,
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in content.items())
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**content, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return wheel


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def install(wheel: Path, target: Path) -> None:
    """Install a wheel into a folder, with pip or uv, without a network."""
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--disable-pip-version-check"]
    uv = [shutil.which("uv") or "uv", "pip", "install", "--offline", "--python", sys.executable]
    installer = pip if importlib.util.find_spec("pip") else uv
    done = subprocess.run(
        [*installer, "--no-deps", "--quiet", "--target", str(target), str(wheel)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
