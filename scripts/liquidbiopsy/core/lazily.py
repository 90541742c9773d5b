"""Values that are made when they are first asked for: a job needs those of its own specimen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


class Lazily(dict[str, Value]):
    """A dictionary that makes the value of a key when it is first looked up.

    Examples
    --------
    >>> squares = Lazily(lambda name: int(name) ** 2)
    >>> squares["7"], list(squares)
    (49, ['7'])
    """

    def __init__(self, make: Callable[[str], Value]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: str) -> Value:
        """Make the value of `key`, and keep it."""
        value = self[key] = self._make(key)
        return value
