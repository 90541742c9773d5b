"""How tables tell why frames were lost."""

from __future__ import annotations

from collections.abc import Mapping

KINDS = ("out of focus", "saturated", "no picture", "is missing")  # of lost frames


def lost_words(lost: Mapping[int, str]) -> str:
    """Why frames were lost, in a sentence that names how many and the first."""
    if not lost:
        return ""
    reasons: dict[str, list[int]] = {}
    for number, reason in sorted(lost.items()):
        short = reason if reason.startswith(KINDS) else "cannot be read"
        reasons.setdefault(short, []).append(number)
    words = [f"{len(n)} {reason} (the first: {n[0]})" for reason, n in reasons.items()]
    return "frames lost: " + "; ".join(words)
