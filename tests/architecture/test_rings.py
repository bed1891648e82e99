"""No modules import each other in a ring, on any floor; imports for types and inside functions count too."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter

from tests.architecture.tree import SOURCE


def imports() -> dict[str, set[str]]:
    """Module to the modules of ours that it names."""
    modules = {
        ".".join(("leadline", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for path in SOURCE.rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for module, path in modules.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
        found[module] = (named & set(modules)) - {module}
    return found


def test_no_modules_import_each_other_in_a_ring() -> None:
    graph = imports()
    assert len(graph) > 100
    # A package re-exports what its modules hold; that they lie in it is no ring.
    packages = {module for module in graph if any(other.startswith(module + ".") for other in graph)}
    bare = {module: named - packages for module, named in graph.items() if module not in packages}
    try:
        list(TopologicalSorter(bare).static_order())
    except CycleError as error:
        raise AssertionError(" <- ".join(error.args[1])) from None
