"""How tables name images, and reasons, without a path of a machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

KINDS = ("out of focus", "saturated", "no picture", "is missing")  # of lost frames


def shown_names(paths: Sequence[str]) -> dict[str, str]:
    """The images of a specimen as tables name them: as the sheet gives them, no path of a machine.

    Of an absolute path so much of its end is kept as tells it from the others.
    """
    names = {}
    for path in paths:
        parts = Path(path).parts
        others = [Path(other).parts for other in paths if other != path]
        depth = 1
        while depth < len(parts) - 1 and any(o[-depth:] == parts[-depth:] for o in others):
            depth += 1
        names[path] = "/".join(parts[-depth:]) if Path(path).is_absolute() else path
    return names


def image_tag(image: str) -> str:
    """Short name of an image that begins with a letter and hangs on the image's name alone."""
    return "i" + hashlib.sha256(image.encode()).hexdigest()[:6]


def without_place(words: str, path: str, name: str) -> str:
    """A reason with the image as tables name it, and without the folder it lies in."""
    words = words.replace(path, name)
    if Path(path).is_absolute():
        for folder in (path, str(Path(path).parent)):
            words = words.replace(f"{folder}/", "")
    return words


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
