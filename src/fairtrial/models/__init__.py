"""From a model's name to its file: where the weights are, and the hash that identifies them.

    gguf:PATH                 a GGUF file; relative paths are relative to the trial file
    pkg:PACKAGE/FILE          a file inside an installed Python package
    hf:REPO[@REVISION][:FILE] a file, or a folder of safetensors, of the Hugging Face hub (extra ``hub``)
    hf:./FOLDER               the same folder on this machine; begins with ``.``, ``/`` or ``~``
    openai:MODEL              a model behind an endpoint (`fairtrial.models.endpoint`)
    fake:NAME                 no model at all: the engine of the unit tests

Of a split model (``...-00001-of-00004.gguf``) the first part is named.  Opens no engine and imports no model library.
"""

from __future__ import annotations

from fairtrial.models.endpoint import resolve_endpoint
from fairtrial.models.hashes import hash_file
from fairtrial.models.identity import identify_candidate
from fairtrial.models.listing import ModelListing, list_models
from fairtrial.models.record import ResolvedModel
from fairtrial.models.schemes import choose_engine, resolve, resolve_candidate

__all__ = [
    "ModelListing",
    "ResolvedModel",
    "choose_engine",
    "hash_file",
    "identify_candidate",
    "list_models",
    "resolve",
    "resolve_candidate",
    "resolve_endpoint",
]
