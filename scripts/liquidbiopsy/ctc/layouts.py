"""Layouts: how the files of an image hold its frames and channels.

Each function gives the planes of every frame by the frame's number from 0, or the reason why a
frame cannot be used, and the content of the first file that could be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.paths import expand_path
from liquidbiopsy.ctc.features import SKIP
from liquidbiopsy.imaging.files import SUFFIXES, Content, inspect, natural_key
from liquidbiopsy.imaging.planes import Plane

GAPS = 1000, 20  # frames that may be missing, and as many more a file: else it is a date's number
Found = dict[int, tuple[Plane, ...] | str]


def stack(image: str, wanted: list[str], name: str) -> tuple[Found, Content]:
    """One file whose pages are the channels of each frame in turn."""
    content = inspect(image)
    return dict(enumerate(_by_channels(image, content, wanted, name))), content


def _by_channels(
    file: str, content: Content, wanted: list[str], name: str
) -> list[tuple[Plane, ...]]:
    """A file's planes as frames of the platform's channels."""
    n = len(wanted)
    listed = ", ".join(wanted)
    remedy = f"check the channels of platform '{name}' ({listed}), or export the image again"
    if content.channels > 1 or len(content.planes[0]) > 1:
        found = len(content.planes[0])
        if found == n:
            return list(content.planes)
        if n == 1 and not content.channels:  # a colour picture of one channel
            return [(Plane(f[0].file, f[0].page),) for f in content.planes]
        raise InputError(file, f"has {found} channels where the platform has {n}", remedy)
    pages = [p for frame in content.planes for p in frame]
    if len(pages) % n:
        plural = "s" if len(pages) > 1 else ""
        problem = f"has {len(pages)} page{plural} where the platform has {n} channels"
        raise InputError(file, problem, remedy)
    return [tuple(pages[i : i + n]) for i in range(0, len(pages), n)]


def numbered_files(folder: str, pattern: str | None) -> dict[int, str]:
    """Files of a folder by the number of their frame, the first being 0."""
    path = Path(folder)
    if not path.is_dir():
        problem = "is not a folder" if path.exists() else "does not exist"
        raise InputError(folder, problem, "this platform's layout wants a folder of frames")
    names = sorted(p.name for p in path.iterdir() if p.is_file())
    names = sorted(names, key=natural_key)
    names = [n for n in names if not n.startswith(".") and n.lower().endswith(SUFFIXES)]
    numbers: dict[int, str] = {}
    unnumbered = []
    expression = _expression(pattern) if pattern else re.compile(r".*?(?P<frame>\d+)\D*")
    for name in names:
        match = expression.fullmatch(name)
        if match and "frame" in match.groupdict():
            number = int(match["frame"])
            if number in numbers:
                both = f"{Path(numbers[number]).name} and {name} are both frame {number}"
                raise InputError(folder, both, "set `pattern` of the platform")
            numbers[number] = str(path / name)
        elif match:
            unnumbered.append(str(path / name))
    if not numbers:
        numbers = dict(enumerate(unnumbered))
    if not numbers:
        wanted = f"fits the pattern '{pattern}'" if pattern else "is a TIFF, PNG or JPEG"
        raise InputError(folder, f"holds no file that {wanted}", "check the folder and the pattern")
    start = min(numbers)
    # numbering begins at 0 or 1; a folder whose first files are lost still knows its places
    start = start if start > 1 and pattern is None else min(start, 1)
    if max(numbers) - start > GAPS[0] + GAPS[1] * len(numbers):
        problem = f"numbers its files from {start} to {max(numbers)}"
        raise InputError(folder, problem, "set `pattern` with {frame} for the number of the frame")
    return {n - start: f for n, f in sorted(numbers.items())}


def _expression(pattern: str) -> re.Pattern[str]:
    """A file pattern with `{frame}`, `{channel}` and `*` as a regular expression."""
    parts = re.split(r"(\{frame\}|\{channel\}|\*)", pattern)
    known = {"{frame}": r"(?P<frame>\d+)", "{channel}": r"(?P<channel>.+?)", "*": ".*"}
    return re.compile("".join(known.get(p, re.escape(p)) for p in parts), re.IGNORECASE)


def frame_files(
    files: dict[int, str], platform: Mapping[str, Any], name: str
) -> tuple[Found, Content]:
    """One file a frame, its pages the channels; a frame that cannot be read says why."""
    found: Found = {}
    first: Content | None = None
    for number, file in files.items():
        try:
            content = inspect(file)
            frames = _by_channels(file, content, platform["channels"], name)
            if len(frames) > 1:
                problem = f"has {len(frames)} frames where one was expected"
                raise InputError(file, problem, "use layout 'stack' for such a file")
            found[number] = frames[0]
            first = first or content
        except InputError as error:
            found[number] = str(error)
    if first is None:
        raise InputError(str(next(iter(found.values()))), "no frame of the folder can be read")
    return found, first


def blocks(files: dict[int, str], platform: Mapping[str, Any], name: str) -> tuple[Found, Content]:
    """Single pages, all frames of the first channel before those of the next."""
    n = len(platform["channels"])
    folder = str(Path(next(iter(files.values()))).parent)
    total = max(files) + 1
    if "frames" not in platform and total % n:
        problem = f"ends at tile {total}, which {n} channels do not divide"
        raise InputError(folder, problem, "set `frames` of the platform, or copy the rest")
    frames = platform.get("frames", total // n)
    if total > frames * n:
        problem = f"ends at tile {total} where {frames} frames of {n} channels are {frames * n}"
        raise InputError(folder, problem, "check `frames` and `channels` of the platform")
    first: Content | None = None
    found: Found = {}
    for number in range(frames):
        places = [channel * frames + number for channel in range(n)]
        absent = [channel for channel, place in enumerate(places) if place not in files]
        if absent:
            channels = ", ".join(platform["channels"][c] for c in absent)
            found[number] = f"{folder}: frame {number} has no file for {channels}"
            continue
        try:
            if first is None:
                first = _one_page(files[places[0]])
            found[number] = tuple(Plane(files[place]) for place in places)
        except InputError as error:
            found[number] = str(error)
    if first is None:
        raise InputError(folder, "no frame can be read", "copy the folder again")
    return found, first


def _one_page(file: str) -> Content:
    """Content of a file that is to hold one page."""
    content = inspect(file)
    if len(content.planes) > 1:
        raise InputError(file, f"has {len(content.planes)} pages where one was expected")
    return content


def channel_files(image: str, platform: Mapping[str, Any]) -> tuple[Found, Content]:
    """One file a channel, perhaps of each frame."""
    pattern = platform.get("pattern")
    if "{channel}" in image:
        names = {f: f for f in expand_path(image)}
        pattern = image
        if not names:
            raise InputError(image, "does not exist: no file fits it", "check the path")
    elif Path(image).is_dir():
        names = {p.name: str(p) for p in Path(image).iterdir() if p.is_file()}
        pattern = pattern or "*{channel}*"
    else:
        problem = "is one file" if Path(image).exists() else "does not exist"
        raise InputError(
            image, problem, "layout 'channels' wants a folder or a path with {channel}"
        )
    found: dict[int, dict[str, str]] = {}
    for channel in (c for c in platform["channels"] if c != SKIP):
        stands_for = platform["files"].get(channel, channel)
        expression = _expression(pattern.replace("{channel}", stands_for))
        for name in sorted(names, key=natural_key):
            match = expression.fullmatch(name)
            if match and name.lower().endswith(SUFFIXES):
                number = int(match.groupdict().get("frame") or 0)
                other = found.setdefault(number, {}).setdefault(channel, names[name])
                if other != names[name]:
                    both = f"{Path(other).name} and {Path(name).name} are both {channel}"
                    raise InputError(image, both, "check `pattern` and `files` of the platform")
    if not found:
        raise InputError(
            image, "no file fits the channels", "check `pattern` and `files` of the platform"
        )
    start = min(found)
    frames: Found = {}
    first: Content | None = None
    trouble = InputError(image, "no frame can be read")
    for number, files in sorted(found.items()):
        try:
            absent = [c for c in platform["channels"] if c not in files and c != SKIP]
            if absent:
                raise InputError(image, f"no file for channel {', '.join(absent)}")
            contents = [_one_page(files[c]) for c in files]
            if len({c.shape for c in contents}) > 1:
                raise InputError(image, "the channels are pictures of different sizes")
        except InputError as error:
            frames[number - start] = str(error)
            trouble = error
            continue
        first = first or contents[0]
        frames[number - start] = tuple(
            Plane(files[c]) if c != SKIP else Plane("") for c in platform["channels"]
        )
    if first is None:
        raise trouble
    return frames, first
