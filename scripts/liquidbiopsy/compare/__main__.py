"""`python -m liquidbiopsy.compare RESULTS_A RESULTS_B`: what differs, by patient and by cause.

Ends with 0 where nothing differs, with 1 where something does, and with 2 where the folders cannot
be compared.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from liquidbiopsy.compare.differences import compare
from liquidbiopsy.compare.shown import as_page, as_text
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.errors import UserError

SAME, DIFFERENT, WRONG = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """Compare, print, write the page where one is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m liquidbiopsy.compare",
        description="What differs between two result sets, by patient, assay, analyte and cause.",
        epilog="Ends with 0: nothing differs; 1: something does; 2: cannot be compared.",
    )
    parser.add_argument("a", metavar="RESULTS_A", help="folder of the one run's results")
    parser.add_argument("b", metavar="RESULTS_B", help="folder of the other run's results")
    parser.add_argument("--html", metavar="FILE", help="also write the differences as a page")
    asked = parser.parse_args(arguments)
    try:
        found = compare(Path(asked.a), Path(asked.b))
        if asked.html:
            write_text(asked.html, as_page(found, asked.a, asked.b))
    except UserError as error:
        print(error, file=sys.stderr)
        return WRONG
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return WRONG
    print(as_text(found, asked.a, asked.b), end="")
    return DIFFERENT if found.differences else SAME


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
