"""What a disguise of a request is, and how it is made of a template or of a change of letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Sort = Literal["encoding", "script", "framing", "conversation", "wrapping", "language"]


@dataclass(frozen=True, slots=True)
class Disguised:
    """A request in disguise, as it is asked.

    Attributes:
        text: what the user says last.
        turns: what user and assistant said before, the user first.
        system: what the model is told before everything.
    """

    text: str
    turns: tuple[str, ...] = ()
    system: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """One way to disguise.

    Attributes:
        name: as rows and reports say it.
        sort: what it changes: letters, the script, the story around it, the conversation, or the form that it is in.
        disguise: from a request to its disguise; pure.
        readable: whether the request's own words still stand in the disguise.
    """

    name: str
    sort: Sort
    disguise: Callable[[str], Disguised]
    readable: bool = True


def frame(name: str, template: str, sort: Sort = "framing", system: str = "") -> Attack:
    """Return the attack that puts the request where ``{request}`` stands in a text."""
    before, _, after = template.partition("{request}")
    return Attack(name, sort, lambda request: Disguised(f"{before}{request}{after}", (), system))


def encode(name: str, change: Callable[[str], str], template: str, sort: Sort = "encoding") -> Attack:
    """Return the attack that changes the request's letters, and says in a text around it what to do with them."""
    before, _, after = template.partition("{request}")
    return Attack(name, sort, lambda request: Disguised(f"{before}{change(request)}{after}"), readable=False)


def translate_letters(table: Mapping[str, str]) -> Callable[[str], str]:
    """Return the function that puts other signs in the place of letters."""
    codes = {ord(letter): sign for letter, sign in table.items()}
    return lambda text: text.translate(codes)


def split_into_parts(text: str, parts: int) -> list[str]:
    """Return a text in so many parts of about as many words each; fewer where it has fewer words."""
    words = text.split()
    size = -(-len(words) // parts)
    return [" ".join(words[at : at + size]) for at in range(0, len(words), size)]
