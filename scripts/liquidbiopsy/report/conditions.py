"""Conditions of a decision table, held against facts that may be unknown.

A condition on an unknown fact neither holds nor fails; a row with one that fails is out, whatever
else is unknown, so that a rule decides as soon as what is known suffices.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from liquidbiopsy.core.rules import ANY_OF

TOLERANCE = 1e-9
"""Of numbers that are to be equal: 7.5 ml read from a file is 7.5 ml."""
BOUNDS = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}


@dataclass
class Facts:
    """What is known of a patient, by the names that conditions use."""

    values: dict[str, Any] = field(default_factory=dict)
    """Fact -> its value; None where it is unknown."""
    why: dict[str, str] = field(default_factory=dict)
    """Unknown fact -> why it is."""
    optional: set[str] = field(default_factory=set)
    """Facts whose conditions fail where they are unknown."""
    read: dict[str, None] = field(default_factory=dict)
    """Facts that conditions were held against, in their order."""

    def replaced(self, name: str, value: float) -> Facts:
        """The same facts with another value of one."""
        return Facts({**self.values, name: value}, self.why, self.optional)


def holds(when: Mapping[str, Any], facts: Facts, unknown: list[str]) -> bool | None:
    """Whether all conditions hold; None where what is unknown would decide.

    Parameters
    ----------
    when : mapping
        Fact -> value, list of values or bounds; `any_of` -> list of such mappings.
    facts : Facts
        Notes in `read` what was looked at.
    unknown : list of str
        Takes the facts that stood in the way.
    """
    open_facts: list[str] = []
    for name, wanted in when.items():
        if name == ANY_OF:
            truth = _any(wanted, facts, open_facts)
        else:
            truth = _compared(name, wanted, facts, open_facts)
        if truth is False:
            return False
    unknown += open_facts
    return None if open_facts else True


def _any(choices: Sequence[Mapping[str, Any]], facts: Facts, unknown: list[str]) -> bool | None:
    inner: list[str] = []
    found = [holds(choice, facts, inner) for choice in choices]
    if any(found):
        return True
    unknown += inner
    return None if inner else False


def _compared(name: str, wanted: Any, facts: Facts, unknown: list[str]) -> bool | None:
    facts.read[name] = None
    value = facts.values.get(name)
    if value is None:
        if name in facts.optional:
            return False
        unknown.append(name)
        return None
    if isinstance(wanted, Mapping):
        return all(BOUNDS[key](value, bound) for key, bound in wanted.items())
    listed = wanted if isinstance(wanted, list) else [wanted]
    return any(_equal(value, one) for one in listed)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, str) or isinstance(wanted, str):
        return bool(value == wanted)
    return math.isclose(value, wanted, abs_tol=TOLERANCE)
