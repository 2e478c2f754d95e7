"""What a model reads is what lm-eval would send through the tokeniser's own chat template, to the character."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("transformers")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import jinja2
import transformers
from lm_eval.api.utils import maybe_delimit
from tokenizers import Tokenizer, models

from fairtrial.engines.chat import ChatTemplate, fold_system, join_texts, list_for_template, make_conversation
from fairtrial.records import Prompt, make_example

CHATML = """{% for message in messages %}{% if loop.first and message['role'] != 'system' %}
<|im_start|>system
You are a helper.<|im_end|>
{% endif %}
<|im_start|>{{ message['role'] }}
{{ message['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
HEADERS = """{{ bos_token }}
{%- for message in messages %}
    {{- '<|header|>' + message['role'] + '<|/header|>\\n\\n' + message['content'] | trim + '<|eot|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|header|>assistant<|/header|>\\n\\n' }}
{%- endif %}"""
BRACKETS = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}
{%- for message in messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('roles must alternate') }}
    {%- endif %}
    {{- '[INST] ' + message['content'] + ' [/INST]' if message['role'] == 'user' }}
    {{- ' ' + message['content'] + eos_token if message['role'] != 'user' }}
{%- endfor %}"""
TEMPLATES = {"chatml": CHATML, "headers": HEADERS, "brackets": BRACKETS}

PROMPTS = {
    "a question": Prompt("What is 2 + 2?"),
    "with a description": Prompt("What is 2 + 2?", "Add the numbers.\n\n"),
    "with examples": Prompt("2 + 2?", "Add.", examples=(*make_example("1 + 1?", "2"), *make_example("1 + 2?", "3"))),
    "with the answer begun": Prompt("2 + 2?", "Add.", "It is", make_example("1 + 1?", "It is 2")),
}


def tokenizer(template: str) -> Any:
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")), bos_token="<s>", eos_token="</s>"
    )
    made.chat_template = template
    return made


@pytest.mark.parametrize("system", ["", "Be brief."])
@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_rendered_prompts(name: str, prompt: Prompt, system: str) -> None:
    asked = make_conversation(prompt, system)
    told = list_for_template(asked)
    assert told[0]["content"] == (maybe_delimit(system, prompt.system, "\n\n") or told[0]["content"])
    ours = ChatTemplate(TEMPLATES[name], bos="<s>", eos="</s>").ask(asked, prompt.assistant)
    words = tokenizer(TEMPLATES[name])
    begun = [{"role": "assistant", "content": prompt.assistant}] if prompt.assistant else []

    def theirs(history: list[dict[str, object]]) -> str:
        settings = {"add_generation_prompt": not begun, "continue_final_message": bool(begun)}
        return str(words.apply_chat_template([*history, *begun], tokenize=False, **settings))

    refuses = name == "brackets" and told[0]["role"] == "system"
    with pytest.raises(jinja2.TemplateError) if refuses else nullcontext():
        theirs(told)
    if refuses:
        told = list_for_template(fold_system(asked))
    begins = join_texts(asked[0].text, asked[1].text) if refuses else told[0]["content"]
    assert told[0]["content"] == begins
    assert begins in ours or not refuses
    assert ours == theirs(told)
