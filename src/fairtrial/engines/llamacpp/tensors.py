"""ggml, the library of tensors under llama.cpp, for those who look into tensors themselves."""

from __future__ import annotations

from typing import Any

from fairtrial.engines.llamacpp.binding import import_library
from fairtrial.errors import ModelError


def load_tensor_library() -> Any:
    """Return ggml, the library of tensors under llama.cpp, as ctypes sees it: no argument types are set.

    Raises ModelError if this build of llama-cpp-python does not have it in a file of its own.
    """
    import_library()
    from llama_cpp._ctypes_extensions import load_shared_library
    from llama_cpp._ggml import libggml_base_path

    try:
        return load_shared_library("ggml-base", libggml_base_path)
    except (FileNotFoundError, RuntimeError) as error:
        told = "This build of llama-cpp-python does not show its tensors"
        raise ModelError(f"{told}: {error}.", fix="Install the usual one: pip install llama-cpp-python") from error
