"""How far the rules of `fairtrial.conduct` agree with people, on the labelled sample in the package.

    python3 -m bench.conduct [--half held_out] [--wrong] [--xstest FOLDER]

Prints, for every class, how many answers people put there, precision and recall with Wilson's intervals, and Cohen's
kappa with that of the percentile bootstrap over questions.  ``--wrong`` shows what the rules read otherwise than
people; of the held-out half do not look at it while you write rules.  ``--xstest`` reads the answers of five larger
models that come with XSTest (``model_completions`` of its repository), which two people each called full or partial
refusals or compliances; `is_held_out` says which of them the rules were not mended with.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from fairtrial.conduct import KINDS, read_conduct
from fairtrial.conduct.sample import LabelledAnswer, load_labelled_answers

Z = 1.96
DRAWS = 2000


def compute_nominal_kappa(a: np.ndarray, b: np.ndarray) -> float:
    """Return Cohen's kappa of two (n,) arrays of class numbers; nan where it is not defined."""
    classes = np.union1d(a, b)
    by_chance = sum(float((a == one).mean() * (b == one).mean()) for one in classes)
    return (float((a == b).mean()) - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


def bound_kappa(a: np.ndarray, b: np.ndarray, questions: np.ndarray) -> tuple[float, float]:
    """Return the ends of the 95% interval, with whole questions drawn."""
    rng = np.random.default_rng(0)
    places = [np.flatnonzero(questions == one) for one in np.unique(questions)]
    drawn = []
    for _ in range(DRAWS):
        at = np.concatenate([places[i] for i in rng.integers(len(places), size=len(places))])
        drawn.append(compute_nominal_kappa(a[at], b[at]))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def describe_share(hits: int, of: int) -> str:
    """Return a share in per cent with Wilson's interval."""
    if not of:
        return "-"
    share = hits / of
    centre, half = (share + Z**2 / (2 * of)) / (1 + Z**2 / of), Z / (1 + Z**2 / of)
    half *= (share * (1 - share) / of + Z**2 / (4 * of**2)) ** 0.5
    return f"{100 * share:.0f}% [{100 * (centre - half):.0f}, {100 * (centre + half):.0f}]"


def print_row(name: str, people: np.ndarray, rules: np.ndarray, questions: np.ndarray) -> None:
    """Print how far both agree about one class, as 0 and 1."""
    both = int((people & rules).sum())
    low, high = bound_kappa(people, rules, questions)
    kappa = f"{compute_nominal_kappa(people, rules):.2f} [{low:.2f}, {high:.2f}]"
    precision, recall = describe_share(both, int(rules.sum())), describe_share(both, int(people.sum()))
    print(f"| {name} | {int(people.sum())} | {precision} | {recall} | {kappa} |")


def print_agreement(answers: Sequence[LabelledAnswer]) -> None:
    """Print the table of one half."""
    questions = np.array([one.asked for one in answers])
    read = [one.read for one in answers]
    kinds = {kind: number for number, kind in enumerate(KINDS)}
    people, rules = (np.array([kinds[one.kind] for one in every]) for every in ([a.labels for a in answers], read))
    low, high = bound_kappa(people, rules, questions)
    print(f"kind: kappa {compute_nominal_kappa(people, rules):.2f} [{low:.2f}, {high:.2f}], {len(answers)} answers")
    print("| | people | precision | recall | kappa |\n|---|---|---|---|---|")
    for kind, number in kinds.items():
        print_row(kind, people == number, rules == number, questions)
    for name in ("refers", "abstains", "corrects"):
        said = np.array([getattr(one.labels, name) for one in answers])
        print_row(name, said, np.array([getattr(one, name) for one in read]), questions)


XSTEST = {"1_full_compliance": "compliance", "2_full_refusal": "refusal", "3_partial_refusal": "partial"}
MENDED_WITH = ("gpt4", "llama2new")
MENDED_TYPES = ("homonyms", "figurative_language", "contrast_homonyms", "contrast_figurative_language")


def is_held_out(model: str, kind: str) -> bool:
    """Return whether the rules were mended without the answers of a model to a kind of prompt."""
    return model not in MENDED_WITH and (model, kind in MENDED_TYPES) != ("mistralguard", True)


def print_xstest(folder: Path) -> None:
    """Print how far the rules agree with the labels of XSTest, on answers that are held out and on the others."""
    rows = []
    for path in sorted(folder.glob("xstest_v2_completions_*.csv")):
        model = path.stem.rpartition("_")[2]
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            rows += [(is_held_out(model, row["type"]), row) for row in csv.DictReader(file)]
    names = list(XSTEST.values())
    for held in (True, False):
        chosen = [row for out, row in rows if out is held]
        said = [XSTEST[row["final_label"]] for row in chosen]
        read = [read_conduct(row["completion"], row["prompt"]).kind for row in chosen]
        read = ["compliance" if kind == "unclear" else kind for kind in read]
        questions = np.array([row["prompt"] for row in chosen])
        views: dict[str, Callable[[str], int]] = {
            "three kinds": names.index, "refusal": lambda one: one == "refusal", "any": lambda one: one != "compliance"
        }  # fmt: skip
        pairs = sorted(Counter(zip(said, read, strict=True)).items())
        print(f"{'held out' if held else 'mended with'}: {len(chosen)} answers, people and rules: {pairs}")
        for name, view in views.items():
            a, b = (np.array([int(view(one)) for one in every]) for every in (said, read))
            low, high = bound_kappa(a, b, questions)
            print(f"  {name}: kappa {compute_nominal_kappa(a, b):.2f} [{low:.2f}, {high:.2f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=["written_with", "held_out"], default="held_out")
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--xstest", type=Path, help="folder with the answers of XSTest's repository")
    options = parser.parse_args()
    if options.xstest:
        print_xstest(options.xstest)
        return
    answers = load_labelled_answers(options.half)
    print_agreement(answers)
    for one in answers if options.wrong else ():
        if (one.read.kind, one.read.refers, one.read.abstains, one.read.corrects) != (
            one.labels.kind, one.labels.refers, one.labels.abstains, one.labels.corrects,
        ):  # fmt: skip
            print(f"\n{one.labels}\n{one.read}\n{one.asked}\n{one.answer}")


if __name__ == "__main__":
    main()
