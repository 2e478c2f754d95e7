from __future__ import annotations

import pytest

from fairtrial.engines.chat import ChatTemplate
from fairtrial.errors import ModelError

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
