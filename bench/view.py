"""How quick the page of answers is: a made-up trial of 10,000 items and three candidates, in headless Chromium.

    python -m bench.view [--items 10000] [--folder DIR] [--chromium PATH]

Half of the items are written answers after a prompt of some 1,500 characters with thoughts of some 600, half are
four choices that were scored after five examples.  Times are those of the page's own clock, from the click or key to
the frame after what it changes.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from fairtrial.ledger import Chunk, Ending, Ledger
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Item,
    Observation,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    content_hash,
    make_example,
)
from fairtrial.report.summary import summarise
from fairtrial.report.view.page import write_view

NAMES = ("q8_0", "q4_1", "q2_k")
RIGHT = (0.7, 0.67, 0.5)
TRIAL = content_hash("bench/view")
TASKS = {"writing": content_hash("writing"), "choosing": content_hash("choosing")}
AT_ONCE = 500
ROUNDS = 10
WORDS = [
    f"{a}{b}" for a in ("ka", "lo", "mi", "ter", "sun", "ba") for b in ("rin", "del", "so", "n", "mar", "tle", "vy")
]


def say(rng: np.random.Generator, words: int) -> str:
    """Return a made-up text of so many words."""
    return " ".join(WORDS[i] for i in rng.integers(0, len(WORDS), words))


def make_items(task: str, count: int, rng: np.random.Generator) -> list[Item]:
    """Return the items of one of the two tasks."""
    made = []
    for i in range(count):
        choices = tuple(f"{say(rng, 4)} {c}" for c in range(4)) if task == "choosing" else ()
        gold = choices[i % 4] if choices else str(i)
        row = {"level": i % 5, "subject": f"subject {i % 12}"}
        made.append(Item(content_hash([task, i]), i, f"{say(rng, 60)}?", choices, (gold,), f"{i // 4}", row))
    return made


def answer(item: Item, right: bool, examples: Any, rng: np.random.Generator) -> tuple[Request, Answer]:
    """Return a request and an answer to it."""
    if item.choices:
        scores = rng.normal(-8, 2, 4)
        best = item.choices.index(item.gold[0])
        scores[best] += 10 if right else -10
        prompt = Prompt(item.question, "Choose.", "", examples)
        values = tuple(float(v) for v in scores)
        return ScoreRequest(tuple(Pair(prompt, c) for c in item.choices)), ScoreAnswer(
            values, (False,) * 4, (5,) * 4, 500
        )
    request = GenerateRequest(Prompt(f"{'Work it out step by step. ' * 40}\n{item.question}", "You calculate."), 200)
    text = f"{say(rng, 40)} The answer is {item.gold[0] if right else 'unknown'}."
    return request, GenerateAnswer(text, 90, "stop", 400, thought=say(rng, 100))


def fill(path: Path, count: int) -> Ledger:
    """Return a ledger with the whole trial."""
    rng = np.random.default_rng(1)
    measures = [{"name": "acc", "unit": "1", "higher_is_better": True, "bounds": [0.0, 1.0], "transform": "identity"}]
    spec = {"model": "fake:x", "levers": [], "decoding": {}}
    ids = [content_hash(["candidate", name]) for name in NAMES]
    items = {name: make_items(name, count // 2, rng) for name in TASKS}
    card = {"version": "1", "measures": measures, "main_measure": "acc", "chance": None, "settings": {}}
    plan = {
        "name": "bench-view",
        "seed": 1,
        "baseline": NAMES[0],
        "decide": {"margin": 0.02, "confidence": 0.95, "target": "population", "stop_early": False},
        "candidates": [{"name": n, "id": i, "spec": spec, "record": {}} for n, i in zip(NAMES, ids, strict=True)],
        "tasks": [
            {
                "name": n,
                "id": i,
                "entry": {},
                "card": {**card, "name": n},
                "measures": ["acc"],
                "items_total": count // 2,
            }
            for n, i in TASKS.items()
        ],
    }
    ledger = Ledger.open(path)
    for name, identity in zip(NAMES, ids, strict=True):
        ledger.add_candidate(identity, name, spec)
    for name, identity in TASKS.items():
        ledger.add_task(identity, name, {**card, "name": name})
        ledger.add_items(identity, items[name])
    ledger.add_trial(TRIAL, "bench-view", "", plan, {TASKS[n]: [one.id for one in made] for n, made in items.items()})
    session = ledger.open_session(TRIAL, {})
    examples = [part for _ in range(5) for part in make_example(say(rng, 60), say(rng, 4))]
    for share, identity in zip(RIGHT, ids, strict=True):
        for name, made in items.items():
            for at in range(0, len(made), AT_ONCE):
                ledger.commit(identity, make_chunk(TASKS[name], made[at : at + AT_ONCE], share, examples, rng))
    ledger.close_session(session, Ending("finished"))
    return ledger


def make_chunk(task: str, items: list[Item], share: float, examples: Any, rng: np.random.Generator) -> Chunk:
    """Return some answers of one candidate, as they are stored."""
    rows = [(item, right, *answer(item, right, examples, rng)) for item, right in draw(items, share, rng)]
    return Chunk(
        answers=[(request, given) for _, _, request, given in rows],
        asked=[(task, item.id, 0, (request.id,)) for item, _, request, _ in rows],
        observations=[
            (task, item.id, 0, one)
            for item, right, _, _ in rows
            for one in (Observation("acc", float(right)), Observation("seconds", float(rng.gamma(4)), unit="s"))
        ],
    )


def draw(items: list[Item], share: float, rng: np.random.Generator) -> Iterator[tuple[Item, bool]]:
    """Yield items with whether they are answered right."""
    return ((item, bool(rng.random() < share)) for item in items)


AFTER = "await new Promise((go) => requestAnimationFrame(() => setTimeout(go)));"
FIND = """async () => { const start = performance.now(); %s; const box = document.querySelector('#search');
  box.value = '%s'; box.dispatchEvent(new Event('input'));
  do { await new Promise((go) => setTimeout(go, 4)); } while (!location.hash.includes('%s') || %s);
  %s return performance.now() - start; }"""
READING = "document.querySelector('.count').textContent.includes('reading')"


def press(key: str) -> str:
    """Return a script that presses a key, waits for the frame after it, and returns the milliseconds."""
    act = f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }}))"
    return f"async () => {{ const start = performance.now(); {act}; {AFTER} return performance.now() - start; }}"


def look(path: Path, chromium: str) -> dict[str, float]:
    """Return milliseconds of what a reader does with the page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(path.as_uri(), wait_until="commit")
        page.wait_for_selector("body[data-ready]", state="attached", timeout=120_000)
        found = {"first list": page.evaluate("performance.getEntriesByName('list')[0].startTime")}
        page.wait_for_load_state()
        found["whole file read"] = page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart")
        filtered = [page.evaluate(press(key)) for _ in range(ROUNDS) for key in "31"]
        found["filter, median"], found["filter, slowest"] = median(filtered), max(filtered)
        stepped = [page.evaluate(press("j")) for _ in range(2 * ROUNDS)]
        found["next item, median"], found["next item, slowest"] = median(stepped), max(stepped)
        sort = "document.querySelector('.sort select')"
        act = f"{sort}.value = 'disagreement'; {sort}.dispatchEvent(new Event('change'))"
        found["sort by disagreement"] = page.evaluate(
            f"async () => {{ const start = performance.now(); {act}; {AFTER} return performance.now() - start; }}"
        )
        found["first search, all texts read"] = page.evaluate(FIND % ("", "unknown", "unknown", READING, AFTER))
        searched = [page.evaluate(FIND % ("", word, word, READING, AFTER)) for word in WORDS[:ROUNDS]]
        found["next search, median"] = median(searched)
        scroll = "const s = document.querySelector('.scroller'); s.scrollTop = s.scrollHeight / 2"
        found["scroll to the middle"] = page.evaluate(
            f"async () => {{ const start = performance.now(); {scroll}; {AFTER} return performance.now() - start; }}"
        )
        found["memory, MB"] = page.evaluate("performance.memory.usedJSHeapSize / 1e6")
        browser.close()
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    kept = folder / f"view-{given.items}.db"
    with Ledger.open(kept) if kept.exists() else fill(kept, given.items) as ledger:
        start = time.perf_counter()
        summary = summarise(ledger, TRIAL)
        middle = time.perf_counter()
        written = write_view(ledger, summary, folder / f"view-{given.items}.html")
        end = time.perf_counter()
    print(f"verdicts {middle - start:.1f} s, page {end - middle:.1f} s, {written.bytes / 1e6:.1f} MB", flush=True)
    for name, value in look(written.path, given.chromium).items():
        print(f"{name:32} {value:9,.0f}" + ("" if "MB" in name else " ms"))


if __name__ == "__main__":
    main()
