"""Which class of the library reads a folder, and the processor that prepares images for models that see.

The processor's parts for video and sound are left out, so that nothing needs to be installed for them; images are
prepared with Pillow wherever the library can, so that the same pixels come out on every machine.  Knows nothing of
requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fairtrial.engines.transformers.libraries import import_transformers
from fairtrial.errors import ModelError

LANGUAGE, IMAGES = "tokenizer", "image_processor"
"""The parts of a processor that are used, as the library names them."""
SETTINGS = ("preprocessor_config.json", "processor_config.json")


def find_family(folder: Path, where: Path) -> Any:
    """Return the library's class that reads the model in ``folder``: that of models with a vision part, or of text.

    Raises ModelError, naming ``where``, if the model reads its prompt in an encoder.
    """
    library = import_transformers()
    config = library.AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    if (
        type(config) not in library.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
        or getattr(config, "vision_config", None) is None
    ):
        return library.AutoModelForCausalLM
    if config.is_encoder_decoder or config.get_text_config().is_encoder_decoder:
        raise ModelError(
            f"A model of the type {config.model_type!r} reads its prompt in an encoder and writes in a decoder, which "
            "this engine does not do.",
            fix="Use a model that continues its prompt (decoder only).",
            where=str(where),
        )
    return library.AutoModelForImageTextToText


def load_processor(folder: Path, config: Any) -> tuple[Any, str]:
    """Return the processor of a model that sees, and an empty text; or None, and why there is none."""
    if not any((folder / name).is_file() for name in SETTINGS):
        return None, f"the folder has no {' and no '.join(SETTINGS)}, which say how images are prepared"
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    kind = PROCESSOR_MAPPING.get(type(config), None)
    if kind is None:
        return None, f"transformers has no processor for the model type {config.model_type!r}"
    try:
        return _build_processor(kind, str(folder)), ""
    except Exception as error:  # of the library and all those below it; the files may be hostile
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].strip()
        if "torchvision" in str(error).lower():
            return None, (
                f"its processor ({kind.__name__}) needs torchvision, in the build that fits the installed torch: "
                f"pip install torchvision, from the same index ({first})"
            )
        return None, f"its processor ({kind.__name__}) cannot be loaded: {first}"


def _build_processor(kind: type[Any], folder: str) -> Any:
    """Return a processor of text and images alone."""
    library = import_transformers()
    where = {"local_files_only": True, "trust_remote_code": False}
    settings, _ = kind.get_processor_dict(folder, local_files_only=True)
    parts = {
        LANGUAGE: lambda: library.AutoTokenizer.from_pretrained(folder, **where),
        IMAGES: lambda: _read_image_processor(folder, where),
    }
    names = kind.get_attributes()
    if IMAGES not in names:
        raise ValueError("it has no image processor of its own")

    class Partial(kind):  # type: ignore[misc]
        """The same, with parts left out."""

        def check_argument_for_proper_class(self, name: str, part: Any) -> Any:
            return None if part is None else super().check_argument_for_proper_class(name, part)

        @classmethod
        def get_attributes(cls) -> list[str]:
            return list(names)

    Partial.__name__ = kind.__name__
    return Partial.from_args_and_dict([parts[name]() if name in parts else None for name in names], settings)


def _read_image_processor(folder: str, where: dict[str, Any]) -> Any:
    """Return the image processor that works with Pillow, or the only one that the library has for the model."""
    reader = import_transformers().AutoImageProcessor
    try:
        return reader.from_pretrained(folder, backend="pil", **where)
    except (ValueError, ImportError):
        return reader.from_pretrained(folder, **where)
