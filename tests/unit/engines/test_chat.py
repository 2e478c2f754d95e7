from __future__ import annotations

from datetime import datetime

import pytest

from fairtrial.engines import chat
from fairtrial.engines.chat import ChatTemplate, join_texts, list_for_template, make_conversation
from fairtrial.engines.openai_api.requests import make_messages as hosted
from fairtrial.errors import ModelError
from fairtrial.records import Message, Prompt, TextPart, make_example
from fairtrial.records.content import Role

PLAIN = """{{ bos_token }}{% for m in messages %}
    <{{ m.role }}>{{ m.content }}{{ eos_token }}
{% endfor %}
{% if add_generation_prompt %}<assistant>{% endif %}"""
USER = {"role": "user", "content": "Hi"}


def test_messages_and_generation_prompt() -> None:
    template = ChatTemplate(PLAIN, bos="[B]", eos="[E]")
    system = {"role": "system", "content": "Be kind."}
    assert template.render([system, USER]) == "[B]    <system>Be kind.[E]\n    <user>Hi[E]\n<assistant>"
    assert not template.render([USER], add_generation_prompt=False).endswith("<assistant>")


def test_what_templates_expect_is_there() -> None:
    source = "{{ strftime_now('%Y') | length }}{% for i in [1, 2] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}"
    assert ChatTemplate(source + "{% endfor %}").render([USER]) == "41"
    assert ChatTemplate("{{ messages[0] | tojson }}").render([{"role": "user", "content": "é<"}]).endswith('"é<"}')


@pytest.mark.parametrize(
    "source",
    [
        "{{ raise_exception('only users') }}",
        "{{ messages.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{% include 'secret' %}",
        "{{ 1 / 0 }}",
        "{{ messages[0].content + 1 }}",
        "{% for x in range(10 ** 9) %}{% endfor %}",
    ],
)
def test_hostile_templates_are_errors(source: str) -> None:
    with pytest.raises(ModelError, match="refuses messages of the roles user"):
        ChatTemplate(source, where="model.gguf").render([USER])


def test_broken_and_huge_templates_are_errors() -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        ChatTemplate("{% if %}")
    with pytest.raises(ModelError, match="at most"):
        ChatTemplate("x" * (1 << 21))


def test_hash_is_of_the_source() -> None:
    assert ChatTemplate("a").sha256 == ChatTemplate("a", bos="x").sha256 != ChatTemplate("b").sha256


STRICT = """{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}
{%- for m in messages %}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}
<{{ m.role }}>{{ m.content | trim }}{% endfor %}{% if add_generation_prompt %}<model>{% endif %}"""
DEAF = """{% for m in messages %}{% if m.role == 'user' %}[U]{{ m.content }}
{%- elif m.role == 'assistant' %}[A]{{ m.content }}{% endif %}{% endfor %}"""
SYSTEM = {"role": "system", "content": "Be kind."}


def message(role: Role, content: str) -> Message:
    return Message(role, (TextPart(content),))


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [("", "", ""), ("a", "", "a"), ("", "b", "b"), ("a", "b", "a\n\nb"), ("a\n", "b", "a\nb"), ("a", " b", "a b")],
)
def test_system_message_and_description_are_two_paragraphs(before: str, after: str, whole: str) -> None:
    assert join_texts(before, after) == whole
    told = list_for_template(make_conversation(Prompt("Q", after), before))
    assert told == [*([{"role": "system", "content": whole}] if whole else []), {"role": "user", "content": "Q"}]


def test_examples_are_turns() -> None:
    prompt = Prompt(
        "Q: 3?\nA:", "Count.", examples=(*make_example("Q: 1?\nA:", "1"), *make_example("Look.", "", "", ""))
    )
    assert [(m.role, m.text) for m in make_conversation(prompt, "")] == [
        ("system", "Count."), ("user", "Q: 1?\nA:"), ("assistant", "1"), ("user", "Look."), ("user", "Q: 3?\nA:")
    ]  # fmt: skip
    assert prompt.plain() == "Count.Q: 1?\nA: 1\n\nLook.Q: 3?\nA:"
    assert prompt.in_one_turn() == Prompt("Q: 1?\nA: 1\n\nLook.Q: 3?\nA:", "Count.")


@pytest.mark.parametrize("source", [STRICT, DEAF], ids=["refuses system messages", "leaves them out"])
def test_without_a_system_role_its_text_stands_before_the_first_user(source: str) -> None:
    template = ChatTemplate(source)
    assert not template.takes_system
    examples = [USER, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"}]
    shown = template.ask([message(**one) for one in (SYSTEM, *examples)])
    assert shown == template.render([{"role": "user", "content": "Be kind.\n\nHi"}, *examples[1:]])
    assert shown.count("Be kind.") == 1 and "Bye" in shown


def test_with_a_system_role_it_is_used() -> None:
    template = ChatTemplate(PLAIN)
    assert template.takes_system
    assert template.ask([message(**SYSTEM), message(**USER)]) == template.render([SYSTEM, USER])


def test_the_clock_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "{{ strftime_now('%d %b %Y %H:%M') }}"
    seen = ChatTemplate(source).render([USER])
    assert seen == "01 Jan 2026 00:00"

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2031, 5, 6)

    monkeypatch.setattr(chat, "datetime", Later)
    template = ChatTemplate(source)
    assert template.render([USER]) == seen
    assert template.asks_the_date and not ChatTemplate(PLAIN).asks_the_date
    assert ChatTemplate(source, date="2024-02-29").render([USER]) == "29 Feb 2024 00:00"


@pytest.mark.parametrize(
    ("source", "told"),
    [("{{ [1, 2] | random }}", "No filter named 'random'"), ("{{ lipsum() }}", "'lipsum' is undefined")],
)
def test_nothing_in_a_template_is_random(source: str, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        ChatTemplate(source).render([USER])


@pytest.mark.parametrize("system", ["", "Be brief."])
def test_hosted_and_local_candidates_get_the_same_messages(system: str) -> None:
    prompt = Prompt(
        "Q: 3?\nA:", "Count.\n\n", examples=(*make_example("Q: 1?\nA:", "1"), *make_example("Q: 2?\nA:", "2"))
    )
    assert hosted(prompt, system) == list_for_template(make_conversation(prompt, system))
    seen: list[list[dict[str, str]]] = []
    template = ChatTemplate(STRICT)
    template.render = lambda told, **_: seen.append([dict(m) for m in told]) or ""  # type: ignore[method-assign,func-returns-value,assignment]
    template.takes_system = template.lists_contents = False  # type: ignore[misc]
    template.ask(make_conversation(prompt, system))
    assert seen == [hosted(prompt, system, with_system=False)]
    begun = hosted(Prompt("Q", assistant="It is"), "")
    assert begun == [{"role": "user", "content": "Q\n\nIt is"}]
