"""Markdown, as far as the pages made from schemas need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of text as a table."""
    lines = [header, ["---"] * len(header), *rows]
    cells = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def safe(words: str) -> str:
    """Words as they are to be read: a `<name>` outside backticks would be taken for a tag."""
    parts = re.split(r"(`[^`]*`)", words)
    return "".join(p if p.startswith("`") else p.replace("<", "&lt;") for p in parts)


def tidy(parts: Iterable[str]) -> str:
    """Parts of a page as one text, a single blank line between them."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))
