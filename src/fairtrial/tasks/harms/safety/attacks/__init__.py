"""Ways to disguise a request so that a model, or a guard before it, does not see what it asks.

Each is a pure function of the request; `ATTACKS` names them.  Others, which nobody looks at who writes rules against
these, are in `heldout`: they tell whether rules have learnt disguises, or these disguises.
"""

from fairtrial.tasks.harms.safety.attacks.base import Attack, Disguised
from fairtrial.tasks.harms.safety.attacks.conversations import CONVERSATIONS
from fairtrial.tasks.harms.safety.attacks.encodings import ENCODINGS
from fairtrial.tasks.harms.safety.attacks.framings import FRAMINGS
from fairtrial.tasks.harms.safety.attacks.wrappings import WRAPPINGS

ATTACKS: dict[str, Attack] = {one.name: one for one in (*ENCODINGS, *FRAMINGS, *CONVERSATIONS, *WRAPPINGS)}
"""Name to attack: those that rules may be written against."""

__all__ = ["ATTACKS", "Attack", "Disguised"]
