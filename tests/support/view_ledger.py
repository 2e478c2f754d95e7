"""A small ledger with one of everything that the page of answers shows: prompts that differ, thoughts, traces, repeats,
refusals, unread and enormous answers, and texts that are hostile or no valid Unicode.
"""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

from fairtrial.ledger import Chunk, Ending, Ledger
from fairtrial.ledger.blobs import add_images
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    ImagePart,
    Item,
    Observation,
    Pair,
    Prompt,
    ScoreAnswer,
    ScoreRequest,
    TraceStep,
    content_hash,
)
from tests.support.ledgers import CARD, candidate_id
from tests.support.report_ledger import HOSTILE

TRIAL_ID = "ef" * 16
NAMES = ("plain", "polite")
WRITING, CHOOSING = content_hash("writing"), content_hash("choosing")
REPEATS = 2
MEGABYTE = "x" * 1_000_000
SPLIT = "</script><script>window.hacked=1</script><!-- \ud800 \x00 ]]> \u2028"
"""What would end a script, hide its rest, or break its text, if it were ever part of one."""

PROMPTS = {"plain": "Answer the question.", "polite": "Please answer the question, dear model."}

PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
"""One pixel."""
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>window.hacked=1</script></svg>"
IMAGES = {ImagePart.of(PNG, "image/png"): PNG, ImagePart.of(SVG, "image/svg+xml"): SVG}
"""Those of item 3, of which the second is of a kind that is not shown."""

WRITTEN: list[tuple[str, str]] = [
    ("four", "four"),
    ("four", "five"),
    ("five", "four"),
    ("The answer is four, as the apples show.", "The answer is four, as the pears show."),
    (SPLIT, HOSTILE),
    (MEGABYTE, "four"),
]
"""What the two wrote, item by item."""


def written_items() -> list[Item]:
    made = []
    for i in range(len(WRITTEN)):
        question = f"A long passage about pears.\n{'words ' * 40}\nHow many pears has basket {i}?" if i else HOSTILE
        data = {"level": i % 2 + 1, "subject": "fruit" if i < 3 else "numbers", "question": question}
        images = tuple(IMAGES) if i == 3 else ()
        made.append(Item(content_hash(["w", i]), i, question, (), ("four",), f"basket {i // 3}", data, images))
    return made


def chosen_items() -> list[Item]:
    choices = ("red", "green", "blue")
    return [
        Item(content_hash(["c", i]), i, f"Colour {i}?", choices, (choices[i],), f"colour {i}", {}) for i in range(3)
    ]


def _task(name: str, identity: str, repeats: int) -> dict[str, Any]:
    entry = {"limit": None, "repeats": repeats, "sample": "random"}
    card = {**CARD, "name": name, "description": f"About {name}."}
    return {"name": name, "id": identity, "entry": entry, "card": card, "measures": ["acc"], "items_total": 9}


def view_ledger(path: Path, trained_on: tuple[int, ...] = ()) -> Ledger:
    """Two candidates; six written items asked twice, three with choices, of which the last is answered by one only.

    ``trained_on``: written items that the polite one was trained on.
    """
    spec = {"model": "fake:x", "levers": [], "decoding": {}}
    specs = {"plain": spec, "polite": {**spec, "chat": "model", "system": "Be polite."}}
    tasks = [_task("writing", WRITING, REPEATS), _task("choosing", CHOOSING, 1)]
    plan = {
        "name": "looked-at",
        "seed": 1,
        "baseline": "plain",
        "decide": {"margin": 0.02, "confidence": 0.95, "target": "population", "stop_early": False},
        "candidates": [{"name": n, "id": candidate_id(n), "spec": specs[n], "record": {"bytes": None}} for n in NAMES],
        "tasks": tasks,
    }
    if trained_on:
        seen = {"task": "writing", "items": [content_hash(["w", i]) for i in trained_on], "of": len(WRITTEN)}
        plan["training"] = [{"candidate": "polite", "seen": [seen]}]
    ledger = Ledger.open(path)
    for name in NAMES:
        ledger.add_candidate(candidate_id(name), name, spec)
    every = {WRITING: written_items(), CHOOSING: chosen_items()}
    for task in tasks:
        ledger.add_task(task["id"], task["name"], task["card"])
        ledger.add_items(task["id"], every[task["id"]])
    add_images(ledger, WRITING, [(image, data, None) for image, data in IMAGES.items()])
    asked = {task: [item.id for item in reversed(items)] for task, items in every.items()}
    ledger.add_trial(TRIAL_ID, "looked-at", "name: looked-at\n", plan, asked)
    session = ledger.open_session(TRIAL_ID, {})
    for at, name in enumerate(NAMES):
        for item in every[WRITING]:
            for repeat in range(REPEATS):
                _write(ledger, name, item, repeat, WRITTEN[item.doc_id][at])
        for item in every[CHOOSING][: 3 - at]:
            _choose(ledger, name, item)
    ledger.close_session(session, Ending("finished"))
    return ledger


def _write(ledger: Ledger, name: str, item: Item, repeat: int, text: str) -> None:
    """The second repeat of item 0 is wrong for the polite one; item 4 was refused to the plain one's second try."""
    prompt = Prompt(f"{PROMPTS[name]} {item.question}", "You count pears.")
    request = GenerateRequest(prompt, 16, ("\n",), temperature=0.7, seed=repeat)
    if (name, item.doc_id, repeat) == ("polite", 0, 1):
        text = "nine"
    answer: Answer = GenerateAnswer(
        text, 3, "stop", 20, thought="Let me count the baskets." if name == "polite" else ""
    )
    signs = [] if "four" in text else ["sign:unread"]
    if (name, item.doc_id, repeat) == ("plain", 4, 1):
        answer, signs = GenerateAnswer("", 0, "refused", 20, said="I will not count pears."), ["sign:refused"]
    elif (name, item.doc_id) == ("plain", 3):
        steps = (TraceStep("small", 20, 3, 0.4), TraceStep("cascade", prompt="What was really sent", action="asked on"))
        answer = GenerateAnswer(text, 3, "stop", 20, trace=steps)
    right = float("four" in text)
    seen = [Observation("acc", right), Observation("seconds", 0.5 + item.doc_id, unit="s")]
    seen += [Observation(sign, 1.0) for sign in signs]
    _commit(ledger, name, WRITING, item, repeat, request, answer, seen)


def _choose(ledger: Ledger, name: str, item: Item) -> None:
    """Both take the first choice; the plain one is never sure."""
    request = ScoreRequest(tuple(Pair(Prompt(item.question), choice) for choice in item.choices))
    scores = (-0.1, -3.0, -4.0) if name == "polite" else (-1.0, -1.1, -1.2)
    answer = ScoreAnswer(scores, (True, False, False), (1, 1, 1), prompt_tokens=5)
    _commit(ledger, name, CHOOSING, item, 0, request, answer, [Observation("acc", float(item.doc_id == 0))])


def _commit(
    ledger: Ledger,
    name: str,
    task: str,
    item: Item,
    repeat: int,
    request: GenerateRequest | ScoreRequest,
    answer: Answer,
    seen: list[Observation],
) -> None:
    ledger.commit(
        candidate_id(name),
        Chunk(
            answers=[(request, answer)],
            asked=[(task, item.id, repeat, (request.id,))],
            observations=[(task, item.id, repeat, one) for one in seen],
        ),
    )
