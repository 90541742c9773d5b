"""Last layer of a simulated library: the sequencer makes FASTQ text of families and changes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

from liquidbiopsy.simulate.genome import CODES
from liquidbiopsy.simulate.plasma_layers import GAIN, LOSS, Changes
from liquidbiopsy.simulate.plasma_molecules import Molecules, Whole
from liquidbiopsy.simulate.plasma_parameters import ADAPTERS, SPACER, PlasmaParameters, prefix_of
from liquidbiopsy.simulate.plasma_random import FIRST_MIX, UNIT, bits, uniform

ORDER, CYCLES = 41, 42  # streams of the seed
CHUNK = 50_000
NAME = b"@simulated:"
BARCODE = 255  # in a prefix: the next base of the barcode


def read_pairs(
    p: PlasmaParameters, molecules: Molecules, sizes: Whole, changes: Changes
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """FASTQ text of read 1 and read 2, chunk by chunk, in random order.

    Every read pair draws from a stream of its own, so that chunks do not matter.
    """
    family_of = np.repeat(np.arange(sizes.size), sizes.ravel())
    order = np.random.default_rng((p.seed, ORDER)).permutation(len(family_of))
    seed = np.random.default_rng((p.seed, CYCLES)).integers(0, 2**64, dtype=np.uint64)
    starts = np.searchsorted(changes.family, np.arange(sizes.size + 1))
    told = (changes.first, changes.last, changes.pos, changes.what)
    prefixes = [_prefix(structure) for structure in p.structures]
    adapters = [CODES[np.frombuffer(text.encode(), np.uint8)] for text in ADAPTERS]
    longest = int(np.diff(molecules.offsets).max(initial=0)) + 64
    quality = (
        np.array(p.qualities), p.quality_jitter, p.low_start, p.low_end, p.second_read,
        p.error_excess, p.no_calls,
    )  # fmt: skip
    chances = np.minimum(10.0 ** (-np.arange(94) / 10) * p.error_excess, 1.0)
    room = len(NAME) + 40 + 2 * p.read_length + 4
    for low in range(0, len(order), CHUNK):
        part = order[low : low + CHUNK]
        texts = np.empty((2, len(part) * room), np.uint8)
        lengths = _sequence(
            texts, part, low, family_of, molecules.offsets, molecules.bases, molecules.left,
            molecules.right, starts, told, (prefixes[0], prefixes[1]),
            (adapters[0], adapters[1]), p.read_length, longest, quality, chances, seed,
            np.frombuffer(NAME, np.uint8), p.names_tell,
        )  # fmt: skip
        yield texts[0, : lengths[0]], texts[1, : lengths[1]]


def _prefix(structure: str) -> NDArray[np.uint8]:
    """Bases before the template: `BARCODE`, or those of the spacer."""
    bases, spacer = [], 0
    for kind in prefix_of(structure):
        bases.append(BARCODE if kind == "M" else "ACGT".index(SPACER[spacer % len(SPACER)]))
        spacer += kind == "S"
    return np.array(bases, np.uint8)


@njit(cache=True, nogil=True)
def _changed(bases, length, left, right, read, starts, told, family):  # type: ignore[no-untyped-def]
    """Apply a family's changes to a copy of its molecule; give the copy's length."""
    first, last, places, what = told
    n = length
    for k in range(starts[family], starts[family + 1]):
        if first[k] <= read < last[k] and what[k] < LOSS:
            pos = places[k]
            if pos < 0:
                left[-1 - pos] ^= np.uint8(what[k])
            elif pos >= length:
                right[pos - length] ^= np.uint8(what[k])
            else:
                bases[pos] ^= np.uint8(what[k])
    for k in range(starts[family], starts[family + 1]):
        if first[k] <= read < last[k] and what[k] >= LOSS:
            pos = places[k]
            if what[k] == LOSS and pos < n - 1:
                for i in range(pos, n - 1):
                    bases[i] = bases[i + 1]
                n -= 1
            elif what[k] == GAIN and n < len(bases):
                for i in range(n, pos, -1):
                    bases[i] = bases[i - 1]
                n += 1
    return n


@njit(cache=True, nogil=True)
def _template(  # type: ignore[no-untyped-def]
    line, bases, n, reverse, near, far, prefix, other, adapter
):
    """Fill a read: barcode and spacer, the molecule from one end, then what lies behind it."""
    length, at, used = len(line), 0, 0
    for code in prefix:
        if code == BARCODE:
            line[at] = near[used]
            used += 1
        else:
            line[at] = code
        at += 1
    for i in range(min(n, length - at)):
        line[at + i] = np.uint8(3) - bases[n - 1 - i] if reverse else bases[i]
    at += min(n, length - at)
    if at == length:
        return
    used = 0
    for code in other:
        used += code == BARCODE
    for i in range(len(other) - 1, -1, -1):
        code = other[i]
        if code == BARCODE:
            used -= 1
            code = far[used]
        if at < length:
            line[at] = np.uint8(3) - code
            at += 1
    for code in adapter:
        if at < length:
            line[at] = code
            at += 1
    while at < length:  # no light is G
        line[at] = 2
        at += 1


@njit(cache=True, nogil=True)
def _sense(line, scores, state, mate, quality, chances):  # type: ignore[no-untyped-def]
    """Qualities along a read, and the errors that they announce."""
    levels, jitter, low_start, low_end, second, _, no_calls = quality
    length = len(line)
    # Some reads are far worse than others; the mean of this factor is 1.
    worse = 0.254 / (0.02 + uniform(state)) * (second if mate else 1.0)
    no_call = np.uint64(no_calls * 2.0**32)
    level = 0
    for i in range(length):
        number = bits(state)
        chance = (number >> np.uint64(32)) * UNIT
        if level == 0:
            fall = worse * (low_start + (low_end - low_start) * (i / length) ** 2)
            if chance < fall:
                level = 2 if chance < fall / 3 else 1
        elif chance < 0.5:
            level = 0
        q = levels[level]
        if jitter:
            q = max(2, q - np.int64(number % np.uint64(jitter + 1)))
        scores[i] = q
        number = bits(state)
        if (number & np.uint64(0xFFFFFFFF)) < no_call:
            line[i], scores[i] = 4, 2
        elif (number >> np.uint64(32)) * UNIT < chances[q]:
            line[i] ^= np.uint8(1 + (number & np.uint64(0xFFFF)) % np.uint64(3))


@njit(cache=True, nogil=True)
def _digits(text, w, number):  # type: ignore[no-untyped-def]
    size = 1
    while number >= 10**size:
        size += 1
    for i in range(size - 1, -1, -1):
        text[w + i] = 48 + number % 10
        number //= 10
    return w + size


@njit(cache=True, nogil=True)
def _sequence(  # type: ignore[no-untyped-def]
    texts, part, low, family_of, offsets, flat, lefts, rights, starts, told, prefixes, adapters,
    read_length, longest, quality, chances, seed, name, names_tell,
):  # fmt: skip
    """Write the read pairs `part`, of which the first is number `low`."""
    letters = np.array([65, 67, 71, 84, 78], np.uint8)
    bases = np.empty(longest, np.uint8)
    left, right = np.empty(lefts.shape[1], np.uint8), np.empty(lefts.shape[1], np.uint8)
    line, scores = np.empty(read_length, np.uint8), np.empty(read_length, np.int64)
    ends, state = np.zeros(2, np.int64), np.zeros(1, np.uint64)
    for k in range(len(part)):
        read = part[k]
        family = family_of[read]
        molecule = family // 2
        upper = family % 2 == 0
        n = offsets[molecule + 1] - offsets[molecule]
        for i in range(n):
            bases[i] = flat[offsets[molecule] + i]
        for i in range(len(left)):
            left[i], right[i] = lefts[molecule, i], rights[molecule, i]
        n = _changed(bases, n, left, right, read, starts, told, family)
        state[0] = seed + np.uint64(low + k + 1) * FIRST_MIX
        state[0] = bits(state)
        for mate in range(2):
            if upper == (mate == 0):
                near, far, reverse = left, right, False
            else:
                near, far, reverse = right, left, True
            if mate == 0:
                _template(line, bases, n, reverse, near, far, prefixes[0], prefixes[1], adapters[0])
            else:
                _template(line, bases, n, reverse, near, far, prefixes[1], prefixes[0], adapters[1])
            _sense(line, scores, state, mate, quality, chances)
            text, w = texts[mate], ends[mate]
            for letter in name:
                text[w] = letter
                w += 1
            w = _digits(text, w, low + k + 1)
            if names_tell:
                text[w] = 58
                w = _digits(text, w + 1, molecule + 1)
                text[w], text[w + 1] = 58, 84 if upper else 66
                w += 2
            text[w] = 10
            w += 1
            for i in range(read_length):
                text[w + i] = letters[line[i]]
                text[w + read_length + 3 + i] = scores[i] + 33
            w += read_length
            text[w], text[w + 1], text[w + 2] = 10, 43, 10
            w += read_length + 3
            text[w] = 10
            ends[mate] = w + 1
    return ends
