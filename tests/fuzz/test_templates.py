"""Templates of task files, model files and mappings: made of Jinja's own parts, with loops, sizes and recursion."""

from __future__ import annotations

import contextlib

from hypothesis import example, given
from hypothesis import strategies as st

from fairtrial.engines.chat import ChatTemplate, make_conversation
from fairtrial.errors import FairtrialError
from fairtrial.recorded.formats import IMPORTERS, read_answer
from fairtrial.records import Prompt
from fairtrial.spec.recorded import Recorded
from fairtrial.tasks.lmeval.filters import build_pipeline
from fairtrial.tasks.lmeval.template import Fields
from tests.fuzz.bounded import bounded, survives

ROW = {
    "q": "Why is the sky blue?",
    "choices": ["a", "b"],
    "t": 1,
    "messages": [{"role": "user", "content": "Hi"}],
    "x": 0,
}
NAMES = ["q", "choices", "t", "messages", "x", "ns.x", "loop.index", "missing", "m", "self.b", "messages[0].content"]
FILTERS = [
    "upper",
    "length",
    "list",
    "join('abc' * 99)",
    "center(9999)",
    "center(10 ** 9)",
    "indent(999)",
    "replace('a', q)",
    "batch(99, 'x')",
    "slice(9)",
    "tojson(indent=9)",
    "sum(start=[])",
    "sort",
    "unique",
    "groupby('role')",
    "string",
    "map('center', 999)",
    "map('upper')",
    "map('list')",
    "select",
    "format(q, 1)",
    "int(base=16)",
    "round(99, 'ceil')",
    "wordwrap(1)",
    "striptags",
    "pprint",
    "dictsort",
    "reverse",
    "first",
    "regex_replace('(a+)+$', 'b')",
    "e",
    "safe",
    "urlencode",
    "truncate(3)",
    "xmlattr",
    "items",
    "default('x' * 999)",
    "attr('x')",
    "filesizeformat",
    "random",
    "max",
]
CALLS = [
    ".center(10 ** 9)",
    ".ljust(999)",
    ".replace('a', 'b' * 999)",
    ".join(choices)",
    ".format(q, x=1)",
    ".split()",
    ".items()",
    ".encode()",
    ".translate({97: 'b' * 999})",
    ".expandtabs(999)",
    "[::-1]",
    "[0]",
    "['x']",
    ".__class__",
    "(1)",
    "()",
    ".get('x')",
    ".index('a')",
    ".count('')",
    ".zfill(9 ** 9)",
    ".append(1)",
    ".x",
    "[" * 30 + "0" + "]" * 30,
]
ATOMS = [
    "1",
    "0",
    "-1",
    "9 ** 9",
    "1.5",
    "'a'",
    "'%99999s'",
    "'{:>99999}'",
    "'{0!r}{0}'",
    "[]",
    "{}",
    "()",
    "[1, 'a']",
    "none",
    "range(99999)",
    "range(9)",
    "'a' * 9999",
    "[q] * 999",
    "namespace(x=q)",
    "dict(a=1)",
    "cycler(1, 2)",
    "joiner()",
    "9" * 4999,
    "true",
    "lipsum()",
    "raise_exception('x')",
    "strftime_now('%Y' * 99)",
    "caller()",
    "varargs",
    "loop",
]

expressions = st.recursive(
    st.sampled_from([*ATOMS, *NAMES]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(FILTERS)).map(lambda parts: f"{parts[0]} | {parts[1]}"),
        st.tuples(inner, st.sampled_from(CALLS)).map(lambda parts: f"({parts[0]}){parts[1]}"),
        st.tuples(
            inner,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "and", "or", "is"]),
            inner,
        ).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"[{parts[0]}, {parts[1]}]"),
        st.tuples(inner, inner).map(lambda parts: f"{{{parts[0]}: {parts[1]}}}"),
    ),
    max_leaves=8,
)
statements = st.recursive(
    st.one_of(
        expressions.map(lambda e: f"{{{{ {e} }}}}"),
        st.sampled_from(["x", "{{", "%}", "{% break %}", "{#", "\n", "{{ m(1) }}"]),
    ),
    lambda inner: st.one_of(
        st.tuples(expressions, inner).map(lambda p: f"{{% for i in {p[0]} %}}{p[1]}{{% endfor %}}"),
        st.tuples(expressions, inner).map(
            lambda p: f"{{% for i in {p[0]} recursive %}}{p[1]}{{{{ loop([1]) }}}}{{% endfor %}}"
        ),
        st.tuples(expressions, inner).map(lambda p: f"{{% if {p[0]} %}}{p[1]}{{% endif %}}"),
        st.tuples(expressions).map(lambda p: f"{{% set ns = namespace(x={p[0]}) %}}"),
        st.tuples(expressions).map(lambda p: f"{{% set ns.x = {p[0]} %}}"),
        inner.map(lambda p: f"{{% macro m(n) %}}{p}{{{{ m(n) }}}}{{% endmacro %}}"),
        inner.map(lambda p: f"{{% set q %}}{p}{{{{ q }}}}{{% endset %}}"),
        inner.map(lambda p: f"{{% block b %}}{p}{{% endblock %}}"),
        inner.map(lambda p: f"{{% filter upper %}}{p}{{% endfilter %}}"),
        st.lists(inner, min_size=2, max_size=4).map("".join),
    ),
    max_leaves=10,
)
PATTERNS = st.recursive(
    st.sampled_from(
        ["a", ".", r"\s", r"\w", "[^a]", "", r"\1", "(?=a)", "^", "$", r"\b", "(?i)", "[", "(", "é", r"\d{2}"]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2,}", "{0,99}", "*?", "{99999999999}"])).map("".join),
        inner.map(lambda p: f"({p})"),
        st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})"),
        st.lists(inner, min_size=2, max_size=4).map("".join),
    ),
    max_leaves=10,
)


@bounded
@given(statements)
@example("{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}")
def test_templates_of_task_files(text: str) -> None:
    def read() -> None:
        fields = Fields(frozenset(ROW), True)
        for one in (fields.text, fields.target, fields.choices):
            with contextlib.suppress(FairtrialError):
                one(text, ROW)

    said = survives(read)
    assert not said, said


@bounded
@given(statements)
def test_templates_of_model_files(text: str) -> None:
    said = survives(lambda: ChatTemplate(text, where="a.gguf").ask(make_conversation(Prompt("Hi" * 99), "")))
    assert not said, said


@bounded
@given(statements)
def test_templates_of_mappings(text: str) -> None:
    said = survives(lambda: read_answer("a.json[0]", ROW, Recorded(key=text, answer=text), IMPORTERS.find("table")))
    assert not said, said


@bounded
@given(PATTERNS, st.sampled_from(["a" * 5000, " " * 5000, "ab" * 2500, "é1 a" * 500, ""]))
def test_regular_expressions_of_filters(pattern: str, answer: str) -> None:
    def read() -> None:
        steps = [{"function": "regex", "regex_pattern": pattern}, {"function": "take_first"}]
        build_pipeline("x", steps, "task t").apply([answer], {})

    said = survives(read)
    assert not said, said
