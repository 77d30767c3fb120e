"""Which module imports which, and which imports stand inside a function."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.architecture.source_tree import imported_modules

Graph = Mapping[str, set[str]]


def module_name(path: Path, root: Path) -> str:
    """The dotted name that `path` is imported by; a package's is its folder's."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(trees: Mapping[str, ast.Module]) -> Graph:
    """Module → the modules among `trees` that it imports, wherever the import stands.

    An import for type checkers or inside a function counts. What Python runs besides does not: the `__init__` of every
    package on the way.
    """
    return {
        name: {found for _, imported in imported_modules(tree) if (found := _owner(imported, trees)) not in {"", name}}
        for name, tree in trees.items()
    }


def _owner(imported: str, trees: Mapping[str, ast.Module]) -> str:
    """The module that `imported` names, or that holds the name imported; empty for one of another project."""
    while imported and imported not in trees:
        imported = imported.rpartition(".")[0]
    return imported


def circles(graph: Graph) -> list[tuple[str, ...]]:
    """Every group of modules that import each other, directly or through others, sorted by name."""
    reached = {name: _reachable(name, graph) for name in graph}
    groups = {tuple(sorted(m for m in reached[name] if name in reached[m])) for name in graph if name in reached[name]}
    return sorted(groups)


def _reachable(start: str, graph: Graph) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def inner_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import that stands inside a function, once."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    yield from sorted({found for function in functions for found in imported_modules(function)})
