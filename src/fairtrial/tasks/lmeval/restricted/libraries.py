"""What stands in for libraries that task code uses: wrapped functions of the real ones, and short ones of our own."""

from __future__ import annotations

import collections
import importlib
import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fairtrial.sandbox.restricted.guards import Module, Open, RestrictedError
from fairtrial.tasks.lmeval.restricted import arrays, dataset
from fairtrial.tasks.lmeval.restricted.offered import LIBRARIES
from fairtrial.tasks.lmeval.restricted.standing import Anything


def make_libraries(names: Iterable[str]) -> dict[str, Module]:
    """Return what stands in for each of the named libraries.  Raises ImportError if one is not installed."""
    found: dict[str, Module] = {}
    for name in names:
        if name in LIBRARIES:
            found |= _MAKERS[name.partition(".")[0]]()
    return found


class NamedValues(Open):
    """A few values by name."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update({name: value for name, value in values.items() if not name.startswith("_")})


# sacrebleu, rouge_score


def _make_sacrebleu() -> dict[str, Module]:
    real = importlib.import_module("sacrebleu")
    allowed = {
        "smooth_method", "smooth_value", "force", "lowercase", "tokenize", "use_effective_order", "word_order",
        "char_order", "beta", "eps_smoothing", "remove_whitespace", "normalized", "no_punct", "case_sensitive",
    }  # fmt: skip

    def wrap(name: str) -> Callable[..., NamedValues]:
        def score(said: Any, right: Any, **settings: Any) -> NamedValues:
            if wrong := sorted(set(settings) - allowed):
                raise TypeError(f"sacrebleu.{name} with {wrong[0]} is not supported")
            if settings.get("tokenize", "13a") not in {"13a", "intl", "char", "none", "zh"}:
                raise TypeError(f"the tokenizer {settings['tokenize']!r} of sacrebleu is not supported")
            found = getattr(real, name)(said, right, **settings)
            return NamedValues(score=found.score, precisions=list(getattr(found, "precisions", ())))

        return score

    functions = {name: wrap(name) for name in LIBRARIES["sacrebleu"]}
    for tokenizer in ("13a", "intl", "char", "none", "zh"):  # what it would load when first used
        real.corpus_bleu(["a"], [["a"]], tokenize=tokenizer, force=True)
    return {"sacrebleu": Module("sacrebleu", functions)}


def _make_rouge() -> dict[str, Module]:
    real = importlib.import_module("rouge_score.rouge_scorer")

    class RougeScorer(Open):
        """Stands in for theirs."""

        def __init__(self, types: Any, use_stemmer: bool = False, split_summaries: bool = False, **_: Any) -> None:
            self._scorer = real.RougeScorer(list(types), use_stemmer=use_stemmer, split_summaries=split_summaries)

        def score(self, right: str, said: str) -> dict[str, NamedValues]:
            """Return the scores of a text, by type."""
            return {kind: NamedValues(**one._asdict()) for kind, one in self._scorer.score(right, said).items()}

    class BootstrapAggregator(Open):
        """Stands in for theirs: the middle is what resampling has in the middle."""

        def __init__(self, **_: Any) -> None:
            self._scores: dict[str, list[NamedValues]] = {}

        def add_scores(self, scores: Mapping[str, NamedValues]) -> None:
            """Add the scores of one text."""
            for kind, one in scores.items():
                self._scores.setdefault(kind, []).append(one)

        def aggregate(self) -> dict[str, NamedValues]:
            """Return the aggregate.  Raises RestrictedError for several texts, whose resampling is not repeated."""
            if any(len(scores) != 1 for scores in self._scores.values()):
                raise RestrictedError("resampling the ROUGE of several texts is not supported")
            return {kind: NamedValues(low=one, mid=one, high=one) for kind, [one] in self._scores.items()}

    real.RougeScorer(["rouge1", "rougeLsum"], use_stemmer=True).score("a test", "tests")
    scorer = Module("rouge_score.rouge_scorer", {"RougeScorer": RougeScorer})
    scoring = Module("rouge_score.scoring", {"BootstrapAggregator": BootstrapAggregator})
    whole = Module("rouge_score", {"rouge_scorer": scorer, "scoring": scoring})
    return {"rouge_score": whole, "rouge_score.rouge_scorer": scorer, "rouge_score.scoring": scoring}


# mathematics


def _make_math_verify() -> dict[str, Module]:
    real = importlib.import_module("math_verify")

    def parse(text: Any, extraction_config: Any = None, **_: Any) -> list[Any]:
        _want_text(text)
        kinds = [kind() for kind in extraction_config] if extraction_config else None
        return list(real.parse(text, extraction_config=kinds) if kinds else real.parse(text))

    def verify(gold: Any, target: Any, **_: Any) -> bool:
        return bool(real.verify(gold, target))

    real.verify(real.parse("$1$"), real.parse("$\\frac{1}{2}$ is $x=0.5$"))  # it imports more when first used
    kinds = {name: _give(getattr(real, name)) for name in ("LatexExtractionConfig", "ExprExtractionConfig")}
    return {"math_verify": Module("math_verify", {"parse": parse, "verify": verify, **kinds})}


def _give(value: Any) -> Callable[..., Any]:
    return lambda *_, **__: value


def _make_sympy() -> dict[str, Module]:
    real, latex = importlib.import_module("sympy"), importlib.import_module("sympy.parsing.latex")
    errors = importlib.import_module("sympy.parsing.latex.errors")

    def parse_latex(text: Any) -> Any:
        _want_text(text)
        return latex.parse_latex(text)

    def simplify(value: Any) -> Any:
        if not isinstance(value, real.Basic | int | float):  # a text would be run as code
            raise TypeError("sympy.simplify takes what parse_latex gives")
        return real.simplify(value)

    real.simplify(latex.parse_latex("\\frac{x}{2} + \\sqrt{x^2}") - 1)
    by_antlr: Any = importlib.import_module("sympy.parsing.latex._parse_latex_antlr")
    by_antlr.version = _give(by_antlr.version("antlr4-python3-runtime"))  # no file can be read for it later
    parsing = Module("sympy.parsing.latex", {
        "parse_latex": parse_latex,
        "errors": Module("sympy.parsing.latex.errors", {"LaTeXParsingError": errors.LaTeXParsingError}),
    })  # fmt: skip
    whole = Module("sympy", {
        "simplify": simplify, "SympifyError": real.SympifyError, "parsing": Module("sympy.parsing", {"latex": parsing}),
    })  # fmt: skip
    return {"sympy": whole, "sympy.parsing.latex": parsing}


def _want_text(value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"a text is wanted; got a {type(value).__name__}")


# what lm-evaluation-harness and others offer as short functions


def _undo_tokens(text: str) -> str:
    for old, new in ((" n't", "n't"), (" )", ")"), ("( ", "("), ('" ', '"'), (' "', '"')):
        text = text.replace(old, new)
    return re.sub(r" (['.,])", r"\1", text)


def _mean(values: Sequence[Any]) -> float:
    return float(sum(values) / len(values))


def _best_of(metric: Callable[[Any, Any], Any], said: Any, golds: Sequence[Any]) -> Any:
    return max(metric(said, gold) for gold in golds)


def _make_lm_eval() -> dict[str, Module]:
    return {
        "lm_eval.utils": Module("lm_eval.utils", {"general_detokenize": _undo_tokens, "eval_logger": Anything()}),
        "lm_eval.api.metrics": Module(
            "lm_eval.api.metrics", {"mean": _mean, "metric_max_over_ground_truths": _best_of}
        ),
    }


_PUNCTUATION = set(string.punctuation)


def normalise_answer(text: str) -> str:
    """Return a text as SQuAD compares it (arXiv 1606.05250): lower case, without punctuation, articles and gaps."""
    plain = "".join(c for c in text.lower() if c not in _PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split())


def _compare_squad(gold: str, said: str) -> int:
    return int(normalise_answer(gold) == normalise_answer(said))


def _overlap_squad(gold: str, said: str) -> float:
    right, own = (normalise_answer(text).split() if text else [] for text in (gold, said))
    if not right or not own:
        return int(right == own)
    same = sum((collections.Counter(right) & collections.Counter(own)).values())
    if not same:
        return 0
    precision, recall = 1.0 * same / len(own), 1.0 * same / len(right)
    return (2 * precision * recall) / (precision + recall)


def _make_transformers() -> dict[str, Module]:
    name = "transformers.data.metrics"
    functions = {
        "compute_exact": _compare_squad, "compute_f1": _overlap_squad, "normalize_answer": normalise_answer,
    }  # fmt: skip
    inner = Module(f"{name}.squad_metrics", functions)
    return {name: Module(name, {"squad_metrics": inner}), f"{name}.squad_metrics": inner}


def _make_scipy() -> dict[str, Module]:
    real = importlib.import_module("scipy.optimize")

    def assign(costs: Any) -> Any:
        return real.linear_sum_assignment(arrays.want_array(costs))

    return {"scipy.optimize": Module("scipy.optimize", {"linear_sum_assignment": assign})}


def _make_langdetect() -> dict[str, Module]:
    real = importlib.import_module("langdetect")
    real.DetectorFactory.seed = 0

    def detect(text: Any) -> str:
        _want_text(text)
        return str(real.detect(text))

    detect("This is a text in English, which is read first.")
    return {"langdetect": Module("langdetect", {"detect": detect, "LangDetectException": real.LangDetectException})}


class _RegexpTokenizer(Open):
    """Stands in for ``nltk.tokenize.RegexpTokenizer``."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern, re.UNICODE | re.MULTILINE | re.DOTALL)

    def tokenize(self, text: str) -> list[str]:
        """Return what the pattern finds."""
        return self._pattern.findall(text)


class _SentenceTokenizer(Open):
    """Stands in for nltk's English Punkt model."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def tokenize(self, text: str) -> list[str]:
        """Return the sentences of a text."""
        _want_text(text)
        return list(self._model.tokenize(text))


_NO_PUNKT = "the data `punkt_tab` of nltk is not on this machine: python -m nltk.downloader punkt_tab"


def _make_nltk() -> dict[str, Module]:
    punkt, words = importlib.import_module("nltk.tokenize.punkt"), importlib.import_module("nltk.tokenize")
    try:
        model = punkt.PunktTokenizer("english")
        words.word_tokenize("It is, e.g. a test.")
    except LookupError:
        model = None

    def load(*_: Any, **__: Any) -> _SentenceTokenizer:
        if model is None:
            raise RestrictedError(_NO_PUNKT)
        return _SentenceTokenizer(model)

    def split_words(text: Any) -> list[str]:
        _want_text(text)
        if model is None:
            raise RestrictedError(_NO_PUNKT)
        return list(words.word_tokenize(text))

    return {
        "nltk": Module("nltk", {
            "data": Module("nltk.data", {"load": load}),
            "tokenize": Module("nltk.tokenize", {"RegexpTokenizer": _RegexpTokenizer}),
            "word_tokenize": split_words,
        }),
    }  # fmt: skip


class _ExactMatch(Open):
    """Stands in for ``evaluate.load("exact_match")``."""

    def compute(
        self, predictions: Sequence[str], references: Sequence[str], regexes_to_ignore: Sequence[str] | None = None,
        ignore_case: bool = False, ignore_punctuation: bool = False, ignore_numbers: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the share of answers that are right."""
        dropped = (string.punctuation if ignore_punctuation else "") + (string.digits if ignore_numbers else "")

        def fold(text: str) -> str:
            for pattern in regexes_to_ignore or ():
                text = re.sub(pattern, "", text)
            return (text.lower() if ignore_case else text).translate(str.maketrans("", "", dropped))

        same = [fold(said) == fold(gold) for said, gold in zip(predictions, references, strict=True)]
        return {"exact_match": sum(same) / len(same)}


def _load_metric(name: str, *_: Any, **__: Any) -> _ExactMatch:
    if name != "exact_match":
        raise RestrictedError(f"the metric {name!r} of evaluate is not supported")
    return _ExactMatch()


_MAKERS: Mapping[str, Callable[[], dict[str, Module]]] = {
    "numpy": lambda: {"numpy": arrays.make_module()},
    "datasets": lambda: {"datasets": dataset.make_module()},
    "scipy": _make_scipy,
    "sacrebleu": _make_sacrebleu,
    "rouge_score": _make_rouge,
    "math_verify": _make_math_verify,
    "sympy": _make_sympy,
    "antlr4": lambda: {"antlr4": Module("antlr4", {})},
    "lm_eval": _make_lm_eval,
    "transformers": _make_transformers,
    "langdetect": _make_langdetect,
    "nltk": _make_nltk,
    "evaluate": lambda: {"evaluate": Module("evaluate", {"load": _load_metric})},
}
