"""What a file of Python imports, told from its text: all jobs of a cluster ask of all the package.

Parsing Python takes thirty times as long as looking for the statements. Where the word `import`
stands anywhere that is not plainly a statement, the file is parsed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

WORD = re.compile(rb"\bimport\b")
STATEMENT = re.compile(
    rb"^[ \t]*(?:import[ \t]+(?P<whole>[^\n(#;\\]+)"
    rb"|from[ \t]+(?P<of>[\w.]+)[ \t]+import[ \t]+(?:\((?P<many>[^()]*)\)|(?P<few>[^\n(#;\\]+)))"
    rb"[ \t]*(?:#[^\n]*)?$",
    re.MULTILINE,
)
COMMENT = re.compile(r"#[^\n]*")


def names_imported(content: bytes) -> tuple[str, ...]:
    """All names in the import statements of a file, those within functions and branches too.

    Of `from a import b` it is `a` and `a.b`; relative imports are passed over.
    """
    statements = list(STATEMENT.finditer(content))
    if len(statements) != len(WORD.findall(content)):
        return tuple(_parsed(content))
    found: list[str] = []
    for statement in statements:
        if statement["whole"]:
            found += _names(statement["whole"])
        else:
            of = statement["of"].decode()
            names = _names(statement["many"] or statement["few"])
            found += [] if of.startswith(".") else [of, *(f"{of}.{name}" for name in names)]
    return tuple(found)


def _names(listed: bytes) -> list[str]:
    """Names between commas, without comments and without what they are called after `as`."""
    named = COMMENT.sub("", listed.decode()).split(",")
    return [name.split()[0] for name in named if name.strip()]


def _parsed(content: bytes) -> Iterator[str]:
    for node in statements_of(ast.parse(content)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names)


def statements_of(tree: ast.Module) -> Iterator[ast.AST]:
    """All statements, those within others included; expressions, which are most of it, are not."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):  # not so of `a if b else c` and of lambda
                waiting.extend(inner)
