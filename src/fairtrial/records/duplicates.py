"""Items that ask the same thing: copies of one question are one piece of evidence, whatever their ids say.

Two items are the same if question, images, choices and right answers are, after upper and lower case and white space
are folded, and whatever the order of the choices.  Knows items; nothing of tasks, ledgers or statistics.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from fairtrial.records.content import ImagePart
from fairtrial.records.items import Item

DuplicateKey = tuple[str, tuple[str, ...], tuple[str, ...]]


def fold_question(text: str) -> str:
    """Return a text without differences of case, white space and composition of characters."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def make_key(
    question: str, choices: Iterable[str], gold: Iterable[str], images: Iterable[ImagePart] = ()
) -> DuplicateKey | None:
    """Return what two items have in common if they ask the same thing; None for an item without any content."""
    asked = " ".join([fold_question(question), *(image.hash for image in images)]).strip()
    offered = tuple(sorted(fold_question(choice) for choice in choices))
    return (asked, offered, tuple(sorted(fold_question(right) for right in gold))) if asked or any(offered) else None


def group_same(keyed: Iterable[tuple[str, DuplicateKey | None]]) -> list[list[str]]:
    """Return the ids of items with the same key, two or more at a time, from (id, key) of each item."""
    groups: dict[DuplicateKey, list[str]] = {}
    for identity, key in keyed:
        if key is not None:
            groups.setdefault(key, []).append(identity)
    return [group for group in groups.values() if len(group) > 1]


def find_duplicates(items: Iterable[Item]) -> list[list[str]]:
    """Return the ids of items that ask the same thing, group by group."""
    return group_same((item.id, make_key(item.question, item.choices, item.gold, item.images)) for item in items)


def unite_clusters(clusters: Sequence[tuple[str, str]], groups: Iterable[Sequence[str]]) -> list[str]:
    """Return the cluster of each item after those of the same group, and all that share a cluster with them, are one.

    Args:
        clusters: (id, name of its cluster) of each item.
        groups: ids of items that ask the same thing; ids that are not there are left out.

    A united cluster has the name of the one that comes first among ``clusters``.
    """
    parent = {name: name for _, name in clusters}
    rank = {name: i for i, name in reversed(list(enumerate(name for _, name in clusters)))}
    own = dict(clusters)

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    for group in groups:
        roots = {root(own[identity]) for identity in group if identity in own}
        if roots:
            first = min(roots, key=rank.__getitem__)
            for other in roots:
                parent[other] = first
    return [root(name) for _, name in clusters]


def put_copies_together(items: Sequence[Item]) -> tuple[Item, ...]:
    """Return the items with copies of a question, and what shares a cluster with them, in one cluster."""
    names = unite_clusters([(item.id, item.cluster) for item in items], find_duplicates(items))
    pairs = zip(items, names, strict=True)
    return tuple(item if item.cluster == name else replace(item, cluster=name) for item, name in pairs)


def count_copies(items: Iterable[Item]) -> tuple[int, int]:
    """Return how many items ask what another one asks as well, and how many questions these are."""
    groups = find_duplicates(items)
    return sum(map(len, groups)), len(groups)
