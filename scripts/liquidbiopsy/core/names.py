"""How tables name images, and reasons, without a path of a machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path


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


def without_places(words: str | None, names: Mapping[str, str]) -> str | None:
    """A reason with several files as tables name them (`shown_names`)."""
    for path, name in names.items() if words else ():
        words = without_place(str(words), path, name)
    return words
