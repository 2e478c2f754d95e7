"""Which tasks of an installed lm-evaluation-harness fairtrial accepts, and what stands against the others.

    python -m bench.coverage [--names] [--top 40] [--json FILE]

Walks every leaf task, without reading rows, and counts the reasons of the refused ones by key of the task file and by
function, metric or setting.  A task with several reasons counts under each, and under ``alone`` where it has one only.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder
from fairtrial.tasks.lmeval.reasons import Reason

KNOWN = (
    "mmlu", "arc_challenge", "hellaswag", "winogrande", "gsm8k", "truthfulqa_mc2", "bbq", "mmlu_pro", "ifeval", "gpqa",
    "minerva_math", "leaderboard_musr", "drop", "race", "wikitext", "truthfulqa_gen", "copa", "agieval", "pawsx",
    "xcopa", "squadv2", "leaderboard", "humaneval", "mbpp",
)  # fmt: skip
"""The 24 names that people ask for most."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", action="store_true", help="the best-known names only")
    parser.add_argument("--top", type=int, default=40, help="how many reasons to show")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    folder = find_installed_lmeval_folder()
    if folder is None:
        sys.exit("lm-evaluation-harness is not installed")
    catalog = LmEvalCatalog([folder])
    began = time.perf_counter()
    document: dict[str, Any] = {"names": [show_name(catalog, name) for name in KNOWN]}
    if not given.names:
        document |= count_all(catalog, given.top)
    document["seconds"] = round(time.perf_counter() - began, 1)
    print(f"{document['seconds']} s")
    if given.json:
        given.json.write_text(json.dumps(document, indent=1) + "\n")


def describe(reason: Reason) -> str:
    """Return a reason as it is counted: key and function, metric or value, without a task's own numbers."""
    return f"{reason.key or 'file'}: {reason.what or reason.message.partition(';')[0][:60]}"


def show_name(catalog: LmEvalCatalog, name: str) -> dict[str, Any]:
    """Print and return whether a task, or each task of a group, is accepted."""
    leaves = catalog.expand(name)
    refused = {leaf: reasons for leaf in leaves if (reasons := catalog.list_reasons(leaf))}
    why = Counter(describe(reason) for reasons in refused.values() for reason in reasons)
    count = len(leaves) - len(refused)
    print(f"{'yes' if not refused else 'no ':3} {name:20} {count:4} of {len(leaves):4}  " + "; ".join(list(why)[:4]))
    return {"name": name, "tasks": len(leaves), "accepted": count, "reasons": dict(why.most_common())}


def count_all(catalog: LmEvalCatalog, top: int) -> dict[str, Any]:
    """Print and return the figures of all leaf tasks."""
    accepted, total = 0, 0
    every: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    example: dict[str, str] = {}
    files: dict[str, set[str]] = defaultdict(set)
    for name, entry in catalog.list_names().items():
        if entry.kind != "task":
            continue
        total += 1
        reasons = catalog.list_reasons(name)
        accepted += not reasons
        named = {describe(reason) for reason in reasons}
        every.update(named)
        alone.update(named if len(named) == 1 else ())
        keys.update({f"{reason.kind} {reason.key}" for reason in reasons})
        for one in named:
            example.setdefault(one, name)
            files[one].add(str(entry.path.parent))
    print(f"\naccepted {accepted:,} of {total:,} leaf tasks ({100 * accepted / total:.1f}%)\n")
    for key, count in keys.most_common():
        print(f"{count:6} {key}")
    print(f"\n{'tasks':>6} {'alone':>6} folders")
    for one, count in every.most_common(top):
        print(f"{count:6} {alone[one]:6} {len(files[one]):7}  {one}  (e.g. {example[one]})")
    return {
        "accepted": accepted, "tasks": total, "keys": dict(keys), "reasons": dict(every), "alone": dict(alone),
    }  # fmt: skip


if __name__ == "__main__":
    main()
