"""ai.txt of Spawning (https://spawning.ai/ai-txt): which files of a site are not for the training of models.

Its form is that of robots.txt; patterns without a slash are endings of names.  It only ever denies.
"""

from __future__ import annotations

from dataclasses import dataclass

from fairtrial.rights.readers.paths import match_path, normalise_path
from fairtrial.rights.readers.place import SignalSource, SiteAddress
from fairtrial.rights.readers.robots import MOST_LINES, decode_robots
from fairtrial.rights.record import Evidence, Statement, Use

AI_TXT = "ai.txt"


@dataclass(frozen=True, slots=True)
class AiFile:
    """An ai.txt: patterns that are denied and allowed, or the problem that makes it unreadable."""

    source: SignalSource
    raw: str
    rules: tuple[tuple[str, bool], ...] = ()
    problem: str = ""

    def tell(self, target: SiteAddress) -> tuple[Evidence, ...]:
        """Return a denial of training where the longest pattern that matches denies; nothing otherwise."""
        if self.problem:
            return (self.source.tell(AI_TXT, self.raw, problem=self.problem),)
        path = target.path.partition("?")[0]
        found = [(len(pattern), not allowed, pattern) for pattern, allowed in self.rules if _matches(pattern, path)]
        if not found or not max(found)[1]:
            return ()
        pattern = max(found)[2]
        raw = f"Disallow: {pattern}"
        return (self.source.tell(AI_TXT, raw, (Statement(Use.TRAIN, "deny", f"disallows {pattern[:80]}"),)),)


def read_ai_txt(data: bytes, source: SignalSource) -> AiFile:
    """Return what an ai.txt says; never raises."""
    raw = data[:8000].decode("utf-8", "replace")
    text, problem = decode_robots(data)
    lines = text.splitlines()
    if problem or len(lines) > MOST_LINES:
        return AiFile(source, raw, problem=problem or f"it has more than {MOST_LINES} lines")
    rules = []
    for line in lines:
        name, _, value = line.partition("#")[0].partition(":")
        name, value = name.strip().casefold(), value.strip()
        if name in ("allow", "disallow") and value:
            rules.append((normalise_path(value), name == "allow"))
        elif name == "training" and value.casefold() in ("deny", "disallow", "no", "false"):
            rules.append(("/", False))
    return AiFile(source, raw, tuple(rules))


def _matches(pattern: str, path: str) -> bool:
    if pattern.startswith("/"):
        return match_path(pattern, path) is not None
    return match_path(f"*{pattern}$" if not pattern.endswith(("*", "$")) else f"*{pattern}", path) is not None
