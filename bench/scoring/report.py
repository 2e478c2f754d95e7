"""Figures of the benchmark put in relation, and as Markdown."""

from __future__ import annotations

from typing import Any

import numpy as np

OURS = ("fairtrial-llamacpp", "fairtrial-transformers")


def summary(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return one shape: systems, ratios, fractions of the limit, agreement."""
    ours = {name: found[name] for name in OURS if name in found}
    best = min((x["seconds"] for x in ours.values()), default=float("nan"))
    out: dict[str, Any] = {"systems": {}, "ratio": {}, "fraction_of_limit": {}, "agreement": {}}
    for name, got in found.items():
        kept = ("seconds", "all_seconds", "tokens", "rss_mb", "accuracy", "limit", "rows")
        out["systems"][name] = {key: got[key] for key in kept if key in got}
        if name not in OURS:
            out["ratio"][name] = got["seconds"] / best
            out["agreement"][name] = {mine: agreement(x, got) for mine, x in ours.items()}
        if "limit" in got:
            out["fraction_of_limit"][name] = got["limit"]["seconds"] / got["seconds"]
    return out


def agreement(a: dict[str, Any], b: dict[str, Any]) -> dict[str, float]:
    """Return how far two systems agree on the items that both answered."""
    if "texts" in a and "texts" in b:
        pairs = list(zip(a["texts"], b["texts"], strict=False))
        return {"same_text": sum(x.strip() == y.strip() for x, y in pairs) / len(pairs), "items": len(pairs)}
    return apart(a["logprobs"], b["logprobs"])


def apart(a: list[list[float]], b: list[list[float]]) -> dict[str, float]:
    """Return the distribution of differences of scores, in nats, and the share of items with the same best choice."""
    pairs = list(zip(a, b, strict=False))
    size = np.abs(np.concatenate([np.subtract(x, y) for x, y in pairs]))
    same = np.mean([int(np.argmax(x)) == int(np.argmax(y)) for x, y in pairs])
    return {
        "median_nats": float(np.median(size)),
        "p99_nats": float(np.quantile(size, 0.99)),
        "max_nats": float(size.max()),
        "same_best": float(same),
        "items": len(pairs),
    }


def markdown(result: dict[str, Any]) -> str:
    """Return the tables."""
    lines = ["", "| shape | system | seconds | times as long | tokens, usual way | tokens computed | of the limit |"]
    lines[-1] += " peak MB | accuracy | same best choice |"
    lines.append("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name, shape in result["shapes"].items():
        for system, got in shape["systems"].items():
            tokens, fraction = got.get("tokens", {}), shape["fraction_of_limit"].get(system)
            ratio, accuracy = shape["ratio"].get(system), got.get("accuracy")
            same = [x.get("same_best", x.get("same_text")) for x in shape["agreement"].get(system, {}).values()]
            cells = [
                name,
                system,
                f"{got['seconds']:.2f}",
                f"{ratio:.1f}" if ratio else "",
                f"{tokens['usual']:,}" if tokens else "",
                f"{tokens['tree']:,}" if tokens else "",
                f"{fraction:.2f}" if fraction else "",
                f"{got['rss_mb']:.0f}",
                f"{accuracy:.3f}" if accuracy is not None else "",
                ", ".join(f"{x:.0%}" for x in same),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    if "precision" in result:
        lines += ["", "| scores | median nats | 99% | largest | same best choice |", "|---|--:|--:|--:|--:|"]
        for name, x in result["precision"].items():
            figures = [f"{x[key]:.2g}" for key in ("median_nats", "p99_nats", "max_nats")]
            lines.append(f"| {name} | {' | '.join(figures)} | {x['same_best']:.0%} |")
    return "\n".join(lines)
