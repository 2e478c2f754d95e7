"""GGUF files whose headers lie, made from the small model of random numbers: facts of any type, tensors anywhere."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tests.support.small_gguf import byte_texts, model_facts, model_tensors

U8, U16, U32, I32, F32, BOOL, STRING, ARRAY, U64 = 0, 2, 4, 5, 6, 7, 8, 9, 10


def text(value: str | bytes) -> bytes:
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def u16(value: int) -> bytes:
    return struct.pack("<IH", U16, value)


def u32(value: int) -> bytes:
    return struct.pack("<II", U32, value)


def i32(value: int) -> bytes:
    return struct.pack("<Ii", I32, value)


def f32(value: float) -> bytes:
    return struct.pack("<If", F32, value)


def string(value: str | bytes) -> bytes:
    return struct.pack("<I", STRING) + text(value)


def texts(values: list[str] | list[bytes]) -> bytes:
    return struct.pack("<IIQ", ARRAY, STRING, len(values)) + b"".join(map(text, values))


def fact(value: object) -> bytes:
    """Return a fact as its usual type."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, int):
        return u32(value)
    if isinstance(value, float):
        return f32(value)
    assert isinstance(value, list)
    return texts(value)


@dataclass(frozen=True)
class Placed:
    """A tensor as the header has it; without a start of its own it stands where its numbers are."""

    data: np.ndarray
    shape: tuple[int, ...] = ()
    type: int = 0
    start: int | None = None


@dataclass(frozen=True)
class Lying:
    """A file: facts and tensors as the header has them, and what is done to its bytes at the end."""

    facts: Mapping[str, bytes]
    tensors: Mapping[str, Placed]
    counts: tuple[int | None, int | None] = (None, None)
    cut: int = 0
    version: int = 3
    alignment: int = field(default=32)

    def having(self, **facts: bytes) -> Lying:
        """Return the file with other facts; two underscores stand for a dot."""
        return replace(self, facts={**self.facts, **{name.replace("__", "."): value for name, value in facts.items()}})

    def lacking(self, *names: str) -> Lying:
        """Return the file without some facts or tensors."""
        return replace(
            self,
            facts={name: value for name, value in self.facts.items() if name not in names},
            tensors={name: value for name, value in self.tensors.items() if name not in names},
        )

    def placing(self, name: str, **changes: object) -> Lying:
        """Return the file with another entry of a tensor."""
        return replace(self, tensors={**self.tensors, name: replace(self.tensors[name], **changes)})  # type: ignore[arg-type]

    def bytes(self) -> bytes:
        """Return the file."""
        tensors, facts = self.counts
        out = bytearray(b"GGUF" + struct.pack("<I", self.version))
        out += struct.pack(
            "<QQ", len(self.tensors) if tensors is None else tensors, len(self.facts) if facts is None else facts
        )
        for key, value in self.facts.items():
            out += text(key) + value
        start, data = 0, bytearray()
        for name, placed in self.tensors.items():
            shape = placed.shape or placed.data.shape[::-1]
            own = start if placed.start is None else placed.start
            out += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, placed.type, own)
            data += placed.data.astype("<f4").tobytes()
            data += b"\0" * (-len(data) % self.alignment)
            start = len(data)
        out += b"\0" * (-len(out) % self.alignment)
        whole = bytes(out + data)
        return whole[: len(whole) - self.cut]


def honest() -> Lying:
    """Return a file that tells the truth."""
    return Lying(
        {key: fact(value) for key, value in model_facts().items()},
        {name: Placed(data) for name, data in model_tensors().items()},
    )


def lies() -> Iterator[tuple[str, Lying]]:
    """Yield files that lie, by name."""
    true = honest()
    yield from about_sizes(true)
    yield from about_words(true, "tokenizer.ggml.")
    yield from about_special_words(true, "tokenizer.ggml.")
    yield from about_places(true)


def about_sizes(true: Lying) -> Iterator[tuple[str, Lying]]:
    """Yield files with other numbers of layers, heads, experts and the like."""
    for count in (0, 1, 3, 513, 2**31 - 1, 2**31, 2**32 - 1):
        yield f"{count} layers", true.having(llama__block_count=u32(count))
    for name in (
        "embedding_length",
        "feed_forward_length",
        "attention.head_count",
        "attention.head_count_kv",
        "context_length",
    ):
        for value in (0, 1, 2**31, 2**32 - 1):
            yield f"{name} {value}", true.having(**{f"llama.{name}": u32(value)})
    for name in ("rope.dimension_count", "attention.key_length", "attention.value_length", "vocab_size"):
        for value in (0, 7, 2**31):
            yield f"{name} {value}", true.having(**{f"llama.{name}": u32(value)})
    for experts, chosen in ((4, 0), (0, 2), (2, 4), (2**31, 2), (2**32 - 1, 2**32 - 1), (4, 2)):
        yield (
            f"{experts} experts, {chosen} chosen",
            true.having(llama__expert_count=u32(experts), llama__expert_used_count=u32(chosen)),
        )
    for epsilon in (float("nan"), -1.0, float("inf"), 0.0):
        yield f"epsilon {epsilon}", true.having(llama__attention__layer_norm_rms_epsilon=f32(epsilon))
    for base in (0.0, float("nan"), -1.0):
        yield f"rope base {base}", true.having(llama__rope__freq_base=f32(base))
    for value in (0, 3, 2**31, 2**32 - 1):
        yield f"alignment {value}", true.having(general__alignment=u32(value))
    yield "no epsilon", true.lacking("llama.attention.layer_norm_rms_epsilon")
    yield "no architecture", true.lacking("general.architecture")
    yield "an unknown architecture", true.having(general__architecture=string("no such"))
    yield "another architecture", true.having(general__architecture=string("gpt2"))
    yield "an architecture that is a number", true.having(general__architecture=u32(3))


def about_words(true: Lying, key: str) -> Iterator[tuple[str, Lying]]:
    """Yield files with another vocabulary."""
    yield "no vocabulary", true.lacking(key + "tokens")
    yield "no kind of vocabulary", true.lacking(key + "model")
    yield "a vocabulary of no kind", true.having(tokenizer__ggml__model=string("none"))
    yield "a vocabulary of an unknown kind", true.having(tokenizer__ggml__model=string("bytes"))
    for kind in ("llama", "bert", "t5", "rwkv", "plamo2"):
        yield f"a vocabulary called {kind}", true.having(tokenizer__ggml__model=string(kind))
    yield "no merges", true.lacking(key + "merges")
    yield "merges that are none", true.having(tokenizer__ggml__merges=texts(["ab", "", " ", "a b c"]))
    yield "an unknown way to cut", true.having(tokenizer__ggml__pre=string("no such way"))
    yield "no tokens", true.having(tokenizer__ggml__tokens=texts([]))
    yield "one token 256 times", true.having(tokenizer__ggml__tokens=texts(["a"] * 256))
    yield "too few tokens", true.having(tokenizer__ggml__tokens=texts(byte_texts()[:100]))
    yield "too many tokens", true.having(tokenizer__ggml__tokens=texts([*byte_texts(), *map(str, range(100))]))
    yield "tokens that are no text", true.having(tokenizer__ggml__tokens=texts([b"\xff\xfe\x80"] * 256))
    yield "tokens that are empty", true.having(tokenizer__ggml__tokens=texts([""] * 256))
    yield (
        "tokens that are numbers",
        true.having(tokenizer__ggml__tokens=struct.pack("<IIQ256I", ARRAY, U32, 256, *range(256))),
    )
    yield "a text for tokens", true.having(tokenizer__ggml__tokens=string("abc"))


def about_special_words(true: Lying, key: str) -> Iterator[tuple[str, Lying]]:
    """Yield files with other special tokens, kinds of tokens and templates."""
    for special in ("bos", "eos", "unknown", "padding", "eot"):
        for value in (256, 2**31, 2**32 - 1):
            yield f"{special} {value}", true.having(**{f"{key}{special}_token_id": u32(value)})
    few = struct.pack("<IIQ3i", ARRAY, I32, 3, 1, 1, 1)
    yield "kinds of three tokens", true.having(tokenizer__ggml__token_type=few)
    yield "scores of three tokens", true.having(tokenizer__ggml__scores=struct.pack("<IIQ3f", ARRAY, F32, 3, 1, 1, 1))
    yield "a template of nothing", true.having(tokenizer__chat_template=u32(3))


def about_places(true: Lying) -> Iterator[tuple[str, Lying]]:
    """Yield files that are cut short, and whose tensors are not where or what the header says."""
    yield "a part of three", true.having(split__no=u16(0), split__count=u16(3), split__tensors__count=i32(21))
    yield "part nine of two", true.having(split__no=u16(9), split__count=u16(2), split__tensors__count=i32(21))
    for cut in (1, 1000, 100_000, 1_000_000):
        yield f"{cut} bytes short", replace(true, cut=cut)
    yield "2**60 tensors", replace(true, counts=(2**60, None))
    yield "2**60 facts", replace(true, counts=(None, 2**60))
    yield "more tensors than there are", replace(true, counts=(30, None))
    yield "version 0", replace(true, version=0)
    yield "version 2**31", replace(true, version=2**31)
    one = "blk.0.attn_q.weight"
    yield "a tensor behind the end", true.placing(one, start=2**40)
    yield "a tensor at an odd place", true.placing(one, start=7)
    yield "a tensor at the end of numbers", true.placing(one, start=2**64 - 32)
    yield "a tensor over another", true.placing(one, start=0)
    yield "a tensor of an unknown type", true.placing(one, type=999)
    yield "a tensor of another type", true.placing(one, type=2)
    yield "a tensor of whole numbers", true.placing(one, type=26)
    yield "a tensor of no size", true.placing(one, shape=(0, 0))
    yield "a tensor of another shape", true.placing(one, shape=(256, 255))
    yield "a tensor of five dimensions", true.placing(one, shape=(256, 256, 1, 1, 1))
    yield "a tensor of 2**40 rows", true.placing(one, shape=(256, 2**40))
    yield "a tensor of 2**63 numbers", true.placing(one, shape=(2**32, 2**31))
    yield (
        "a tensor with a long name",
        replace(true, tensors={**true.tensors, "x" * 500: Placed(np.zeros(4, np.float32))}),
    )
    yield "a missing tensor", true.lacking(one)
    yield "no tensors", replace(true, tensors={})
    yield "a vocabulary of one row", true.placing("token_embd.weight", shape=(256, 1))
