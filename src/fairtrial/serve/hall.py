"""All candidates of one server: who is asked, by the name that a client says."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairtrial.serve.errors import ApiError
from fairtrial.serve.pairs import BlindPairs
from fairtrial.serve.served import Served
from fairtrial.serve.storing import Ballot

DEFAULT = "default"
"""Another name of the first candidate, for clients that are set up once; it claims nothing about that candidate."""
FORMER = "winner"
"""That name as it was before; understood still, and told to nobody, since no verdict need stand behind it."""


@dataclass(frozen=True, slots=True)
class Hall:
    """Candidates that are served side by side, each at its own desk.

    Attributes:
        served: at least one; limits, keys and all that is about clients are those of the first, and of all.
        ballot: keeps votes; None if none is kept.
        pairs: that were drawn to be compared blind.
    """

    served: tuple[Served, ...]
    ballot: Ballot | None = None
    pairs: BlindPairs = field(default_factory=BlindPairs)

    @property
    def first(self) -> Served:
        """Who is asked where a client names nobody."""
        return self.served[0]

    @property
    def names(self) -> tuple[str, ...]:
        """By what candidates are asked for."""
        return tuple(dict.fromkeys((*(one.about.name for one in self.served), DEFAULT)))

    def find(self, name: str | None) -> Served:
        """Return whom a client asks for; the first candidate where it names nobody.

        Raises ApiError if nobody of that name is served.
        """
        if name is None:
            return self.first
        found = next((one for one in self.served if one.about.name == name), None)
        if found is None and name in (DEFAULT, FORMER):
            return self.first
        if found is None:
            raise ApiError(
                404, f"the model {name!r:.80} is not served here; there is: {', '.join(self.names)}.",
                code="model_not_found", param="model",
            )  # fmt: skip
        return found

    def refuse_more(self) -> None:
        """Let nobody wait any more; what waits is answered."""
        for one in self.served:
            one.desk.refuse_more()

    def close(self, seconds: float) -> None:
        """End all desks, and write what is left to be kept."""
        for one in self.served:
            one.desk.close(seconds)
            if one.recorder is not None:
                one.recorder.close()
