"""How the cost of scoring grows with items, shots, choices and the size of the model.

    python -m bench.scoring.growth [--other SPEC] [--json FILE]

Times small jobs that differ in one thing, and fits seconds = start + tokens computed / rate to all of them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.scoring import weights
from bench.scoring.shapes import Row, Shape, bbq, few_shot, lines, plain, twelve
from bench.scoring.systems import Ours

ENGINES = ("llamacpp", "transformers")


def jobs() -> list[tuple[str, int, Shape]]:
    """Return what is varied, its value, and the work."""
    rows, _ = bbq()
    out = [("items", n, few_shot(rows, n)) for n in (10, 20, 40, 80)]
    out += [("shots", n, few_shot(rows[10 - n :], 30, n)) for n in (1, 2, 5, 10)]
    many = twelve(lines("arc_easy")[0], 30)
    for n in (2, 4, 8, 12):
        out.append(("choices", n, plain([Row(r.question, r.choices[:n], 0) for r in many])))
    return out


def measured(system: Ours) -> list[dict[str, Any]]:
    """Return seconds (the better of two) and tokens of every job."""
    points = []
    for what, value, work in jobs():
        seconds = []
        for _ in range(2):
            system.forget()
            begun = time.perf_counter()
            system.score(work.pairs)
            seconds.append(time.perf_counter() - begun)
        points.append(
            {"what": what, "value": value, "seconds": min(seconds), "tree": system.tree, "usual": system.usual}
        )
    return points


def fitted(points: list[dict[str, Any]]) -> dict[str, float]:
    """Return start and rate by least squares, and the share of the variance that they explain."""
    tokens = np.array([p["tree"] for p in points], dtype=np.float64)
    seconds = np.array([p["seconds"] for p in points])
    (slope, start), *_ = np.polyfit(tokens, seconds, 1, full=True)
    rest = seconds - (start + slope * tokens)
    explained = 1 - float((rest**2).sum() / ((seconds - seconds.mean()) ** 2).sum())
    return {"start_s": float(start), "tokens_per_s": float(1 / slope), "explained": explained}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scoring.growth", description=__doc__.splitlines()[0])
    parser.add_argument("--other", help="a larger model, e.g. gguf:PATH")
    parser.add_argument("--json", type=Path, help="write all figures there")
    options = parser.parse_args()
    result: dict[str, Any] = {}
    for engine in ENGINES:
        for spec in (weights.GGUF, *([options.other] if options.other else [])):
            system = Ours.open(engine, "auto", spec)
            system.score([[("One, two,", " three")]])
            points = measured(system)
            fit = fitted(points) | {"parameters": system.engine.record["parameters"]}
            system.engine.close()
            result[f"{engine} {spec.rpartition('/')[2]}"] = {"fit": fit, "points": points}
            print(
                f"{engine:13} {fit['parameters'] / 1e6:6.0f} M  seconds = {fit['start_s']:.3f} + tokens / "
                f"{fit['tokens_per_s']:.0f}  ({fit['explained']:.1%} of the variance)",
                flush=True,
            )
            for p in points:
                print(
                    f"    {p['what']:8} {p['value']:3}  {p['usual']:7,} -> {p['tree']:6,} tokens  {p['seconds']:.2f} s"
                )
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
