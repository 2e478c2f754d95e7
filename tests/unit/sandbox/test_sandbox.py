"""Templates that take all time or memory, and those that must go on working as in Jinja itself."""

from __future__ import annotations

import time
from typing import Any

import pytest
from jinja2 import StrictUndefined, TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from fairtrial.sandbox import LimitedEnvironment, TooMuchWorkError

OPTIONS: dict[str, Any] = {"undefined": StrictUndefined, "keep_trailing_newline": True, "extensions": [loopcontrols]}
LIMITED = LimitedEnvironment(**OPTIONS)
JINJA = ImmutableSandboxedEnvironment(**OPTIONS)
ROW = {
    "question": "Why is  the sky blue?",
    "choices": {"text": ["a", "b<c", "é"], "label": ["A", "B", "C"]},
    "answer": "B",
    "number": 7,
    "score": 2.345,
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}],
    "nothing": None,
    "nested": [[1, 2], [3, [4, "x"]]],
}

DOUBLING = "{% set ns = namespace(x=START) %}{% for i in range(100) %}{% set ns.x = MORE %}{% endfor %}"


def doubled(start: str, more: str, end: str) -> str:
    return DOUBLING.replace("START", start).replace("MORE", more) + end


TOO_MUCH = [
    "{{ 'a' * 10 ** 9 }}",
    "{{ 10 ** 9 * 'a' }}",
    "{{ [[1]] * 10 ** 9 }}",
    "{{ 2 ** 100000 }}",
    "{{ 9 ** 99 ** 99 }}",
    "{{ '%1000000000s' % 'a' }}",
    "{{ '%*s' % (1000000000, 'a') }}",
    "{{ '%.999999999f' % 1.5 }}",
    "{{ '%(x)999999999d' | format(x=1) }}",
    "{{ ('%(a)s' * 10000) % {'a': 'b' * 100000} }}",
    "{{ '{:>9999999999}'.format('a') }}",
    "{{ '{:>{w}}'.format('a', w=999999999) }}",
    "{{ ('{0!r}' * 100000).format('b' * 100000) }}",
    "{{ ('{a}' * 100000).format_map({'a': 'b' * 100000}) }}",
    "{{ 'a' | center(1000000000) }}",
    "{{ 'a' | center(width=1000000000) }}",
    "{{ 'a'.ljust(1000000000) }}",
    "{{ 'a' | indent(first=true, width=1000000000) }}",
    "{{ ('\\n' * 100000) | indent(10000, blank=true) }}",
    "{{ ('\\t' * 100000).expandtabs(10000) }}",
    "{{ {'a': [1]} | tojson(indent=1000000000) }}",
    "{{ 1.5 | round(1000000000, 'ceil') }}",
    "{{ [1] | batch(1000000000, 'x') | list }}",
    "{{ [1] | slice(1000000000) | list }}",
    "{{ ('a' * 1000000) | wordwrap(1) }}",
    "{{ ('a' * 100000) | replace('a', 'b' * 100000) }}",
    "{{ ('a' * 100000) | join('b' * 100000) }}",
    "{{ ('b' * 100000).join(('a' * 100000) | map('string')) }}",
    "{{ ([[1]] * 100000) | sum(start=[]) }}",
    "{{ ('<!--' * 100000) | striptags }}",
    "{{ ('f' * 1000000) | int(base=16) ** 2 }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) if false %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{{ 5.5 in range(99999) }}{% endfor %}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    doubled("'a'", "ns.x ~ ns.x", "{{ ns.x | length }}"),
    doubled("'a'", "ns.x + ns.x", "{{ ns.x | length }}"),
    doubled("[1]", "ns.x + ns.x", "{{ ns.x | length }}"),
    doubled("[1]", "[ns.x, ns.x]", "{{ ns.x }}"),
    doubled("(1,)", "(ns.x, ns.x)", "{{ {ns.x: 1} }}"),
    doubled("(1,)", "(ns.x, ns.x)", "{{ ns.x == [ns.x] }}"),
    "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set x %}{{ ns.x }}{{ ns.x }}{% endset %}"
    "{% set ns.x = x %}{% endfor %}",
    "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
]

REFUSED = [
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% block a %}{{ self.a() }}{% endblock %}",
    "{% break %}",
    "{{ " + "9" * 5000 + " }}",
    "{{ " + "(" * 50_000 + " }}",
    "{% for x in question %}" * 30 + "{% endfor %}" * 30,
    "{{ 'x'.translate({120: 'y'}) }}",
    "{{ (1).to_bytes(1000000000, 'big') }}",
    "{{ ''.__class__ }}",
    "{{ lipsum(n=9) }}",
    "{{ [1].append(2) }}",
    "{% include 'x' %}",
    "{{ 'x' | urlize }}",
    "a" * 100_001,
    "{{ 1 / 0 }}",
]

SAME = [
    "Question: {{ question.strip() }}\nAnswer:",
    "{{ choices.label.index(answer) }}",
    "{{ choices.text }}",
    "{% for c in choices.text %}{{ 'ABC'[loop.index0] }}. {{ c }}{% if not loop.last %}\n{% endif %}{% endfor %}",
    "{{ question | replace('  ', ' ') | upper | trim }}{{ question | e }}",
    "{{ '%05.1f|%s' % (score, answer) }}",
    "{{ '%-8s|%%|%x' | format(answer, 255) }}{{ '{:>8}|{0[text][1]}'.format(choices, number) if false }}",
    "{{ '{:>8}|{x!r:<6}|{}'.format(number, score, x='y') }}",
    "{{ choices.text | join(', ') }}{{ ', '.join(choices.text) }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join(d=' + ') }}",
    "{% macro say(m, end='.') %}<{{ m.role }}>{{ m.content }}{{ end }}{% endmacro %}{{ say(messages[1], end='!') }}",
    "{% macro quoted(a) %}{{ a }}{{ caller() }}{% endmacro %}{% call quoted(answer) %}x{{ number }}{% endcall %}",
    "{% set n = namespace(x=0) %}{% for m in messages %}{% set n.x = n.x + m.content | length %}{% endfor %}{{ n.x }}",
    "{% for m in messages if m.role == 'user' %}{{ loop.index }}{{ m['content'] }}{% else %}none{% endfor %}",
    "{% for row in nested recursive %}({{ loop(row) if row is iterable and row is not string else row }}){% endfor %}",
    "{% for i in range(5) %}{% if i == 3 %}{% break %}{% endif %}{{ i ** 2 }}{% endfor %}",
    "{{ question[4:] ~ number }}",
    "{{ messages | tojson(indent=2) }}{{ nested | tojson }}",
    "{{ nested | sum(start=[]) }}{{ [1, 2] | sum }}",
    "{{ 'a b c'.split() | reverse | list }}{{ 'x' * 3 }}{{ [1] * 2 + [3] }}",
    "{{ 7 // 2 }}{{ 7 % 2 }}{{ -7 / 2 }}",
    "{{ nothing is none }}{{ 'b' in choices.text }}{{ missing is defined }}{{ missing | default('d') }}",
    "{{ 'a\nb' | indent(2, first=true) }}{{ 'abc' | center(9) }}{{ 2.345 | round(2) }}{{ 'ab cd ef' | wordwrap(5) }}",
    "{{ [3, 1, 2] | sort }}{{ [1, 1] | unique | list }}{{ range(7) | batch(3, 0) | list }}{{ {'b': 1} | dictsort }}",
    "{% set x %}{{ answer }}-{{ number }}{% endset %}{{ x | lower }}{% filter upper %}q{{ x }}{% endfilter %}",
    "{{ dict(a=1, **{'b': 2}) }}{{ {'a': {'b': 1}}.a.b }}{{ cycler('x', 'y').next() }}{{ 'é'.encode('utf-8') }}",
]


@pytest.mark.parametrize("source", TOO_MUCH)
def test_what_takes_all_time_or_memory_is_stopped(source: str) -> None:
    begun = time.process_time()
    with pytest.raises(TooMuchWorkError):
        LIMITED.from_string(source).render(ROW)
    assert time.process_time() - begun < 8


@pytest.mark.parametrize("source", REFUSED, ids=lambda source: source[:30])
def test_whatever_is_wrong_is_a_template_error(source: str) -> None:
    with pytest.raises(TemplateError):
        LIMITED.from_string(source).render(ROW)


@pytest.mark.parametrize("source", SAME)
def test_what_is_allowed_is_rendered_as_by_jinja(source: str) -> None:
    assert LIMITED.from_string(source).render(ROW) == JINJA.from_string(source).render(ROW)


def test_one_rendering_takes_nothing_from_the_next() -> None:
    template = LIMITED.from_string("{% for i in range(90000) %}{{ i }}{% endfor %}")
    assert len({template.render() for _ in range(12)}) == 1


def test_long_documents_fit() -> None:
    text = "word " * 200_000
    said = LIMITED.from_string("{{ text.strip() | replace('word', 'w') }}{{ text.split(' ') | length }}").render(
        text=text
    )
    assert len(said) > 300_000


def test_many_renderings_may_not_all_be_dear() -> None:
    dear = LIMITED.from_string("{% for i in range(30000) %}{% set a = 1 %}{% endfor %}x")
    with pytest.raises(TooMuchWorkError, match="steps each time it is filled; of many at most 30,000"):
        for _ in range(2_000):
            dear.render()
    fair = LIMITED.from_string("{% for i in range(300) %}{% set a = 1 %}{% endfor %}x")
    assert {fair.render() for _ in range(500)} == {"x"}
