"""BGZF, the blocked gzip of BAM files: blocks inflated and deflated by ISA-L, checked one by one.

A file is a row of gzip members of at most 64 KiB, each with its own size in its header, and ends
with an empty one; a file that lacks it was cut off.

References
----------
.. [1] The SAM/BAM Format Specification Working Group. Sequence Alignment/Map Format Specification,
       section 4.1. https://samtools.github.io/hts-specs/SAMv1.pdf
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from types import TracebackType

from isal import isal_zlib

from liquidbiopsy.core.errors import InputError

HEAD = struct.Struct("<4B I 2B H 2B 2H")  # of a gzip member with the one extra field BC
END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends a file."""
BLOCK = 0xFF00  # bytes deflated into one block, as htslib does
PIECE = 1 << 20  # bytes read from the disk at a time
LEVEL = 1
REMEDY = "the file is cut off or damaged: copy or make it again"


def blocks(path: str) -> Iterator[bytes]:
    """Inflated blocks of a BGZF file, in order.

    Raises
    ------
    InputError
        The file cannot be read, is not BGZF, a block is damaged, or the file is cut off.
    """
    number = 0
    left = b""
    last = b""
    try:
        with open(path, "rb") as handle:
            while True:
                piece = handle.read(PIECE)
                if not piece:
                    break
                left = left + piece if left else piece
                at = 0
                while (size := _size(left, at, path, number)) and at + size <= len(left):
                    last = left[at : at + size] if size == len(END) else b""
                    inflated = _inflated(left, at, size, path, number)
                    at += size
                    number += 1
                    if inflated:
                        yield inflated
                left = left[at:]
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise InputError(path, reason, "check the path and its permissions") from None
    if left:
        raise InputError(path, f"ends within its block {number + 1}", REMEDY)
    if last != END:
        raise InputError(path, f"has no end marker after its block {number}", REMEDY)


def _size(data: bytes, at: int, path: str, number: int) -> int:
    """Bytes of the block that begins there; 0 where its header is not all there yet."""
    if len(data) - at < 18:
        return 0
    if data[at : at + 4] != b"\x1f\x8b\x08\x04":
        what = "is not a BAM file (no BGZF header)" if number == 0 else "is damaged"
        raise InputError(path, what + (f" after block {number}" if number else ""), REMEDY)
    (extra,) = struct.unpack_from("<H", data, at + 10)
    if extra == 6 and data[at + 12 : at + 14] == b"BC":  # as every writer known makes it
        return int(struct.unpack_from("<H", data, at + 16)[0]) + 1
    place, stop = at + 12, at + 12 + extra
    if stop > len(data):
        return 0
    while place + 4 <= stop:
        kind, length = data[place : place + 2], struct.unpack_from("<H", data, place + 2)[0]
        if kind == b"BC" and length == 2:
            return int(struct.unpack_from("<H", data, place + 4)[0]) + 1
        place += 4 + length
    raise InputError(path, f"has gzip without block sizes at block {number + 1}", "is it BGZF?")


def _inflated(data: bytes, at: int, size: int, path: str, number: int) -> bytes:
    (extra,) = struct.unpack_from("<H", data, at + 10)
    first, stop = at + 12 + extra, at + size - 8
    try:
        crc, length = struct.unpack_from("<II", data, stop)
        inflated = isal_zlib.decompress(data[first:stop], -15, max(length, 1))
    except (isal_zlib.error, struct.error):  # type: ignore[misc]  # typed as an instance
        raise InputError(path, f"block {number + 1} is damaged", REMEDY) from None
    if len(inflated) != length or isal_zlib.crc32(inflated) != crc:
        raise InputError(path, f"block {number + 1} is damaged (checksum)", REMEDY)
    return inflated


class BgzfWriter:
    """Writes BGZF; the same bytes in give the same bytes out, however they are cut up.

    Parameters
    ----------
    path : str
    """

    def __init__(self, path: str) -> None:
        self.handle = open(path, "wb")  # noqa: SIM115
        self.left = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes."""
        self.left += data
        whole = len(self.left) - len(self.left) % BLOCK
        view = memoryview(self.left)
        for at in range(0, whole, BLOCK):
            self._block(view[at : at + BLOCK])
        view.release()
        del self.left[:whole]

    def _block(self, data: memoryview | bytes) -> None:
        packer = isal_zlib.compressobj(LEVEL, wbits=-15)
        body = packer.compress(data) + packer.flush()
        size = len(body) + 26
        self.handle.write(
            HEAD.pack(31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, size - 1)
            + body
            + struct.pack("<II", isal_zlib.crc32(data), len(data))
        )

    def close(self) -> None:
        """Write what is left, and the end marker."""
        if self.left:
            self._block(bytes(self.left))
            self.left.clear()
        self.handle.write(END)
        self.handle.close()

    def __enter__(self) -> BgzfWriter:
        """Give the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; after an error without the end marker."""
        if kind is None:
            self.close()
        else:
            self.handle.close()
