"""Whether an opened model sees images, and in which ways it may be asked about them.  Knows nothing of requests."""

from __future__ import annotations

from dataclasses import dataclass

from fairtrial.engines.local.images import ImageTable, ReadPixels
from fairtrial.engines.transformers.image_trust import check_images
from fairtrial.engines.transformers.images import HubImages
from fairtrial.engines.transformers.loading import LoadedNetwork, find_exact_context
from fairtrial.engines.transformers.session import TransformersSession
from fairtrial.engines.transformers.tokens import HubVocabulary
from fairtrial.engines.transformers.trust import SupportedWays
from fairtrial.errors import FairtrialError

FAILURES = (FairtrialError, RuntimeError, TypeError, ValueError, AttributeError, LookupError, ImportError)
"""What a library may raise about a model that it does not serve well."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a model may be asked about images.

    Attributes:
        ways: in which it may be asked.
        blind: why it sees none; empty if it sees, and where nobody would think that it does.
        bound_by_window: whether it may only be asked within its window.
    """

    ways: SupportedWays
    blind: str = ""
    bound_by_window: bool = False


def open_sight(
    session: TransformersSession, loaded: LoadedNetwork, vocabulary: HubVocabulary, read: ReadPixels
) -> Sight:
    """Find out whether a model sees, and give its session the images.

    Args:
        session: of the model.
        loaded: the same with its processor, if it has one.
        vocabulary: of the model.
        read: gives an image's pixels.
    """
    none = SupportedWays(packed=False, branches=False, batched=False, why="", alone=False)
    if loaded.processor is None:
        return Sight(none, loaded.blind)
    try:
        eyes = HubImages(session.network, loaded.processor, read, vocabulary.special)
        session.images = ImageTable(eyes)
        ways = check_images(session, vocabulary, eyes, find_exact_context(loaded.model.config))
    except FAILURES as error:
        session.images = None
        session.forget()
        told = (
            error.message if isinstance(error, FairtrialError) else f"it fails at a made-up picture: {_shorten(error)}"
        )
        return Sight(none, f"{type(loaded.model).__name__}: {told}")
    eyes.encoded = 0  # what the examination took is nobody's answer
    eyes.record = {
        **eyes.record,
        "scoring": ways.pick_scoring(None, 0),
        "generation": ways.pick_writing(None, 0),
        "checked_against_plain_evaluation": ways.why,
    }
    return Sight(ways, bound_by_window=eyes.whole or not (ways.branches or ways.alone))


def _shorten(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
