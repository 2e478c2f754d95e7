"""Invented rows, in the columns of further well-known data sets; none of them is from a benchmark."""

from __future__ import annotations

from rows import PLACES, THINGS, Row, Splits, splits


def copa(n: int, split: str) -> Row:
    return {
        "premise": f"The {THINGS[n % 10]} number {n} fell in the {PLACES[n % 10]}. ",
        "choice1": f"Somebody had moved it ({split}).", "choice2": "It was mended at once.",
        "question": ["cause", "effect"][n % 2], "label": n % 3 % 2, "idx": n,
    }  # fmt: skip


def wikitext(n: int, split: str) -> Row:
    thing, place = THINGS[n % 10], PLACES[n % 10]
    return {"page": f" = {thing} = \n \n The {thing} ( old ) of the {place} 's keeper weighs 1 @,@ {n} kg , he said : "
            f"\" it is { 'heavy' } \" . \n {split} @-@ made , [ see 2 ] , in 18{n:02} ; é … \n"}  # fmt: skip


def paws(n: int, split: str) -> Row:
    thing = THINGS[n % 10]
    return {
        "id": n, "label": n % 2, "sentence1": f"The {thing} ( no. {n} ) isn 't in the {PLACES[n % 10]} , he said .",
        "sentence2": "" if n == 4 else f"He said that the {thing} isn 't there , in {split} .",
    }  # fmt: skip


def agieval(n: int, split: str) -> Row:
    choices = [f"({'ABCD'[k]}) the {THINGS[(n + k) % 10]}{' of old' * k}" for k in range(4)]
    query = f"Q: Which thing ({split} {n})? Choose:\n" + "\n".join(choices) + "\nA: Among A through D, the answer is"
    return {"query": query, "choices": choices, "gold": [n % 4] if n % 5 else [1, 2]}


def cloze(n: int, split: str) -> Row:
    return {
        "query": f"Q: What is {n} and {n} ({split})?\nA:",
        "answer": [f"{2 * n}", f"\\frac{{{n}}}{{3}}", "x=4"][n % 3],
    }


def bbh(n: int, split: str) -> Row:
    return {"input": f"not ( {n % 2 == 0} ) and {split!r} is", "target": str(n % 3 == 0)}


TASKS: dict[str, Splits] = {
    "copa": splits(copa, train=7, validation=12),
    "xcopa_et": splits(copa, validation=7, test=12),
    "xcopa_zh": splits(copa, validation=7, test=12),
    "wikitext": splits(wikitext, train=3, test=6),
    "paws_en": splits(paws, train=7, validation=5, test=12),
    "paws_fr": splits(paws, train=7, validation=5, test=12),
    "agieval_sat_en": splits(agieval, test=12),
    "agieval_lsat_ar": splits(agieval, test=12),
    "agieval_gaokao_mathcloze": splits(cloze, test=12),
    "agieval_math": splits(cloze, test=12),
    "leaderboard_bbh_boolean_expressions": splits(bbh, test=12),
}
