"""Tables with a row a bin: chromosome, start, end, and columns of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from liquidbiopsy.copynumber.bins import CONTIGS, Bins, Places, Values, plain
from liquidbiopsy.core.errors import InputError, did_you_mean
from liquidbiopsy.core.parquet import read_table

PLACE = {  # as files name the columns of a place -> as this module does
    **dict.fromkeys(("chrom", "chr", "chromosome", "seqnames", "contig"), "chrom"),
    **dict.fromkeys(("start", "chromstart", "chrompos"), "start"),
    **dict.fromkeys(("end", "stop", "chromend"), "end"),
}
NUMBERED = {"23": "X", "24": "Y"}  # as VarBin names them
BLANK = ("", "NA", "na", "NaN", "nan", "N/A", ".", "null", "None")
AROUND = ' \t\r"'  # what may stand around a value: R writes text between quotation marks
OVERLAP = 0.5  # of the shorter of two bins: CNVkit lets its off-target bins touch
REMEDY = "a table of bins has columns chrom, start and end, and its columns stand between tabs"
WIDEST = 10  # times the middle width: where a bin of unknown end is taken to end before the next


@dataclass(frozen=True)
class BinTable:
    """A table whose rows are bins, put in genome order."""

    file: str
    bins: Bins
    others: tuple[str, ...]
    """Columns besides those of the place, as the file names them, in its order."""
    rows: Places
    """Row in the file, from 0, of each bin."""
    table: pa.Table

    def column(self, *names: str) -> str | None:
        """The first of these columns that there is, by its name in any case."""
        known = {name.lower(): name for name in self.others}
        return next((known[name.lower()] for name in names if name.lower() in known), None)

    def numbers(self, name: str) -> Values:
        """A column as numbers in the order of the bins, shape (n,); NaN where it is blank.

        Raises
        ------
        InputError
            A value is no number; its row is named.
        """
        if name not in self.others:
            raise InputError(self.file, f"has no column {name}{did_you_mean(name, self.others)}")
        return _numbers(self.file, self.table, name)[self.rows]


def read_bin_table(path: str) -> BinTable:
    """A table of bins, tab-separated (plain or gzipped) or Parquet.

    Starts may count from 0, or from 1 with ends included; where neighbours touch, it shows. Without
    ends, as VarBin writes its tables (`chrom`, `chrompos`), a bin goes to the next one's start, the
    last of a contig as far as most do. X and Y may be 23 and 24. Rows of other contigs are passed
    by.

    Raises
    ------
    InputError
        It cannot be read, a column is missing, a place is none, or bins overlap; the row is named.
    """
    table = _read(path)
    found = {
        PLACE[n.lower().lstrip("#")]: n
        for n in table.column_names[::-1]
        if n.lower().lstrip("#") in PLACE
    }
    for name in ("chrom", "start"):
        if name not in found:
            raise InputError(path, f"has no column {name}", REMEDY)
    chrom = [plain(str(name).strip(AROUND)) for name in table[found["chrom"]].to_pylist()]
    rank = {name: k for k, name in enumerate(CONTIGS)}
    which = np.array([rank.get(NUMBERED.get(name, name), -1) for name in chrom], np.int64)
    start = _numbers(path, table, found["start"])
    rows = np.flatnonzero(which >= 0)
    if not rows.size:
        raise InputError(path, "has no bin of chromosomes 1 to 22, X and Y", REMEDY)
    rows = rows[np.lexsort((start[rows], which[rows]))]
    which, start = which[rows], start[rows]
    end = _numbers(path, table, found["end"])[rows] if "end" in found else _next(path, which, start)
    bins = _bins(path, which, start, end, rows)
    others = tuple(name for name in table.column_names if name not in found.values())
    return BinTable(path, bins, others, rows, table)


def _next(path: str, which: Places, start: Values) -> Values:
    """Ends of bins of which the starts alone are known, in genome order."""
    width = np.append(np.diff(start), np.nan)
    width[np.append(which[1:] != which[:-1], True)] = np.nan
    if not np.isfinite(width).any():
        raise InputError(path, "has no column end, and no two bins beside each other", REMEDY)
    usual = np.nanmedian(width) // 1
    far = ~(width <= WIDEST * usual)  # a gap, a centromere or the end of the contig
    return np.where(far, start + usual, start + width)


def _bins(path: str, which: Places, start: Values, end: Values, rows: Places) -> Bins:
    bad = ~((start >= 0) & (end > start - 1) & (end < 2**40) & (start % 1 == 0) & (end % 1 == 0))
    if bad.any():
        row = rows[bad.argmax()] + 1
        raise InputError(path, f"row {row}: start and end are no place of a bin", REMEDY)
    same = which[1:] == which[:-1]
    from_one = (start[1:] == end[:-1] + 1) & same
    if from_one.sum() > ((start[1:] == end[:-1]) & same).sum() and start.min() >= 1:
        start = start - 1
    shorter = np.minimum(end - start, np.roll(end - start, 1))[1:]
    bad[1:] = same & (end[:-1] - start[1:] > OVERLAP * shorter)
    bad |= end <= start
    if bad.any():
        row = rows[bad.argmax()] + 1
        raise InputError(path, f"row {row} is empty or overlaps another", "give one value a bin")
    present = np.unique(which)
    contig = np.searchsorted(present, which).astype(np.int16)
    names = tuple(CONTIGS[k] for k in present)
    return Bins(names, contig, start.astype(np.int64), end.astype(np.int64))


def _read(path: str) -> pa.Table:
    try:
        with open(path, "rb") as handle:
            start = handle.read(4)
        if start == b"PAR1":
            return read_table(path)
        compression = "gzip" if start[:2] == b"\x1f\x8b" else None
        with pa.input_stream(path, compression=compression) as stream:
            skip, names = _header(path, stream.read(1 << 20))
        with pa.input_stream(path, compression=compression) as stream:
            return pa_csv.read_csv(
                stream,
                read_options=pa_csv.ReadOptions(
                    use_threads=False, skip_rows=skip + 1, column_names=names
                ),
                parse_options=pa_csv.ParseOptions(delimiter="\t", quote_char=False),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
    except pa.ArrowInvalid as error:
        raise InputError(path, f"is no table: {str(error).splitlines()[0]}", REMEDY) from None
    except OSError as error:
        reason = error.strerror or "is damaged"
        raise InputError(path, reason, "check the path and its permissions") from None


def _header(path: str, text: bytes) -> tuple[int, list[str]]:
    """Lines before the header, and its names."""
    if not text.strip():
        raise InputError(path, "is empty", REMEDY)
    lines = text.decode("utf-8", "replace").splitlines()
    skip = 0
    while skip < len(lines) - 1 and lines[skip].startswith("#") and "\t" not in lines[skip]:
        skip += 1
    names = [name.strip(AROUND) for name in lines[skip].split("\t")]
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise InputError(path, f"has the column {twice!r} twice", "give each its own name")
    return skip, names


def _numbers(path: str, table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """A column as numbers, by rows of the file."""
    column = table[name]
    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            trimmed = pc.utf8_trim(column, characters=AROUND)
            blank = pc.is_in(trimmed, value_set=pa.array(BLANK, column.type))
            column = pc.if_else(blank, None, trimmed)
        return column.cast(pa.float64()).to_numpy().astype(np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        for row, value in enumerate(column.to_pylist(), start=1):
            try:
                float(value or 0)
            except (TypeError, ValueError):
                problem = f"row {row}, column {name}: {str(value)[:40]!r} is no number"
                raise InputError(path, problem) from None
        raise InputError(path, f"column {name} holds no numbers") from None
