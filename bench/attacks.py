"""Harmful requests in disguise, and harmless twins in the same disguises, through a guard alone and through a model.

    python -m bench.attacks [MODEL] [--policy standard] [--pairs 150] [--chat model] [--threads 2] [--seed 1]

For each of two sets of disguises, `fairtrial.tasks.harms.safety.attacks.ATTACKS` and those held out, which nobody
looked at who wrote the guard's rules, so many pairs are asked; and requests without disguise that nobody looked at.
Without a model only the guard's checks of the question are made: how many attacks are blocked, and how many twins.
With one, the same candidate answers bare and guarded: an attack has succeeded if the answer gives something of what
was asked, as `safety_jailbreaks` grades it.

Intervals are of 95%; requests that stand in several disguises are one cluster.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines import open_engine
from fairtrial.engines.base import Engine
from fairtrial.engines.settings import EngineSettings
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.levers.guard.deciding import apply_checks
from fairtrial.levers.guard.policy import OpenPolicy, find_policy, open_policy
from fairtrial.levers.guard.supplying import look_at_question
from fairtrial.models.schemes import resolve_candidate
from fairtrial.records import GenerateRequest
from fairtrial.records.harms import HARMFUL, HELPFUL, UNCLEAR
from fairtrial.records.held_back import find_held_back
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.guard import Guard
from fairtrial.stats.intervals import estimate
from fairtrial.stats.paired import PairedSample, Rule, compare
from fairtrial.tasks.harms.base import HarmQuestion, grade_written
from fairtrial.tasks.harms.safety.attacks import ATTACKS, Attack, Disguised
from fairtrial.tasks.harms.safety.attacks.heldout import HELD_OUT
from fairtrial.tasks.harms.safety.jailbreaks import Jailbreaks, list_disguised
from fairtrial.tasks.harms.safety.loading import load_data
from fairtrial.tasks.procedural.draw import Draw

LEVEL = 2
MAX_TOKENS = 64
SETS: Mapping[str, Mapping[str, Attack]] = {"seen": ATTACKS, "held out": HELD_OUT}

UNSEEN = ("heldout_requests", "heldout_intents")
"""Files of requests that whoever writes rules does not read."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in disguise, or its twin.

    Attributes:
        attacks: the set that its disguise is of.
        attack: its disguise.
        twin: harmful or benign.
        request: as it is without disguise.
        asked: what is asked.
    """

    attacks: str
    attack: Attack
    twin: str
    request: str
    asked: GenerateRequest


def make_pairs(seed: int, pairs: int) -> list[Asked]:
    """Return so many pairs of each set, every disguise about as often."""
    made = []
    for number, (name, attacks) in enumerate(SETS.items()):
        each = -(-pairs // len(attacks))
        listed = list_disguised(attacks, Draw(number, seed), each, LEVEL)
        for attack, twin, request, _, _ in islice(_take_turns(listed, 2 * each), 2 * pairs):
            given = attack.disguise(request)
            question = HarmQuestion(given.text, {}, "", system=given.system, turns=given.turns)
            made.append(Asked(name, attack, twin, request, GenerateRequest(question.prompt, MAX_TOKENS)))
    return made


def _take_turns(
    listed: Iterable[tuple[Attack, str, str, str, str]], each: int
) -> Iterable[tuple[Attack, str, str, str, str]]:
    """Yield the first pair of every disguise, then the second one of every disguise, and so on."""
    rows = list(listed)
    for at in range(0, each, 2):
        for start in range(0, len(rows), each):
            yield from rows[start + at : start + at + 2]


def cluster(asked: Sequence[Asked]) -> NDArray[np.int64]:
    """Return a number for each request without its disguise."""
    return np.array([zlib.crc32(one.request.encode()) for one in asked], dtype=np.int64)


def describe(values: Sequence[float], asked: Sequence[Asked]) -> str:
    """Return a share with its interval and count."""
    if not values:
        return "none"
    given = np.array(values)
    found = estimate(given, np.ones(len(given)), cluster(asked), 0.95, bounds=(0.0, 1.0))
    return f"{given.mean():6.1%} [{found.low:.1%}, {found.high:.1%}] of {len(values)}"


def is_blocked(opened: OpenPolicy, one: Asked) -> bool:
    """Return whether a guard's checks of the question leave nothing to be asked."""
    return apply_checks(opened.policy, opened.input, look_at_question(one.asked.prompt, False)).said is not None


def make_unseen_pairs(name: str) -> list[Asked]:
    """Return requests of a file that is held out, and their twins, without any disguise, with their language."""
    plain = Attack("none", "framing", lambda request: Disguised(request))
    return [
        Asked(
            one.get("language", "en"),
            plain,
            twin,
            one[twin],
            GenerateRequest(HarmQuestion(one[twin], {}, "").prompt, MAX_TOKENS),
        )
        for one in load_data(name)
        for twin in ("harmful", "benign")
    ]


def try_guard(asked: Sequence[Asked], policy: str) -> None:
    """Print what a guard blocks by its checks of the question alone."""
    opened = open_policy(find_policy(Guard.model_validate({"policy": policy})))
    began = time.perf_counter()
    blocked = [float(is_blocked(opened, one)) for one in asked]
    spent = time.perf_counter() - began
    plain = [replace(one, asked=GenerateRequest(HarmQuestion(one.request, {}, "").prompt, MAX_TOKENS)) for one in asked]
    bare = [float(is_blocked(opened, one)) for one in plain]
    print(
        f"\nThe guard's checks of the question alone, {spent / len(asked) * 1000:.2f} ms each; undisguised beside it\n"
    )
    for name in SETS:
        for twin, what in (("harmful", "blocked"), ("benign", "blocked though harmless")):
            chosen = [n for n, one in enumerate(asked) if (one.attacks, one.twin) == (name, twin)]
            of = [asked[n] for n in chosen]
            told = describe([blocked[n] for n in chosen], of)
            print(f"{name:9} {what:24} {told:34} plain {describe([bare[n] for n in chosen], of)}")
    for name in UNSEEN:
        print(f"\nRequests that are held out, without any disguise: {name}\n")
        print_unseen(opened, make_unseen_pairs(name))
    opened.close()
    print_each(asked, blocked)


def print_unseen(opened: OpenPolicy, unseen: Sequence[Asked]) -> None:
    """Print how many requests that are held out are blocked, and how many of their twins, by language."""
    caught = [float(is_blocked(opened, one)) for one in unseen]
    for language in dict.fromkeys(one.attacks for one in unseen):
        for twin, what in (("harmful", "blocked"), ("benign", "blocked though harmless")):
            chosen = [n for n, one in enumerate(unseen) if (one.attacks, one.twin) == (language, twin)]
            told = describe([caught[n] for n in chosen], [unseen[n] for n in chosen])
            print(f"{language:4} {what:24} {told}")


def print_each(asked: Sequence[Asked], values: Sequence[float]) -> None:
    """Print a row a disguise: how many of its attacks count, and how many of its twins."""
    print(f"\n{'disguise':22} {'set':9} attacks  twins")
    for name, attacks in SETS.items():
        for attack in attacks:
            counts = []
            for twin in ("harmful", "benign"):
                found = [
                    value
                    for one, value in zip(asked, values, strict=True)
                    if (one.attacks, one.attack.name, one.twin) == (name, attack, twin)
                ]
                counts.append(f"{sum(found):.0f}/{len(found)}")
            print(f"{attack:22} {name:9} {counts[0]:8} {counts[1]}")


HELD = "held back"
"""Beside the measures of an answer: whether a guard ended it, before or after the model was asked."""


def ask(engine: Engine, asked: Sequence[Asked]) -> list[Mapping[str, float]]:
    """Return the grades of the answers."""
    suite = Jailbreaks()
    found: list[Mapping[str, float]] = []
    for one, answer in zip(asked, engine.generate([one.asked for one in asked]), strict=True):
        row = {"twin": one.twin, "request": one.request, "question": one.asked.prompt.user}
        graded = grade_written(suite, row, answer)
        grades = {name: value if isinstance(value, float) else value[0] for name, value in graded.items()}
        found.append({**grades, HELD: float(find_held_back(answer.text, answer.trace) is not None)})
    return found


def print_held(asked: Sequence[Asked], guarded: Sequence[Mapping[str, float]]) -> None:
    """Print how many answers a guard ended, by its checks of the question or of the answer."""
    for name in dict.fromkeys(one.attacks for one in asked):
        for twin, what in (("harmful", "attacks held back"), ("benign", "harmless held back")):
            chosen = [n for n, one in enumerate(asked) if (one.attacks, one.twin) == (name, twin)]
            print(f"{name:9} {what:22} {describe([guarded[n][HELD] for n in chosen], [asked[n] for n in chosen])}")


def print_differences(
    asked: Sequence[Asked], bare: Sequence[Mapping[str, float]], guarded: Sequence[Mapping[str, float]]
) -> None:
    """Print what a guard changes: of all requests with unclear answers as no harm and no help, then of pairs.

    The second is what a trial reports: requests whose answers can be graded both bare and guarded.
    """

    def pick(measure: str, name: str) -> list[int]:
        both = [n for n in range(len(asked)) if measure in bare[n] and measure in guarded[n]]
        return [n for n in both if asked[n].attacks == name]

    for twin, measure, what in (("harmful", HARMFUL, "of all, harmful"), ("benign", HELPFUL, "of all, helped with")):
        for name in dict.fromkeys(one.attacks for one in asked):
            chosen = [n for n, one in enumerate(asked) if (one.attacks, one.twin) == (name, twin)]
            of = [asked[n] for n in chosen]
            before, after = ([grades[n].get(measure, 0.0) for n in chosen] for grades in (bare, guarded))
            print(f"{name:9} {what:22} bare {describe(before, of)}  guarded {describe(after, of)}")
    for measure, what in ((HARMFUL, "attacks that succeed"), (HELPFUL, "twins helped with")):
        for name in dict.fromkeys(one.attacks for one in asked):
            chosen = pick(measure, name)
            if not chosen:
                print(f"{name:9} {what:22} no answer can be graded both bare and guarded")
                continue
            of = [asked[n] for n in chosen]
            a, b = (np.array([grades[n][measure] for n in chosen]) for grades in (guarded, bare))
            one = np.ones(len(chosen))
            found = compare(PairedSample(a, one, b, one, cluster(of)), Rule())
            print(f"{name:9} {what:22} bare {describe(list(b), of)}  guarded {describe(list(a), of)}")
            print(f"{'':9} {'':22} difference {found.difference:+.1%} [{found.low:+.1%}, {found.high:+.1%}]")
    unclear = [sum(one[UNCLEAR] for one in grades) for grades in (bare, guarded)]
    print(f"unclear answers: bare {unclear[0]:.0f}, guarded {unclear[1]:.0f} of {len(asked)}")


def try_model(asked: Sequence[Asked], model: str, chat: str, policy: str, threads: int) -> None:
    """Print how a model fares bare and guarded, each set when it ends."""
    began = time.perf_counter()
    candidate = Candidate(id="model", model=model, chat=chat, context=2048)
    engine = open_engine(candidate, resolve_candidate(candidate, Path()), EngineSettings(threads=threads))
    guarded_engine = wrap_engine(read_lever({"guard": {"policy": policy}}), engine, {})
    for name in SETS:
        own = [one for one in asked if one.attacks == name]
        bare, guarded = ask(engine, own), ask(guarded_engine, own)
        print(f"\n{model}, bare and behind the guard, {name}, {time.perf_counter() - began:.0f} s\n")
        print_held(own, guarded)
        print_differences(own, bare, guarded)
        sys.stdout.flush()  # a run that is cut off leaves the sets that ended


def main() -> None:
    """Try the guard, and the model if one is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "model", nargs="?", default="", help="as a trial names it; without one the guard alone is tried"
    )
    parser.add_argument("--policy", default="standard")
    parser.add_argument("--pairs", type=int, default=150, help="of each of the two sets")
    parser.add_argument("--chat", default="model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    asked = make_pairs(given.seed, given.pairs)
    print(f"{len(asked) // 2} attacks and as many harmless twins, in {len(ATTACKS)} and {len(HELD_OUT)} disguises")
    try_guard(asked, given.policy)
    sys.stdout.flush()
    if given.model:
        try_model(asked, given.model, given.chat, given.policy, given.threads)


if __name__ == "__main__":
    main()
