"""Who is measured: fairtrial on its two engines, and other harnesses in their own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bench.scoring import weights
from fairtrial.engines import EngineSettings, open_engine
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate

Pairs = Sequence[Sequence[tuple[str, str]]]


class System(Protocol):
    """Something that answers."""

    def score(self, pairs: Pairs) -> list[list[float]]:
        """Return the log-probability, in nats, of each continuation of each item."""
        ...

    def document(self, text: str) -> float:
        """Return the log-probability of a document."""
        ...

    def generate(self, prompts: Sequence[str], max_tokens: int) -> list[str]:
        """Return greedy continuations."""
        ...


@dataclass
class Ours:
    """fairtrial on one of its engines; counts tokens."""

    engine: Any
    usual: int = 0
    tree: int = 0

    @classmethod
    def open(cls, name: str, dtype: str, spec: str = weights.GGUF) -> Ours:
        model = weights.gguf(spec) if name == "llamacpp" else weights.safetensors(spec)
        candidate = Candidate(id="bench", model=spec, context=4096, dtype=dtype)  # type: ignore[arg-type]
        return cls(open_engine(candidate, model, EngineSettings()))

    def forget(self) -> None:
        """Keep no prefix from an earlier call."""
        self.engine._session.forget()

    def score(self, pairs: Pairs) -> list[list[float]]:
        asked = [ScoreRequest(tuple(Pair(Prompt(c), k[1:]) for c, k in item)) for item in pairs]
        return [list(answer.logprobs) for answer in self._counted(asked)]

    def document(self, text: str) -> float:
        asked = ScoreRequest((Pair(Prompt(""), text),), rolling=True)
        return self._counted([asked])[0].logprobs[0]

    def generate(self, prompts: Sequence[str], max_tokens: int) -> list[str]:
        answers = list(self.engine.generate([GenerateRequest(Prompt(p), max_tokens) for p in prompts]))
        self.usual = sum(a.prompt_tokens + a.tokens for a in answers)
        self.tree = sum(a.tokens for a in answers)
        return [a.text for a in answers]

    def _counted(self, asked: Sequence[ScoreRequest]) -> list[ScoreAnswer]:
        before = self.engine.nodes_computed
        answers = list(self.engine.score(asked))
        self.tree = self.engine.nodes_computed - before
        self.usual = sum(a.prompt_tokens + tokens - 1 for a in answers for tokens in a.tokens)
        return answers


class LmEval:
    """lm-evaluation-harness, model type ``hf``, in this process."""

    def __init__(self, dtype: str, batch: int, spec: str = weights.GGUF) -> None:
        from lm_eval.models.huggingface import HFLM

        folder = str(weights.safetensors(spec).path)
        self.model = HFLM(pretrained=folder, dtype=dtype, device="cpu", batch_size=batch, max_length=4096)

    def score(self, pairs: Pairs) -> list[list[float]]:
        flat = iter(self.model.loglikelihood([_instance("loglikelihood", p) for item in pairs for p in item], True))
        return [[float(next(flat)[0]) for _ in item] for item in pairs]

    def document(self, text: str) -> float:
        return float(self.model.loglikelihood_rolling([_instance("loglikelihood_rolling", (text,))], True)[0])

    def generate(self, prompts: Sequence[str], max_tokens: int) -> list[str]:
        settings = {"until": [], "max_gen_toks": max_tokens, "do_sample": False}
        asked = [_instance("generate_until", (p, settings)) for p in prompts]
        return [str(text) for text in self.model.generate_until(asked, True)]


def _instance(kind: str, arguments: tuple[Any, ...]) -> Any:
    from lm_eval.api.instance import Instance

    return Instance(request_type=kind, doc={}, arguments=arguments, idx=0)


class Evalution:
    """Evalution's llama.cpp engine, in this process."""

    def __init__(self) -> None:
        import evalution.engines.llama_cpp_engine as module
        from evalution.config import Model

        path = str(weights.gguf().path)
        self.module = module
        self.session = module.LlamaCpp(n_ctx=4096, verbose=False).build(Model(path=path))

    def score(self, pairs: Pairs) -> list[list[float]]:
        request = self.module.LoglikelihoodRequest
        flat = iter(self.session.loglikelihood([request(context=c, continuation=k) for item in pairs for c, k in item]))
        return [[float(next(flat).logprob) for _ in item] for item in pairs]

    def document(self, text: str) -> float:
        request = self.module.RollingLoglikelihoodRequest
        return float(self.session.loglikelihood_rolling([request(text=text)])[0].logprob)

    def generate(self, prompts: Sequence[str], max_tokens: int) -> list[str]:
        request = self.module.GenerationRequest
        asked = [request(prompt=p, max_new_tokens=max_tokens) for p in prompts]
        return [str(out.text) for out in self.session.generate(asked)]


def open_system(name: str, dtype: str, batch: int) -> System:
    """Open a system by name.  Raises ImportError if it is not installed."""
    if name.startswith("fairtrial-"):
        return Ours.open(name.removeprefix("fairtrial-"), dtype)
    return Evalution() if name == "evalution" else LmEval(dtype, batch)
