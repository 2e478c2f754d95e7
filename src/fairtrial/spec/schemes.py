"""The schemes that a model's name begins with: the one table of what each means.

A distribution adds one by the entry point ``scheme.NAME``, which names a `Scheme`.  Knows no files and no engines;
`fairtrial.models` finds the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fairtrial.errors import did_you_mean
from fairtrial.plugins import PluginTable


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a model's name means that begins with this scheme.

    Attributes:
        form: as users write it, e.g. ``gguf:PATH``; empty for what users never write.
        answers: where answers come from: computed ``here``, asked for ``elsewhere`` (an endpoint), given by a
            ``function`` of this process, or read from a ``ledger`` or another tool's ``log``.
        is_path: whether a path follows the scheme.
        is_of_hub: whether weights come from the Hugging Face hub, where everybody can get them.
        stands_alone: whether it is a model's whole name, with nothing after it.
        resolver: of a plugin: what returns a `fairtrial.models.ResolvedModel` for the whole name, what follows the
            scheme, and the folder that relative paths are relative to; `fairtrial.models` has those of the others.
    """

    form: str
    answers: Literal["here", "elsewhere", "function", "ledger", "log"] = "here"
    is_path: bool = False
    is_of_hub: bool = False
    stands_alone: bool = False
    resolver: Callable[[str, str, Path], Any] | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether its answers exist already."""
        return self.answers in ("ledger", "log")


SCHEMES: PluginTable[Scheme] = PluginTable(
    "scheme",
    {
        "gguf": Scheme("gguf:PATH", is_path=True),
        "pkg": Scheme("pkg:PACKAGE/FILE"),
        "hf": Scheme("hf:REPO[@REVISION][:FILE]", is_of_hub=True),
        "openai": Scheme("openai:MODEL", "elsewhere"),
        "replay": Scheme("replay:LEDGER#CANDIDATE", "ledger", is_path=True),
        "import": Scheme("import:FILE-OR-FOLDER", "log", is_path=True),
        "search": Scheme("search", stands_alone=True),
        "python": Scheme("", "function"),
        "fake": Scheme(""),
    },
    "a fairtrial.spec.schemes.Scheme",
    lambda found: isinstance(found, Scheme),
)
"""Scheme name to what it means."""

UNWRITTEN = ("python", "fake")
"""Schemes that users do not write: functions are given as they are, and the fake model is for tests."""

FORMS = tuple(scheme.form for scheme in SCHEMES.built_in.values() if isinstance(scheme, Scheme) and scheme.form)
"""How users write the built-in ones."""


def scheme_of(model: str) -> Scheme | None:
    """Return the scheme of a model's name; None if it has none that is known here."""
    name, colon, _ = model.partition(":")
    if name not in SCHEMES:
        return None
    found = SCHEMES.find(name)
    return found if bool(colon) != found.stands_alone else None


def find_model_problem(model: str) -> str:
    """Return what is wrong with the form of a model's name, as a sentence without its full stop; empty if nothing."""
    scheme, colon, rest = model.partition(":")
    if scheme_of(model) is not None and not colon:
        return ""
    if colon and scheme in SCHEMES and SCHEMES.find(scheme).stands_alone:
        return f"model {model!r} has something after {scheme!r}, which stands alone"
    if colon and scheme in SCHEMES:
        return "" if rest.strip() else f"model {model!r} has nothing after {scheme + ':'!r}"
    known = ", ".join(
        name if SCHEMES.find(name).stands_alone else f"{name}:"
        for name in SCHEMES.list_names()
        if name not in UNWRITTEN
    )
    hub = rest.removeprefix("//huggingface.co/").strip("/").split("/")
    if rest.startswith("//huggingface.co/") and len(hub) > 1:
        hint = f" Did you mean 'hf:{hub[0]}/{hub[1]}'?"
    elif colon:
        hint = did_you_mean(scheme, SCHEMES.list_names())
    elif model.count("/") == 1 and not model.endswith(".gguf") and not model.startswith((".", "/", "~")):
        hint = f" Did you mean 'hf:{model}'?"
    else:
        hint = f" Did you mean 'gguf:{model}'?"
    return f"model {model!r} does not say where it comes from.{hint} Known prefixes: {known}"
