"""A folder in PEFT's form: the settings that matter, and where each module's weights lie in the file.

The folder may be anybody's.  Of its settings only those are read that change what is computed, and one that is not
known here is refused by name, not passed over; no pattern of it is ever run as a regular expression.
Forms: https://huggingface.co/docs/peft (LoraConfig), https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from fairtrial.errors import ModelError
from fairtrial.models.hashes import POINTER
from fairtrial.spec.regular import read_regular

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
LONGEST_CONFIG = 5_000_000
LONGEST_HEADER = 30_000_000
MOST_TENSORS = 50_000
LARGEST_RANK = 16_384
TYPES: Mapping[str, int] = {"F32": 4, "F16": 2, "BF16": 2}
"""Types of numbers that weights may have, and their bytes."""

_PREFIX = "base_model.model."
_PART = re.compile(r"^(?P<module>[\w.]{1,500})\.(?P<part>lora_A|lora_B|lora_magnitude_vector)(?:\.weight)?$", re.ASCII)
_PATTERN = re.compile(r"\^?[\w.]{1,500}\$?", re.ASCII)
_CHANGES_THE_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")
_HARMLESS = frozenset(
    (
        *("auto_mapping", "base_model_name_or_path", "bias", "corda_config", "ensure_weight_tying", "eva_config"),
        *("exclude_modules", "inference_mode", "init_lora_weights", "layers_pattern", "layers_to_transform"),
        *("loftq_config", "lora_alpha", "lora_dropout", "lora_ga_config", "megatron_core", "peft_type", "peft_version"),
        *("qalora_group_size", "r", "rank_pattern", "alpha_pattern", "revision", "runtime_config", "target_modules"),
        *("task_type", "use_dora", "use_rslora", "velora_config"),
    )
)
"""Settings that are read, or change nothing of what a finished adapter computes; names of peft 0.21 and before."""
LARGEST_ALPHA = 1e6
_FIX = "Merge it into its model with peft (merge_and_unload()), and name the merged model."


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """Where a tensor lies in a file of safetensors: type, shape, first byte."""

    type: str
    shape: tuple[int, ...]
    start: int


@dataclass(frozen=True, slots=True)
class LoraModule:
    """What one linear layer gets: its output grows by ``scale * B A x``.

    Attributes:
        rank: rows of A.
        scale: of the product.
        a: (rank, inputs).
        b: (outputs, rank).
        magnitude: (outputs,) lengths of the rows of the changed weights (DoRA); None for plain LoRA.
    """

    rank: int
    scale: float
    a: TensorPlace
    b: TensorPlace
    magnitude: TensorPlace | None = None


@dataclass(frozen=True, slots=True)
class PeftAdapter:
    """An adapter in a folder.

    Attributes:
        path: the folder.
        rank: that its settings name; modules may have others.
        alpha: likewise.
        modules: by the layer's name in the network, e.g. ``model.layers.0.self_attn.q_proj``.
        base: name of the model that it was made for, as the settings have it; empty if they have none.
    """

    path: Path
    rank: int
    alpha: float
    modules: Mapping[str, LoraModule]
    base: str = ""

    @property
    def weights(self) -> Path:
        """The file with its numbers."""
        return self.path / WEIGHTS

    @property
    def is_dora(self) -> bool:
        """Whether it changes the lengths of rows apart from their direction, which a GGUF LoRA cannot."""
        return any(module.magnitude for module in self.modules.values())

    @property
    def parameters(self) -> int:
        """How many numbers it has."""
        tensors = [t for m in self.modules.values() for t in (m.a, m.b, m.magnitude) if t]
        return sum(math.prod(tensor.shape) for tensor in tensors)


def read_peft(path: Path) -> PeftAdapter:
    """Return what a folder says of itself.

    Raises ModelError if it holds no whole adapter, or one that does more than LoRA and DoRA on linear layers do.
    """
    settings = _read_settings(path)
    _refuse_unknown(settings, path)
    rank, alpha = settings.get("r"), settings.get("lora_alpha")
    if type(rank) is not int or not 1 <= rank <= LARGEST_RANK:
        raise _make_error(path, f"its rank (r) is {rank!r}; allowed are 1 to {LARGEST_RANK:,}")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha <= LARGEST_ALPHA:
        raise _make_error(
            path, f"its lora_alpha is {str(alpha)[:40]}; it must be above 0 and at most {LARGEST_ALPHA:g}"
        )
    base = settings.get("base_model_name_or_path")
    modules = _read_modules(path, settings, rank, float(alpha))
    return PeftAdapter(path, rank, float(alpha), modules, base if isinstance(base, str) else "")


def _make_error(path: Path, wrong: str, fix: str = "") -> ModelError:
    return ModelError(f"The adapter cannot be used: {wrong}.", fix=fix, where=str(path))


def _read_settings(path: Path) -> dict[str, Any]:
    for name in (CONFIG, WEIGHTS):
        if not (path / name).is_file():
            others = sorted(one.name for one in path.glob("adapter_model*.bin"))
            why = f"; {others[0]} may run code when it is read, and is not" if others and name == WEIGHTS else ""
            raise _make_error(
                path,
                f"the folder has no {name}{why}",
                "Give a folder that peft's save_pretrained wrote, or a GGUF LoRA.",
            )
    try:
        found = json.loads(read_regular(path / CONFIG, LONGEST_CONFIG))
    except (OSError, ValueError, RecursionError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise _make_error(path, f"{CONFIG} cannot be read: {first}") from error
    if not isinstance(found, dict):
        raise _make_error(path, f"{CONFIG} holds no JSON object")
    return found


def _refuse_unknown(settings: Mapping[str, Any], path: Path) -> None:
    """Raise ModelError if the settings ask for something that is not done here."""
    kind = settings.get("peft_type")
    if kind != "LORA":
        raise _make_error(path, f"its kind (peft_type) is {kind!r}; LORA alone is read, DoRA included", _FIX)
    task = settings.get("task_type")
    if task not in (None, "CAUSAL_LM", "SEQ_2_SEQ_LM", "QUESTION_ANS", "FEATURE_EXTRACTION"):
        raise _make_error(path, f"its task_type is {task!r}, and this program needs a model that writes")
    if settings.get("bias", "none") != "none":
        raise _make_error(path, f"it changes biases too (bias: {settings['bias']!r})", _FIX)
    if asked := sorted(name for name, value in settings.items() if value and name not in _HARMLESS):
        raise _make_error(path, f"its settings have {asked[0][:80]!r}, which is not done here", _FIX)
    begun = settings.get("init_lora_weights")
    if isinstance(begun, str) and begun.lower().startswith(_CHANGES_THE_BASE):
        raise _make_error(
            path,
            f"it was begun by {begun[:40]!r}, which changes the weights of its model too",
            "Save it relative to the model: save_pretrained(..., path_initial_model_for_weight_conversion=...).",
        )


def _read_modules(path: Path, settings: Mapping[str, Any], rank: int, alpha: float) -> dict[str, LoraModule]:
    parts: dict[str, dict[str, TensorPlace]] = {}
    for name, place in _read_places(path).items():
        match = _PART.match(name.removeprefix(_PREFIX))
        if match is None:
            raise _make_error(path, f"{WEIGHTS} has {name[:200]!r}, which is no part of LoRA on a linear layer", _FIX)
        parts.setdefault(match["module"], {})[match["part"]] = place
    if not parts:
        raise _make_error(path, f"{WEIGHTS} holds no weights")
    ranks, alphas = (_read_patterns(path, settings, name) for name in ("rank_pattern", "alpha_pattern"))
    root = bool(settings.get("use_rslora"))
    found = {}
    for module, own in sorted(parts.items()):
        wanted = _find_pattern(ranks, module, rank)
        own_rank = _check_shapes(path, module, own, wanted)
        scale = _find_pattern(alphas, module, alpha) / (math.sqrt(own_rank) if root else own_rank)
        magnitude = own.get("lora_magnitude_vector")
        if bool(settings.get("use_dora")) != (magnitude is not None):
            told = "use_dora is set, and there is no" if magnitude is None else "use_dora is not set, and there is a"
            raise _make_error(path, f"{told} lora_magnitude_vector of {module}")
        found[module] = LoraModule(own_rank, scale, own["lora_A"], own["lora_B"], magnitude)
    return found


def _check_shapes(path: Path, module: str, own: Mapping[str, TensorPlace], wanted: float) -> int:
    """Return a module's rank; raise ModelError if its tensors do not go together."""
    if lacking := {"lora_A", "lora_B"} - own.keys():
        raise _make_error(path, f"{module} has no {min(lacking)}")
    a, b, magnitude = own["lora_A"].shape, own["lora_B"].shape, own.get("lora_magnitude_vector")
    fits = len(a) == len(b) == 2 and a[0] == b[1] and 1 <= a[0] <= LARGEST_RANK
    fits = fits and (magnitude is None or math.prod(magnitude.shape) == b[0])
    if not fits:
        raise _make_error(path, f"{module} has lora_A of the shape {a} and lora_B of {b}, which do not go together")
    if a[0] != wanted:
        raise _make_error(path, f"{module} has the rank {a[0]}, and {CONFIG} says {wanted:g}")
    return a[0]


def _read_patterns(path: Path, settings: Mapping[str, Any], name: str) -> dict[str, float]:
    """Return ranks or alphas of single layers, by the ends of their names."""
    given = settings.get(name) or {}
    if not isinstance(given, dict):
        raise _make_error(path, f"{name} is no mapping")
    for key, value in given.items():
        sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LARGEST_ALPHA
        if not _PATTERN.fullmatch(key) or not sound:
            raise _make_error(
                path, f"{name} has {key[:80]!r}: {str(value)[:40]}; names of layers and numbers above 0 are read", _FIX
            )
    return {key.removeprefix("^").removesuffix("$"): float(value) for key, value in given.items()}


def _find_pattern(patterns: Mapping[str, float], module: str, usual: float) -> float:
    """Return the value of the first pattern that a layer's name is or ends with."""
    return next((v for key, v in patterns.items() if module == key or module.endswith(f".{key}")), usual)


def _read_places(path: Path) -> dict[str, TensorPlace]:
    """Return where the tensors of the folder's file lie; raise ModelError if it is not whole."""
    file = path / WEIGHTS
    size = file.stat().st_size
    try:
        with file.open("rb") as opened:
            head = opened.read(8)
            if (head + opened.read(len(POINTER) - 8)) == POINTER:
                raise ValueError("it is a pointer of Git LFS, not the file itself")
            opened.seek(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
            if not 2 <= length <= min(size - 8, LONGEST_HEADER):
                raise ValueError(f"its header would have {length:,} bytes, and the file has {size:,}")
            listed = json.loads(opened.read(length))
        if not isinstance(listed, dict) or len(listed) > MOST_TENSORS:
            raise ValueError(f"its header is no JSON object of at most {MOST_TENSORS:,} tensors")
        listed.pop("__metadata__", None)
        places = {name: _read_place(name, one, 8 + length, size) for name, one in listed.items()}
    except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError, AttributeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise _make_error(path, f"{WEIGHTS} is not a whole file: {first}", "Get it again.") from error
    following = sorted(places.items(), key=lambda place: place[1].start)
    for (name, one), (other, after) in pairwise(following):
        if one.start + math.prod(one.shape) * TYPES[one.type] > after.start:
            raise _make_error(path, f"{name[:80]!r} and {other[:80]!r} of {WEIGHTS} lie on the same bytes")
    return places


def _read_place(name: str, entry: Mapping[str, Any], data: int, size: int) -> TensorPlace:
    start, end = map(int, entry["data_offsets"])
    shape = tuple(map(int, entry["shape"]))
    kind = str(entry["dtype"])
    if kind not in TYPES:
        raise ValueError(f"{name[:200]!r} is of the type {kind[:20]!r}; {', '.join(TYPES)} are read")
    if min(shape, default=0) < 1 or end - start != math.prod(shape) * TYPES[kind] or not 0 <= start <= end:
        raise ValueError(f"{name[:200]!r} has another size than its shape says")
    if data + end > size:
        raise ValueError("it is cut short")
    return TensorPlace(kind, shape, data + start)
