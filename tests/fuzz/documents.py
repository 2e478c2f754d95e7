"""Makes hostile YAML: valid files with parts changed, and documents of tags, anchors, aliases and odd scalars."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

SCALARS = [
    "",
    "~",
    "a",
    "3",
    "-1",
    "0.5",
    ".inf",
    ".nan",
    "true",
    "no",
    "2024-01-01",
    "2024-13-45",
    "1:59:59",
    "0x1F",
    "1e999",
    "9" * 500,
    "'x'",
    '"\\0"',
    '"\\ud800"',
    "!!timestamp abc",
    "!!bool abc",
    "!!int ''",
    "!!float x",
    "!!binary é",
    "!!null x",
    "!!str",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!pairs [a]",
    "!!python/name:os.system",
    "!function a.b",
    "!function x",
    "!x y",
    "*a",
    "&a x",
    "&a [*a]",
    "&b {<<: *b}",
    "<<",
    "|",
    "> ",
    "? [x]",
    "[",
    "]",
    "{",
    "}",
    "- ",
    ": ",
    "---",
    "...",
    "%YAML 9.9",
    "@",
    "`",
    "\t",
    "\x00",
    "\x07",
    "\ufeff",
    "\u2028",
    "\U0001f600",
    "é" * 50,
    " " * 3000,
    "#",
    "x" * 5000,
    "../../../etc/passwd",
    "/dev/zero",
    "a\x00b",
    "**/**/**/*.json",
    "~root",
    "(",
    "(a+)+$",
    "{{ 'a' * 10 ** 9 }}",
    "{% for",
    "{{ range(99999) | list | tojson(indent=9999) }}",
    "fake:a",
    "gguf:/dev/zero",
    "5%",
    "[[]]",
    "[{}]",
    "{a: {b: [1, 2]}}",
]
"""Texts that stand for a value or a part of a line."""

scalars = st.one_of(st.sampled_from(SCALARS), st.text(max_size=40))


def documents(keys: Sequence[str]) -> st.SearchStrategy[str]:
    """Documents in flow or block form whose keys are mostly those that a reader knows."""
    names = st.one_of(st.sampled_from(list(keys)), scalars)
    values = st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(lambda parts: "[" + ", ".join(parts) + "]"),
            st.lists(st.tuples(names, inner), max_size=4).map(
                lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
            ),
        ),
        max_leaves=12,
    )
    return st.lists(st.tuples(names, values), max_size=10).map(
        lambda pairs: "".join(f"{key}: {value}\n" for key, value in pairs)
    )


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[str]) -> str:
    """A valid file in which some values, lines or characters were changed, repeated, swapped or left out."""
    lines = draw(st.sampled_from(list(seeds))).split("\n")
    for _ in range(draw(st.integers(1, 6))):
        i = draw(st.integers(0, len(lines) - 1))
        how = draw(st.integers(0, 7))
        if how <= 2 and ":" in lines[i]:
            lines[i] = f"{lines[i].partition(':')[0]}: {draw(scalars)}"
        elif how == 3:
            lines.insert(i, lines[draw(st.integers(0, len(lines) - 1))])
        elif how == 4:
            at = draw(st.integers(0, len(lines[i])))
            lines[i] = lines[i][:at] + draw(scalars) + lines[i][at + draw(st.integers(0, 3)) :]
        elif how == 5:
            lines[i] = " " * draw(st.integers(0, 6)) + lines[i].lstrip()
        elif how == 6:
            lines[i] = lines[i] * draw(st.integers(1, 200))
        elif len(lines) > 1:
            del lines[i]
    return "\n".join(lines)


def alias_bomb(levels: int, width: int, place: str) -> str:
    """A document whose aliases multiply ``width`` times a level, under the key ``place``."""
    rows = ["a0: &a0 [x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels + 1)]
    return f"{place}:\n" + "".join(f"  {row}\n" for row in rows)


def encoded(text: str, how: int) -> bytes:
    """The bytes of a file that holds the text: mostly UTF-8, sometimes with a mark, another encoding or broken."""
    data = text.encode("utf-8", "surrogatepass")
    odd = {1: b"\xef\xbb\xbf" + data, 2: text.encode("utf-16", "surrogatepass"), 3: data + b"\xff", 4: data[::-1]}
    return odd.get(how, data)
