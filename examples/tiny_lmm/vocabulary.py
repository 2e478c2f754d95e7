"""A small byte-level vocabulary that transformers and llama.cpp read alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

END, PAD = "<|im_end|>", "<|pad|>"

TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string %}{{ message.content }}
{%- else %}{% for part in message.content %}{% if part.type == 'image' %}IMAGE{% else %}{{ part.text }}{% endif %}\
{% endfor %}{% endif %}<|im_end|>
{% endfor -%}
{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
"""ChatML; IMAGE stands for what the family writes where an image belongs."""


def make_tokenizer(
    texts: Iterable[str],
    *,
    size: int,
    image: str = "<image>",
    special: Sequence[str] = (),
    named: Mapping[str, str] | None = None,
) -> PreTrainedTokenizerFast:
    r"""Return a tokeniser whose pieces come from ``texts``; every text can be written, if need be byte by byte.

    Digits are pieces of their own, as llama.cpp's pre-tokeniser ``smollm`` has it.  "\n" and "\n\n" are single
    pieces: llama.cpp looks both up, and writes them between the tiles of an image.

    Args:
        texts: to learn from.
        size: tokens in all.
        image: what the chat template writes where an image belongs.
        special: tokens never found in text, beside those of ChatML.
        named: special tokens that a processor of transformers asks for by name, e.g. ``boi_token``.
    """
    control = ["<|endoftext|>", PAD, "<|im_start|>", END, *dict.fromkeys([*special, *(named or {}).values()])]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=control,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    # the more often a pair is seen the earlier it is merged; two line breaks come first
    texts = list(texts)
    tokenizer.train_from_iterator([*texts, *["\n\n"] * (1 + sum(map(len, texts)))], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        extra_special_tokens=dict(named or {}),
        chat_template=TEMPLATE.replace("IMAGE", image),
        clean_up_tokenization_spaces=False,
    )
