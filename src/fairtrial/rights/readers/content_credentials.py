"""Content credentials (C2PA) of images: the assertions about training and data mining, of CAWG and of C2PA before.

A denial counts whoever signed it.  A permission counts only in a manifest that is trusted, since anybody can sign one.
The library is asked to fetch nothing.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from fairtrial.errors import RightsError
from fairtrial.rights.readers.parsing import parse_signal_json
from fairtrial.rights.readers.place import SignalSource, clean_line
from fairtrial.rights.record import Evidence, Says, Statement, Use

if TYPE_CHECKING:
    from c2pa import Context

C2PA = "c2pa"

LABELS = ("cawg.training-mining", "c2pa.training-mining")
"""Of the assertion (CAWG training and data mining 1.1); with a number behind it where there are several."""

ENTRIES: dict[str, tuple[Use, ...]] = {
    "ai_training": (Use.TRAIN,),
    "ai_generative_training": (Use.TRAIN,),
    "ai_inference": (Use.AI_INPUT,),
    "data_mining": (Use.AI_INDEX,),
}
SAYS: dict[str, Says] = {"allowed": "allow", "notAllowed": "deny", "constrained": "conditional"}

_TYPES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n", "image/png"),
    (b"RIFF", "image/webp"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {"allowed_network_hosts": []},
}


def read_c2pa(data: bytes, source: SignalSource) -> list[Evidence]:
    """Return what an image's content credentials say of its use; what cannot be read is a problem."""
    if b"c2pa" not in data or b"jumb" not in data:
        return []
    kind = next((name for begin, name in _TYPES if data.startswith(begin)), "")
    if not kind:
        return []
    try:
        text = _read_store(data, kind)
        return read_store(text, source) if text else []
    except RightsError as error:
        return [source.tell(C2PA, "", at="manifest", problem=error.message)]


def read_store(text: str, source: SignalSource) -> list[Evidence]:
    """Return what a manifest store, as JSON, says; raises RightsError where it is none."""
    store = parse_signal_json(text)
    manifests = store.get("manifests") if isinstance(store, Mapping) else None
    if not isinstance(store, Mapping) or not isinstance(manifests, Mapping):
        raise RightsError("it is no manifest store")
    active = manifests.get(str(store.get("active_manifest")))
    if not isinstance(active, Mapping):
        raise RightsError("it has no active manifest")
    trusted = store.get("validation_state") == "Trusted"
    found = []
    assertions = active.get("assertions")
    for assertion in assertions if isinstance(assertions, list) else ():
        label = str(assertion.get("label")) if isinstance(assertion, Mapping) else ""
        if label.partition("__")[0].startswith(LABELS):
            found.append(_tell_assertion(label, assertion.get("data"), trusted, source))
    signature = active.get("signature_info")
    issuer = str(signature.get("issuer") or "") if isinstance(signature, Mapping) else ""
    return [replace(one, holder=clean_line(issuer) if trusted else "") for one in found]


def _tell_assertion(label: str, data: object, trusted: bool, source: SignalSource) -> Evidence:
    entries = data.get("entries") if isinstance(data, Mapping) else None
    if not isinstance(entries, Mapping):
        return source.tell(C2PA, label, at=label, problem="the assertion has no entries")
    statements, lines, withheld = [], [], False
    for name, entry in list(entries.items())[:50]:
        uses = ENTRIES.get(str(name).rpartition(".")[2], ())
        use_of = str(entry.get("use")) if isinstance(entry, Mapping) else ""
        info = str(entry.get("constraint_info") or "") if isinstance(entry, Mapping) else ""
        lines.append(f"{name}: {use_of} {info}".strip())
        says = SAYS.get(use_of)
        if not uses:
            continue
        if says is None or (says == "allow" and not trusted):
            withheld = True
            continue
        because = clean_line(f"{name}: {use_of}" + (f" ({info})" if info else ""))
        statements += [Statement(use, says, because) for use in uses]
    problem = "what it allows is not signed by anybody trusted, or is of no known kind" if withheld else ""
    return source.tell(C2PA, "\n".join(lines), tuple(statements), at=label, problem=problem)


def _read_store(data: bytes, kind: str) -> str:
    """Return the manifest store as JSON, empty if there is none; raises RightsError where it cannot be read."""
    try:
        from c2pa import C2paError, Reader
    except ImportError:
        raise RightsError("its content credentials need the extra c2pa: pip install 'fairtrial[c2pa]'") from None
    try:
        with _make_context() as context, Reader(kind, io.BytesIO(data), context=context) as reader:
            return str(reader.json())
    except C2paError as error:
        if "ManifestNotFound" in type(error).__name__ or "ManifestNotFound" in str(error):
            return ""
        raise RightsError(f"its content credentials cannot be read ({clean_line(str(error))[:100]})") from None
    except (ValueError, OSError, RuntimeError) as error:
        raise RightsError(f"its content credentials cannot be read ({type(error).__name__})") from None


def _make_context() -> Context:
    from c2pa import Context, Settings

    return Context(settings=Settings.from_dict(_OFFLINE))
