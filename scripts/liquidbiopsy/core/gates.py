"""Gates: conditions over an event's features, written as text and read without evaluating code.

``cytokeratin.snr > 5 and leukocyte.snr <= 3`` compares columns with numbers. Names are columns of
the objects table, or ``channel.measure``; there are ``and``, ``or``, ``not``, comparisons (also
chained), the four operations, and ``min``, ``max`` and ``abs``. A comparison with what is not known
(a channel that the platform lacks) does not hold.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.core.errors import UserError, did_you_mean
from liquidbiopsy.core.settings import read_yaml

Values = npt.NDArray[np.float64]
Verdict = tuple[npt.NDArray[np.bool_], Values]
"""Whether a condition holds for each event, and how safely: over 0.5 where it does, else under."""

GATES = Path(__file__).resolve().parents[3] / "resources" / "gates"
SOFTNESS = 0.25  # share of a bound beyond it at which confidence is 0.75
LARGEST = 1e100  # no number in a gate is so large
EXACT = ("nuclei", "edge")  # counted, not measured: a comparison of them is never a near thing
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
    "abs": lambda value: np.abs(value),
}


def resolve_gates(
    chosen: str | Sequence[Mapping[str, str]], assay: str, folder: Path = GATES
) -> list[dict[str, str]]:
    """The gates of a preset by its name, or those written in the settings.

    Parameters
    ----------
    chosen : str or list of dict
        `assays.<assay>.gates` of the settings.
    assay : str
        Assay whose presets are meant.
    folder : Path
        Holds a folder of presets for each assay.

    Returns
    -------
    list of dict
        `call` and `when` of each gate, in order: plain values, as a rule's parameters must be.

    Raises
    ------
    UserError
        There is no such preset, or a condition is not one.
    """
    if isinstance(chosen, str):
        presets = {p.stem: p for p in (folder / assay).glob("*.yaml")}
        if chosen not in presets:
            hint = did_you_mean(chosen, presets)
            raise UserError(f"assays.{assay}.gates: there is no preset '{chosen}'{hint}")
        listed = read_yaml(presets[chosen])["gates"]
    else:
        listed = chosen
    gates = [{"call": g["call"], "when": " ".join(g["when"].split())} for g in listed]
    for gate in gates:
        try:
            _parse(gate["when"])
        except UserError as error:
            raise UserError(f"assays.{assay}.gates: {error}") from error
    return gates


def check_names(gates: Iterable[Mapping[str, str]], columns: Iterable[str], assay: str) -> None:
    """Refuse a gate of an assay that names a feature that no event has.

    Raises
    ------
    UserError
        The message names the gate, the feature, and the nearest one known.
    """
    known = set(columns)
    for gate in gates:
        for name in _names(_parse(gate["when"]).body):
            if name.replace(".", "_", 1) not in known:
                raise UserError(
                    f"assays.{assay}.gates: the gate for '{gate['call']}' names an unknown feature "
                    f"'{name}'{did_you_mean(name.replace('.', '_', 1), known)}"
                )


def named_features(condition: str) -> list[str]:
    """Columns that a condition compares."""
    return [name.replace(".", "_", 1) for name in _names(_parse(condition).body)]


def call_events(
    gates: Sequence[Mapping[str, str]], columns: Mapping[str, Any], n: int
) -> tuple[npt.NDArray[Any], Values]:
    """Call events by the first gate that holds.

    Parameters
    ----------
    gates : list of dict
        As `resolve_gates` gives them.
    columns : dict
        Features of the events, arrays of shape (n,); NaN where unknown.
    n : int
        Number of events.

    Returns
    -------
    calls : array of str, shape (n,)
        `uncertain` where no gate holds.
    confidence : array of float, shape (n,)
        0.5 at the edge of a gate to 1 deep inside; 0.5 for an uncertain event.
    """
    calls = np.full(n, "uncertain", dtype=object)
    confidence = np.full(n, 0.5)
    free = np.ones(n, bool)
    for gate in gates:
        holds, safety = _verdict(_parse(gate["when"]).body, columns, n)
        mine = free & holds
        calls[mine] = gate["call"]
        confidence[mine] = np.clip(safety[mine], 0.5, 1)
        free &= ~holds
    return calls, np.round(confidence, 4)


def _parse(text: str) -> ast.Expression:
    """The condition as a tree that holds nothing but what a gate may.

    Raises
    ------
    UserError
        It is not a condition; the message says what in it is not.
    """
    try:
        tree = ast.parse(text, mode="eval")
        _check_condition(tree.body, text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UserError(f"'{text}' is not a condition ({error})") from error
    return tree


def _check_condition(node: ast.expr, text: str) -> None:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            _check_condition(value, text)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check_condition(node.operand, text)
    elif isinstance(node, ast.Compare) and all(type(op) in COMPARISONS for op in node.ops):
        for value in (node.left, *node.comparators):
            _check_number(value, text)
    else:
        raise UserError(f"'{ast.unparse(node)}' in '{text}' compares nothing")


def _check_number(node: ast.expr, text: str) -> None:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        if abs(node.value) < LARGEST:  # type: ignore[arg-type]
            return
    elif _name(node):
        return
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _check_number(node.operand, text)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        _check_number(node.left, text)
        return _check_number(node.right, text)
    if (
        isinstance(node, ast.Call)
        and _name(node.func) in FUNCTIONS
        and node.args
        and not node.keywords
    ):
        for argument in node.args:
            _check_number(argument, text)
        return
    raise UserError(f"'{ast.unparse(node)}' in '{text}' is not allowed")


def _name(node: ast.AST) -> str:
    """`area` or `channel.measure` of a name node; "" for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def _names(node: ast.AST) -> list[str]:
    """Features named in a condition, in their order; names of functions are not features."""
    own = _name(node)
    if own:
        return [own]
    inner = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    return [name for child in inner for name in _names(child)]


def _verdict(node: ast.expr, columns: Mapping[str, Any], n: int) -> Verdict:
    """Truth and safety of a condition: `and` is as safe as its weakest part, `or` as its best."""
    if isinstance(node, ast.BoolOp):
        parts = [_verdict(v, columns, n) for v in node.values]
        every = isinstance(node.op, ast.And)
        holds = np.logical_and.reduce if every else np.logical_or.reduce
        safety = np.minimum.reduce if every else np.maximum.reduce
        return holds([p[0] for p in parts]), safety([p[1] for p in parts])
    if isinstance(node, ast.UnaryOp):
        holds_not, safety_not = _verdict(node.operand, columns, n)
        return ~holds_not, 1 - safety_not
    assert isinstance(node, ast.Compare)
    terms = [node.left, *node.comparators]
    verdicts = [
        _compare(op, a, b, columns, n)
        for op, a, b in zip(node.ops, terms[:-1], terms[1:], strict=True)
    ]
    return (
        np.logical_and.reduce([v[0] for v in verdicts]),
        np.minimum.reduce([v[1] for v in verdicts]),
    )


def _compare(
    op: ast.cmpop, left: ast.expr, right: ast.expr, columns: Mapping[str, Any], n: int
) -> Verdict:
    """One comparison, and its margin as a share of the bound, folded into 0 to 1."""
    a, b = _number(left, columns, n), _number(right, columns, n)
    known = ~(np.isnan(a) | np.isnan(b))
    holds = COMPARISONS[type(op)](a, b) & known
    named = {*_names(left), *_names(right)}
    if isinstance(op, (ast.Eq, ast.NotEq)) or named <= {*EXACT}:
        return holds, holds.astype(float)
    bound = b if _names(left) else a
    with np.errstate(invalid="ignore"):
        margin = np.abs(a - b) / (SOFTNESS * np.maximum(np.abs(bound), 1e-9) + SOFTNESS)
        inside = 0.5 + 0.5 * (1 - 0.5 ** np.nan_to_num(margin))
    return holds, np.where(known, np.where(holds, inside, 1 - inside), 0.0)


def _number(node: ast.expr, columns: Mapping[str, Any], n: int) -> Values:
    if isinstance(node, ast.Constant):
        return np.full(n, float(node.value))  # type: ignore[arg-type]
    name = _name(node)
    if name:
        return np.asarray(columns[name.replace(".", "_", 1)], float)
    if isinstance(node, ast.UnaryOp):
        return -_number(node.operand, columns, n)
    if isinstance(node, ast.BinOp):
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(
                OPERATIONS[type(node.op)](
                    _number(node.left, columns, n), _number(node.right, columns, n)
                )
            )
    assert isinstance(node, ast.Call)
    return np.asarray(FUNCTIONS[_name(node.func)](*[_number(a, columns, n) for a in node.args]))


def holds_once(condition: str, quantities: Mapping[str, float]) -> bool:
    """Whether a condition holds for one set of quantities."""
    columns = {name: np.array([value], float) for name, value in quantities.items()}
    holds, _ = _verdict(_parse(condition).body, columns, 1)
    return bool(holds[0])
