"""The tune lever: train a model further on rows of your own, as a small adapter beside its weights.

    levers: [{tune: rows.jsonl}]
    levers: [{tune: {data: curated, rank: 8, epochs: 3, learning_rate: 0.001}}, {quantize: q4_k_m}]

The rows are asked as a trial would ask them, and of an answer every token is learned and nothing else.  The adapter is
kept in the cache under the hashes of parent, rows and settings, and made once; training that was killed goes on to the
same weights.  Needs the extra `tune` (torch, transformers, peft).
"""

from fairtrial.levers.tune.lever import TuneLever
from fairtrial.levers.tune.recording import describe_trained, estimate_joules
from fairtrial.levers.tune.saving import TunedAdapter
from fairtrial.levers.tune.tuning import copy_adapter, predict_tuning, tune_model

__all__ = [
    "TuneLever",
    "TunedAdapter",
    "copy_adapter",
    "describe_trained",
    "estimate_joules",
    "predict_tuning",
    "tune_model",
]
