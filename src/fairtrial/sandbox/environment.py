"""Jinja's immutable sandbox, with every operation that can take long or make much counted.

A template is rewritten before it is compiled: the bodies of loops, macros and blocks use up steps each time they run,
and so do comparisons, joined texts and slices.  Operators, calls, filters and tests go through this class anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import update_wrapper
from types import BuiltinMethodType, MethodType
from typing import Any, cast

from jinja2 import Template, TemplateError, nodes, pass_context
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.visitor import NodeTransformer
from markupsafe import EscapeFormatter, Markup

from fairtrial.errors import FairtrialError
from fairtrial.sandbox.filters import (
    LEFT_OUT,
    METHOD_COSTS,
    check_percent,
    check_spec,
    guard_filter,
    guarded_test,
    repeat,
)
from fairtrial.sandbox.meter import AVERAGE, MANY, MANY_STEPS, MOST_BITS, TooMuchWorkError, begin, end, spend, weigh

LONGEST = 100_000
"""Characters of a template's source that are read."""

_SPEND = "fairtrial:spend"  # no template can name these two: a name holds no colon
_WEIGH = "fairtrial:weigh"

_OWN_PARTS = frozenset({Macro, BlockReference, LoopContext})


class LimitedTemplate(Template):
    """A template whose rendering is limited, each one and many on average."""

    _times, _steps = 0, 0

    def _count(self, steps: int) -> None:
        """Count a rendering.  Raises TooMuchWorkError if many have taken too much on average."""
        self._times += 1
        self._steps += steps
        if self._times >= MANY and self._steps > max(MANY_STEPS, AVERAGE * self._times):
            raise TooMuchWorkError(
                f"it takes {self._steps // self._times:,} steps each time it is filled; of many at most {AVERAGE:,}"
            )

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Render; raises TemplateError for whatever goes wrong."""
        before = begin()
        try:
            return super().render(*args, **kwargs)
        except (TemplateError, FairtrialError):
            raise
        except Exception as error:
            raise _make_refusal(error) from error
        finally:
            self._count(end(before))

    def render_first(self, values: Mapping[str, Any]) -> Any:
        """Return the first thing that it writes, or an empty text; raises TemplateError for whatever goes wrong."""
        before = begin()
        try:
            return next(iter(self.root_render_func(self.new_context(dict(values)))), "")
        except TemplateError:
            raise
        except Exception as error:
            raise _make_refusal(error) from error
        finally:
            self._count(end(before))


def _make_refusal(error: Exception) -> TemplateError:
    """Make a TemplateError of what only hostile text leads to."""
    return TemplateError(f"{type(error).__name__}: {error}")


class _Counting(NodeTransformer):
    """Puts the counting into a template's syntax tree."""

    def _count_body(self, node: Any) -> Any:
        steps = sum(1 for child in node.body for _ in child.find_all(nodes.Node))
        self.generic_visit(node)
        node.body = [nodes.ExprStmt(_wrap_spending(steps + 1), lineno=node.lineno), *node.body]
        return node

    visit_Macro = visit_CallBlock = visit_Block = _count_body  # noqa: N815

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if node.test is not None:
            steps = 1 + sum(1 for _ in node.test.find_all(nodes.Node))
            node.test = nodes.And(_wrap_spending(steps), node.test, lineno=node.lineno)
        found: nodes.Node = self._count_body(node)
        return found

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.nodes = [_weigh_values(part) for part in node.nodes]
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr = _weigh_values(node.expr)
        for operand in node.ops:
            operand.expr = _weigh_values(operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            return _weigh_values(node)
        node.arg = _weigh_values(node.arg)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.key = _weigh_values(node.key)
        return node


def _weigh_values(node: nodes.Expr) -> nodes.Expr:
    if isinstance(node, nodes.Const | nodes.TemplateData):
        return node
    return nodes.Filter(node, _WEIGH, [], [], None, None, lineno=node.lineno)


def _wrap_spending(steps: int) -> nodes.Expr:
    return nodes.Filter(nodes.Const(steps), _SPEND, [], [], None, None)


@pass_context
def _spend(_: Context, steps: int) -> bool:
    """Use up steps while a template runs; passing the context keeps the compiler from doing it once for all."""
    spend(steps)
    return True


class LimitedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox in which a template can neither change its input nor take more than `fairtrial.sandbox.STEPS`.

    Templates of `from_string` raise TemplateError, and nothing else, for whatever is wrong with them.
    """

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    template_class = LimitedTemplate

    def __init__(self, **options: Any) -> None:
        super().__init__(finalize=weigh, **options)
        self.globals.pop("lipsum")
        for name in LEFT_OUT:
            self.filters.pop(name)
        filters: dict[str, Any] = dict(self.filters)
        tests: dict[str, Any] = dict(self.tests)
        for name, function in filters.items():
            self.add_filter(name, function)
        self.tests.update({name: guarded_test(name, function) for name, function in tests.items()})
        self.filters[_SPEND], self.filters[_WEIGH] = _spend, weigh

    def add_filter(self, name: str, function: Callable[..., Any]) -> None:
        """Give templates a filter; what goes in and out of it is counted."""
        self.filters[name] = guard_filter(name, function)

    def from_string(self, source: str | nodes.Template, *args: Any, **kwargs: Any) -> LimitedTemplate:
        """Compile a template.  Raises TemplateError if it is too long or wrong in any way."""
        if isinstance(source, str) and len(source) > LONGEST:
            raise TemplateError(f"it has {len(source):,} characters; at most {LONGEST:,} are read")
        before = begin()  # what is constant is worked out when it is compiled
        try:
            return cast(LimitedTemplate, super().from_string(source, *args, **kwargs))
        except TemplateError:
            raise
        except Exception as error:
            raise _make_refusal(error) from error
        finally:
            end(before)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the names that every template knows, as a plain mapping: it is copied at each rendering."""
        return {**self.globals, **(d or {})}

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        _Counting().visit(source)
        return super()._generate(source, *args, **kwargs)

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """Join what a template has written."""
        found = list(pieces)
        spend(sum(map(len, found)) >> 3)
        return "".join(found)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Apply an operator, if what it makes is small enough."""
        if operator == "+" and type(left) is str and type(right) is str:  # by far the most frequent
            spend(len(left) + len(right) >> 3)
            return left + right
        weigh(left)
        weigh(right)
        if operator == "*":
            repeat(left, right)
        elif operator == "%" and isinstance(left, str | bytes):
            check_percent(left, right)
        if operator in {"*", "**"} and isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length()
            if (bits + right.bit_length() if operator == "*" else bits * max(right, 0)) > MOST_BITS:
                raise TooMuchWorkError(f"it makes a number of more than {MOST_BITS:,} bits")
        return self.binop_table[operator](left, right)

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro, a method or a function, and count what it takes."""
        kind = type(function)
        if kind in _OWN_PARTS:  # their bodies count for themselves
            return super().call(context, function, *args, **kwargs)
        for value in args:
            weigh(value)
        named = [weigh(value) for name, value in kwargs.items() if name[0] != "_"] if kwargs else []
        if kind is BuiltinMethodType or kind is MethodType:
            owner = function.__self__
            if type(owner) is not dict:
                weigh(owner)
            cost = METHOD_COSTS.get(function.__name__)
            if cost is not None:
                args = cost((owner, *args, *named))[1 : len(args) + 1]
        result = super().call(context, function, *args, **kwargs)
        if isinstance(result, str | list):
            spend(len(result) >> 3)
        return result

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return what stands in for ``str.format``: the sandbox's own, with limited widths."""
        if not isinstance(value, MethodType | BuiltinMethodType) or value.__name__ not in ("format", "format_map"):
            return None
        text = value.__self__
        if not isinstance(text, str):
            return None
        formatter = _EscapeFormatter(self, escape=text.escape) if isinstance(text, Markup) else _Formatter(self)

        def fill(*args: Any, **kwargs: Any) -> str:
            weigh(text)
            if value.__name__ == "format_map":
                (kwargs,), args = args, ()
            return type(text)(formatter.vformat(text, args, kwargs))

        return update_wrapper(fill, value)


class _Formatter(SandboxedFormatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        """Write one value of ``str.format``."""
        check_spec(format_spec)
        weigh(value)
        found: str = super().format_field(value, format_spec)
        return found

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        """Turn a value into its text before it is written."""
        weigh(value)
        return super().convert_field(value, conversion)


class _EscapeFormatter(_Formatter, EscapeFormatter):
    pass
