"""Are the verdicts honest, and how many items do they save?

    python -m bench.verdicts [--quick] [--json FILE]

Simulates trials whose truth is known (2,000 a scenario; 100 with --quick), looks after every batch of 25 items, and
counts false verdicts, false ties, coverage at every look and the share of items used, beside what peers do with the
same items.  Then decides the six pairs of four recorded systems on GSM8K under 200 random orders, if the folder with
public benchmark rows is there (environment variable FAIRTRIAL_SAMPLE_DATA, or shared/data beside the repository).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench.simulated_pairs import WAYS, Run, Scenario, draw, fixed_coverage, sequential
from fairtrial.stats.paired import PairedSample, Rule, compare
from fairtrial.stats.sequential import decide

BATCH = 25


def scenarios() -> list[Scenario]:
    """Return what is simulated."""
    found = []
    for target in ("benchmark", "population"):
        for n, q in ((200, 0.4), (1000, 0.05), (1000, 0.2), (1000, 0.4), (5000, 0.2), (14000, 0.1)):
            found.append(Scenario(f"null, {q:.0%} differ", n, 0.0, q, target))
        found.append(Scenario("null, heavy ties", 1000, 0.0, 0.01, target))
        for n, gap, q in ((1000, 0.02, 0.2), (5000, 0.02, 0.05), (14000, 0.02, 0.1), (14000, 0.01, 0.1)):
            found.append(Scenario(f"small gap {gap:.0%}, {q:.0%} differ", n, gap, q, target))
        for n, gap, q in ((1000, 0.05, 0.2), (5000, 0.05, 0.2), (1000, 0.1, 0.3), (1000, 0.2, 0.2), (1000, 0.2, 0.4)):
            found.append(Scenario(f"gap {gap:.0%}, {q:.0%} differ", n, gap, q, target))
        found.append(Scenario("graded, null", 1000, 0.0, 0.4, target, "graded"))
        found.append(Scenario("graded, gap 5%", 1000, 0.1, 0.4, target, "graded"))
        found.append(Scenario("clusters, null", 1000, 0.0, 0.2, target, "clusters"))
        found.append(Scenario("clusters, gap 5%", 5000, 0.05, 0.2, target, "clusters"))
        found.append(Scenario("4 candidates, null", 1000, 0.0, 0.2, target, candidates=4))
        found.append(Scenario("8 candidates, null", 1000, 0.0, 0.2, target, candidates=8))
        found.append(Scenario("8 candidates, one 5% better", 5000, 0.05, 0.2, target, candidates=8))
    for known in ("baseline", "sibling"):
        for n, gap, q in ((1000, 0.0, 0.2), (1000, 0.05, 0.2), (5000, 0.05, 0.2), (5000, 0.0, 0.1)):
            found.append(Scenario(f"{known} known, gap {gap:.0%}, {q:.0%} differ", n, gap, q, known=known))
    return found


def simulate(scenario: Scenario, trials: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return the figures of one scenario, ours and the peers'."""
    ours: list[Run] = []
    peers: dict[str, list[Run]] = {name: [] for name in WAYS}
    for _ in range(trials):
        gaps = [scenario.gap] + [0.0] * (scenario.candidates - 2)
        pairs = [draw(scenario, gap, rng) for gap in gaps]
        ours.append(joined([sequential(scenario, pair) for pair in pairs]))
        for name, way in WAYS.items():
            peers[name].append(joined([way(scenario, pair) for pair in pairs]))
    return {
        **asdict(scenario),
        **figures(ours),
        "trials": trials,
        "peers": [{"name": name, **figures(runs)} for name, runs in peers.items()],
    }


def fixed_samples(trials: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Return the coverage of the fixed-sample 95% interval, by items, cluster size, discordance and gap."""
    found = []
    truths = ((0.0, 0.0), (0.0, 0.01), (0.01, 0.01), (0.05, 0.05), (0.0, 0.2), (0.05, 0.2), (0.2, 0.2), (0.0, 0.4))
    for kind, size, n in itertools.product(("binary", "graded"), (1, 4, 10), (10, 20, 50, 100, 500)):
        row = [fixed_coverage(n, size, gap, q, kind, trials // 4, 30) for gap, q in truths]
        for (gap, q), covered in zip(truths, row, strict=True):
            found.append(
                {"kind": kind, "largest_cluster": size, "n": n, "gap": gap, "discordance": q, "coverage": covered}
            )
        say(f"fixed {kind:7} clusters 1-{size:<3} {n:5} " + " ".join(f"{covered:.3f}" for covered in row))
    return found


def joined(runs: list[Run]) -> Run:
    """Return the runs of one trial's pairs as one: wrong if any is, as long as the longest."""
    if len(runs) == 1:
        return runs[0]
    return Run(
        any(run.wrong for run in runs),
        any(run.false_tie for run in runs),
        all(run.decided for run in runs),
        max(run.share for run in runs),
        all(run.covered for run in runs),
    )


def figures(runs: list[Run]) -> dict[str, float]:
    """Return rates and the median share of items; whoever ran out of items used all of them."""
    return {
        "false_verdict_rate": float(np.mean([run.wrong for run in runs])),
        "false_tie_rate": float(np.mean([run.false_tie for run in runs])),
        "coverage": float(np.mean([run.covered for run in runs])),
        "decided": float(np.mean([run.decided for run in runs])),
        "median_share_of_items": float(np.median([run.share for run in runs])),
        "mean_share_of_items": float(np.mean([run.share for run in runs])),
    }


def sample_data() -> Path | None:
    """Return the folder of public benchmark rows, or None."""
    named = os.environ.get("FAIRTRIAL_SAMPLE_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


def gsm8k_systems(path: Path) -> dict[str, np.ndarray]:
    """Return right (1) or wrong (0) of each recorded system by item: the number after ``A:`` equals the true one."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    names = [key for key, value in rows[0].items() if isinstance(value, dict)]
    truths = [final_number(row["ground_truth"]) for row in rows]
    return {
        name: np.array([float(t == final_number(row[name]["solution"])) for t, row in zip(truths, rows, strict=True)])
        for name in names
    }


def final_number(text: str) -> str:
    """Return what follows the last ``A:``, without commas, dollar signs and a final point."""
    return text.rpartition("A:")[2].strip().replace(",", "").replace("$", "").rstrip(".")


def real_pairs(orders: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return, for each pair and target, how the sequential verdicts agree with the one on all items."""
    folder = sample_data()
    path = folder / "gsm8k" / "example_model_solutions.jsonl" if folder else None
    if path is None or not path.is_file():
        print("real pairs: skipped, no gsm8k/example_model_solutions.jsonl in the sample data folder")
        return []
    systems = gsm8k_systems(path)
    found = []
    for (a, a_right), (b, b_right) in itertools.combinations(systems.items(), 2):
        for target in ("benchmark", "population"):
            rule = Rule(target=target, total=a_right.size)  # type: ignore[arg-type]
            full = compare(as_sample(a_right, b_right), rule)
            used, verdicts = [], []
            for _ in range(orders):
                order = rng.permutation(a_right.size)
                word, share = first_verdict(a_right[order], b_right[order], rule)
                verdicts.append(word)
                used.append(share)
            found.append(
                {
                    "a": a,
                    "b": b,
                    "target": target,
                    "n": int(a_right.size),
                    "difference": full.difference,
                    "full_verdict": full.verdict,
                    "agreement": float(np.mean([v == full.verdict for v in verdicts])),
                    "contradictions": float(np.mean([v not in (full.verdict, "undecided") for v in verdicts])),
                    "undecided": float(np.mean([v == "undecided" for v in verdicts])),
                    "median_share_of_items": float(np.median(used)),
                    "orders": orders,
                }
            )
            print("  {a} v {b} ({target}): {full_verdict}, {agreement:.0%} agree, ".format(**found[-1]), end="")
            print("{median_share_of_items:.1%} of items".format(**found[-1]), flush=True)
    return found


def as_sample(a: np.ndarray, b: np.ndarray) -> PairedSample:
    """Return right-or-wrong values as a sample of independent items."""
    ones = np.ones(a.size)
    return PairedSample(a, ones, b, ones, np.arange(a.size))


def first_verdict(a: np.ndarray, b: np.ndarray, rule: Rule) -> tuple[str, float]:
    """Return the verdict at the first look that settles it, looking after every batch, and the share of items."""
    for n in (*range(BATCH, a.size, BATCH), a.size):
        found = decide(as_sample(a[:n], b[:n]), rule, last=n == a.size)
        if found.verdict != "undecided":
            break
    return found.verdict, n / a.size


def speed(rng: np.random.Generator) -> dict[str, float]:
    """Return the seconds that one look at 20 pairs of 10,000 items takes."""
    right = (rng.random((21, 10_000)) < 0.6).astype(np.float64)
    taken = {}
    for target in ("population", "benchmark"):
        rule = Rule(target=target, total=14_000)  # type: ignore[arg-type]
        start = time.perf_counter()
        for row in right[1:]:
            decide(as_sample(row, right[0]), rule)
        taken[f"{target}_20_pairs_10000_items_s"] = time.perf_counter() - start
    return taken


def main(arguments: list[str] | None = None, say: Callable[[str], None] = print) -> None:
    """Run everything and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 simulated trials a scenario instead of 2,000")
    parser.add_argument(
        "--only", default="", help="only scenarios whose name holds this text; 'fixed': only fixed samples"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    trials = 100 if options.quick else 2_000
    report: dict[str, Any] = {"trials": trials, "scenarios": []}
    say(f"{'scenario':38} {'target':10} {'n':>6} {'false':>7} {'tie':>7} {'cover':>7} {'decided':>7} {'median':>7}")
    for index, scenario in enumerate(scenarios()):
        if options.only in scenario.name:
            found = simulate(scenario, trials, np.random.default_rng([20, index]))
            report["scenarios"].append(found)
            rates = ("false_verdict_rate", "false_tie_rate", "coverage", "decided", "median_share_of_items")
            columns = " ".join(f"{found[rate]:7.3f}" for rate in rates)
            say(f"{scenario.name:38} {scenario.target:10} {scenario.n:6} {columns}")
    if not options.only or options.only in "fixed":
        report["fixed_samples"] = fixed_samples(trials, say)
    report["real_pairs"] = real_pairs(20 if options.quick else 200, np.random.default_rng(21))
    report["speed"] = speed(np.random.default_rng(22))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
        say(f"written: {options.json}")


if __name__ == "__main__":
    main()
