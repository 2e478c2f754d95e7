"""Generates papers, forms, receipts and invoices, and asks what they say.

Where two fields hold words of one kind, both are offered, so that the label must be read; of a number those offered
differ in two digits only.  How papers look is in `fairtrial.tasks.pictures.papers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import FACES, Canvas, add_grain
from fairtrial.tasks.pictures.papers import (
    PaperField,
    Purchase,
    draw_form,
    draw_invoice,
    draw_note,
    draw_receipt,
    turn_slightly,
)
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_words

How = Mapping[str, Any]


def build_documents(options: TaskOptions) -> PictureTask:
    """Return the task ``documents``."""
    return build_pictures("documents", make_scene, options)


def build_documents_open(options: TaskOptions) -> PictureTask:
    """Return the task ``documents_open``: the same papers, answered in writing."""
    return build_pictures("documents_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return a paper with a question of each kind of the level."""
    kind, asked = draw_kind(draw, level)
    how = level.settings
    on, questions, drawn = MAKE[kind](draw, suite, asked, how)
    picture = (
        turn_slightly(on.image, draw.draw_between(-how["aslant"], how["aslant"])) if how.get("aslant") else on.image
    )
    add_grain(picture, draw, how.get("grain", 0))
    return PictureScene(kind, tuple(questions), pictures=(picture,), drawn=drawn)


_Made = tuple[Canvas, Sequence[Question], Mapping[str, Any]]


def _make_note(draw: Draw, suite: Suite, asked: Mapping[str, int], how: How) -> _Made:
    """Return a sheet of paper with a word above a number."""
    length = draw.pick(how["letters"])
    fitting = [word for word in load_words()["things"] if len(word) == length]
    offered = {"word": draw.sample(fitting, asked["word"]), "number": draw_alike(draw, "12", asked["number"])}
    on = Canvas(how["size"], how["size"])
    lines = [offered["word"][0], offered["number"][0]]
    draw_note(on, lines, [(draw.draw_between(-a, a), draw.draw_between(-4, 4)) for a in (4, 16)], how["font"])
    questions = [_say(draw, suite, one, offered[one][0], offered[one][1:]) for one in asked]
    return on, questions, {"lines": lines}


def draw_alike(draw: Draw, form: str, count: int) -> list[str]:
    """Return numbers in random order that differ in two of their digits only.

    Args:
        draw: source of the numbers.
        form: a character for each digit, 1 and 2 where they differ; other characters stay, but for x, any digit.
        count: how many; at most four.
    """
    first, second = draw.sample("123456789", 2), draw.sample("0123456789", 2)
    base = "".join(str(draw.draw_between(int(not at), 9)) if char == "x" else char for at, char in enumerate(form))
    numbers = [
        base.replace("1", "a").replace("2", "b").replace("a", one).replace("b", other)
        for one in first
        for other in second
    ]
    return draw.sample(numbers, count)


def _say(draw: Draw, suite: Suite, ask: str, gold: str, wrong: Sequence[str], **slots: object) -> Question:
    text = draw.pick(suite.read_lines(ask)).format(**slots)
    return Question(text, gold, tuple(wrong), {"ask": ask})


def _draw_fields(draw: Draw, listed: Sequence[Mapping[str, Any]]) -> list[PaperField]:
    """Return fields with values: words of a list, none twice, or numbers."""
    lists = load_words()
    left = {name: draw.shuffle(words) for name, words in lists.items()}
    fields = []
    for one in listed:
        if "digits" in one:
            offered = draw_alike(draw, one["digits"], 4)
            fields.append(PaperField(one["label"], offered[0] + one.get("unit", ""), "", tuple(offered)))
        else:
            fields.append(PaperField(one["label"], left[one["from"]].pop(), one["from"], ()))
    return fields


def _offer_field(draw: Draw, field: PaperField, fields: Sequence[PaperField], count: int) -> list[str]:
    """Return what else is offered for a field: values of fields of its kind, then words that are not on the paper."""
    if field.alike:
        return list(field.alike[1:count])
    others = [one.value for one in fields if one.kind == field.kind and one is not field][: count - 1]
    shown = {one.value for one in fields}
    free = [word for word in load_words()[field.kind] if word not in shown]
    return [*others, *draw.sample(free, count - 1 - len(others))]


def _make_form(draw: Draw, suite: Suite, asked: Mapping[str, int], how: How) -> _Made:
    """Return a form of labelled fields, of which some are asked for."""
    form = draw.pick(suite.read_table("forms"))
    fields = _draw_fields(draw, draw.sample(form["fields"], how["fields"]))
    questions = []
    for field, (ask, count) in zip(draw.sample(fields, len(asked)), asked.items(), strict=True):
        wrong = _offer_field(draw, field, fields, count)
        gold = field.alike[0] if field.alike else field.value
        question = _say(draw, suite, "field", gold, wrong, label=field.label)
        questions.append(Question(question.text, gold, question.wrong, {"ask": ask}))
    on = Canvas(*how["paper"])
    draw_form(on, form["title"], fields, draw.pick(FACES), how["font"])
    return on, questions, {"title": form["title"], "fields": [[one.label, one.value] for one in fields]}


def _draw_lines(draw: Draw, count: int, most: int) -> list[Purchase]:
    """Return things bought, no name, price or number of pieces twice."""
    names = draw.sample(load_words()["things"], count)
    prices = [10 * n for n in draw.sample(range(12, 98), count)]
    pieces = draw.sample(range(1, most + 1), count) if most > 1 else [1] * count
    return [Purchase(name, number, price) for name, number, price in zip(names, pieces, prices, strict=True)]


def format_money(cents: int) -> str:
    """Return an amount as it is written."""
    return f"{cents // 100}.{cents % 100:02d}"


def _offer_amounts(draw: Draw, cents: int, count: int) -> list[str]:
    """Return amounts in random order, the right one first, that differ in two digits; each digit fits two of them."""
    text = format_money(cents)
    places = [at for at, char in enumerate(text[:-1]) if char != "."][-2:]
    found = [text]
    others = [draw.pick([d for d in "0123456789"[int(at == 0) :] if d != text[at]]) for at in places]
    for change in ((0,), (1,), (0, 1)):
        changed = list(text)
        for one in change:
            changed[places[one]] = others[one]
        found.append("".join(changed))
    return [found[0], *draw.shuffle(found[1:])[: count - 1]]


def _make_receipt(draw: Draw, suite: Suite, asked: Mapping[str, int], how: How) -> _Made:
    """Return a receipt: things with their prices, the total, what was paid and the change."""
    lines = _draw_lines(draw, how["lines"], 1)
    total = sum(line.price for line in lines)
    paid = -(-(total + draw.draw_between(1, 400)) // 500) * 500
    sums = {"TOTAL": total, "PAID": paid, "CHANGE": paid - total}
    shop = f"{draw.pick(load_words()['places'])} {draw.pick(suite.read_lines('shops'))}"
    date = f"{draw.draw_between(1, 28)} {draw.pick(load_words()['months'])[:3]} {draw.draw_between(2027, 2039)}"
    on = Canvas(*how["paper"])
    draw_receipt(
        on,
        shop,
        date,
        [(line.name, format_money(line.price)) for line in lines],
        {k: format_money(v) for k, v in sums.items()},
        draw.pick(FACES),
    )
    questions = [ASK[one](draw, suite, lines, total, count) for one, count in asked.items()]
    drawn = {"shop": shop, "date": date, "lines": [[line.name, line.price] for line in lines], "sums": sums}
    return on, questions, drawn


def _make_invoice(draw: Draw, suite: Suite, asked: Mapping[str, int], how: How) -> _Made:
    """Return an invoice: two addresses, things with number, price and amount, and the sum."""
    lines = _draw_lines(draw, how["lines"], 12)
    total = sum(line.amount for line in lines)
    listed = [
        {"label": label, "from": kind}
        for label, kind in (
            ("Sender", "names"),
            ("Sender's town", "places"),
            ("Customer", "names"),
            ("Customer's town", "places"),
        )
    ]
    fields = _draw_fields(draw, [*listed, {"label": "Number", "digits": "x1x2"}])
    rows = [(line.name, str(line.pieces), format_money(line.price), format_money(line.amount)) for line in lines]
    on = Canvas(*how["paper"])
    draw_invoice(on, fields, rows, format_money(total), (draw.pick(FACES), draw.pick(FACES)), how["font"])
    questions = []
    for one, count in asked.items():
        if one == "field":
            field = draw.pick(fields)
            gold = field.alike[0] if field.alike else field.value
            questions.append(
                _say(draw, suite, "invoice_field", gold, _offer_field(draw, field, fields, count), label=field.label)
            )
            questions[-1] = Question(questions[-1].text, gold, questions[-1].wrong, {"ask": one})
        else:
            questions.append(ASK[one](draw, suite, lines, total, count))
    drawn = {
        "fields": [[one.label, one.value] for one in fields],
        "lines": [[line.name, line.pieces, line.price] for line in lines],
        "total": total,
    }
    return on, questions, drawn


def _ask_price(draw: Draw, suite: Suite, lines: Sequence[Purchase], total: int, count: int) -> Question:
    line, *others = draw.sample(lines, count)
    return _say(
        draw, suite, "price", format_money(line.price), [format_money(one.price) for one in others], name=line.name
    )


def _ask_which(draw: Draw, suite: Suite, lines: Sequence[Purchase], total: int, count: int) -> Question:
    line, *others = draw.sample(lines, count)
    return _say(draw, suite, "which", line.name, [one.name for one in others], price=format_money(line.price))


def _ask_pieces(draw: Draw, suite: Suite, lines: Sequence[Purchase], total: int, count: int) -> Question:
    line, *others = draw.sample(lines, count)
    return _say(draw, suite, "pieces", str(line.pieces), [str(one.pieces) for one in others], name=line.name)


def _ask_total(draw: Draw, suite: Suite, lines: Sequence[Purchase], total: int, count: int) -> Question:
    gold, *wrong = _offer_amounts(draw, total, count)
    return _say(draw, suite, "total", gold, wrong)


ASK: Mapping[str, Callable[[Draw, Suite, Sequence[Purchase], int, int], Question]] = {
    "price": _ask_price,
    "which": _ask_which,
    "pieces": _ask_pieces,
    "total": _ask_total,
}

MAKE: Mapping[str, Callable[[Draw, Suite, Mapping[str, int], How], _Made]] = {
    "note": _make_note,
    "form": _make_form,
    "receipt": _make_receipt,
    "invoice": _make_invoice,
}
