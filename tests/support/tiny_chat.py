"""A chat model of made-up weights as a folder: two layers, bytes as tokens, ChatML as its template."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from fairtrial.engines.transformers.loading import LoadedNetwork
from fairtrial.models import ResolvedModel
from tests.support.small_gguf import byte_texts

BEGIN, END = "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZES: dict[str, Any] = {
    "vocab_size": 258,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": 257,
    "eos_token_id": 257,
    "pad_token_id": 257,
}


@cache
def tiny_folder() -> Path:
    """Return the folder of the model, made once a process."""
    import torch
    import transformers
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    path = Path(mkdtemp(prefix="fairtrial-tiny-chat-"))
    made = Tokenizer(models.BPE({text: i for i, text in enumerate(byte_texts())}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(BEGIN, special=True), AddedToken(END, special=True)])
    words = transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END, pad_token=END)
    words.chat_template = TEMPLATE
    with torch.random.fork_rng():
        torch.manual_seed(7)
        network = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES))
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(4.0)  # what attends wrongly must be seen
    network.save_pretrained(path)
    words.save_pretrained(path)
    return path


def tiny_model() -> ResolvedModel:
    """Return it as a model whose weights are at hand."""
    from fairtrial.models import resolve

    return resolve(f"hf:{tiny_folder()}", tiny_folder())


def load_tiny(dtype: str = "float32") -> LoadedNetwork:
    """Return it loaded."""
    from fairtrial.engines.transformers.loading import load_network

    return load_network(tiny_model(), dtype)
