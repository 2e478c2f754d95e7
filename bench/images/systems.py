"""Who is measured: fairtrial on its two engines, plain transformers choice by choice, lm-eval's generation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from bench.images.work import Item, Work
from fairtrial.engines import EngineSettings, open_engine
from fairtrial.images import decode
from fairtrial.models import resolve_candidate
from fairtrial.records import Pair, Prompt, ScoreRequest, TextPart
from fairtrial.spec.candidate import Candidate

TOKENS = 8
"""Tokens that lm-eval writes, from which it would have to read the choice."""


class System(Protocol):
    """Something that answers."""

    def ask(self, items: Sequence[Item]) -> list[list[float]]:
        """Return the log-probability, in nats, of each choice of each item; nothing where texts are written."""
        ...


class Ours:
    """fairtrial on one of its engines."""

    def __init__(self, name: str, folder: Path, work: Work, threads: int) -> None:
        files = dict(zip([part.hash for part in work.parts], work.files, strict=True))
        spec = f"hf:{folder / 'hf'}" if name == "transformers" else f"gguf:{next(folder.glob('bench-*.gguf'))}"
        more = {"dtype": "float32"} if name == "transformers" else {}
        candidate = Candidate.model_validate({"id": "bench", "model": spec, "context": 4096, **more})
        settings = EngineSettings(threads=threads, read_image=lambda image: files[image.hash])
        self.engine: Any = open_engine(candidate, resolve_candidate(candidate, folder), settings)
        self.parts = work.parts
        self.tree = self.usual = 0

    @property
    def encoder(self) -> Any:
        """What encodes the images."""
        return self.engine._encoder.images.encoder

    def forget(self) -> None:
        """Keep no prefix and no encoded picture from an earlier call."""
        self.engine._session.forget()
        self.encoder.encoded = 0
        self.encoder._kept.clear()

    def ask(self, items: Sequence[Item]) -> list[list[float]]:
        asked = []
        for item in items:
            prompt = Prompt([TextPart(item.before), self.parts[item.picture], TextPart(item.after)])
            asked.append(ScoreRequest(tuple(Pair(prompt, choice) for choice in item.choices)))
        before = self.engine.nodes_computed
        answers = list(self.engine.score(asked))
        self.tree = self.engine.nodes_computed - before
        self.usual = sum(a.prompt_tokens + tokens - 1 for a in answers for tokens in a.tokens)
        return [list(answer.logprobs) for answer in answers]


class _Hub:
    def __init__(self, folder: Path, work: Work) -> None:
        from PIL import Image

        self.pictures = [Image.fromarray(decode(data).pixels) for data in work.files]
        self.folder = str(folder / "hf")


class Plain(_Hub):
    """transformers as its own documentation has it: one forward pass a choice, the picture in each."""

    def __init__(self, folder: Path, work: Work) -> None:
        import torch
        import transformers

        super().__init__(folder, work)
        kind = transformers.AutoModelForImageTextToText
        self.model = kind.from_pretrained(self.folder, dtype=torch.float32).eval()
        self.processor = transformers.AutoProcessor.from_pretrained(self.folder)

    def ask(self, items: Sequence[Item]) -> list[list[float]]:
        import torch

        found = []
        for item in items:
            scores = []
            prompt = f"{item.before}<image>{item.after}"
            for choice in item.choices:
                asked = [f"{prompt} {choice}", prompt]
                picture = self.pictures[item.picture]
                given, context = (self.processor(text=t, images=picture, return_tensors="pt") for t in asked)
                start = context["input_ids"].shape[1]
                with torch.no_grad():
                    logits = self.model(**given, use_cache=False).logits[0, start - 1 : -1]
                ids = given["input_ids"][0, start:]
                scores.append(float(logits.log_softmax(-1).gather(1, ids[:, None]).sum()))
            found.append(scores)
        return found


class LmEval(_Hub):
    """lm-evaluation-harness, model type ``hf-multimodal``, which writes texts and scores no choices."""

    def __init__(self, folder: Path, work: Work, batch: int = 1) -> None:
        from lm_eval.models.hf_vlms import HFMultimodalLM

        super().__init__(folder, work)
        self.model = HFMultimodalLM(self.folder, dtype="float32", device="cpu", batch_size=batch, max_length=4096)

    def ask(self, items: Sequence[Item]) -> list[list[float]]:
        from lm_eval.api.instance import Instance

        settings = {"until": [], "max_gen_toks": TOKENS, "do_sample": False}
        asked = []
        for item in items:
            lettered = "".join(f"\n{letter}. {choice}" for letter, choice in zip("ABCDEF", item.choices, strict=False))
            prompt = f"{item.before}<image>{item.after.removesuffix('Answer:')}{lettered.lstrip()}\nAnswer:"
            beside = {"visual": [self.pictures[item.picture]]}
            asked.append(Instance(request_type="generate_until", doc={}, arguments=(prompt, settings, beside), idx=0))
        self.model.generate_until(asked, True)
        return []


def open_system(name: str, folder: Path, work: Work, threads: int) -> System:
    """Open a system by name.  Raises ImportError if it is not installed."""
    if name.startswith("fairtrial-"):
        return Ours(name.removeprefix("fairtrial-"), folder, work, threads)
    return Plain(folder, work) if name == "transformers" else LmEval(folder, work)
