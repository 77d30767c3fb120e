"""The project's own source, as the rules of this folder read it."""

import ast
import gc
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PARTIES = ("ward", "payment_provider", "card_agent")


@cache
def python_files(*folders: str, root: Path = ROOT) -> Sequence[Path]:
    """Every Python file below `folders`, sorted."""
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def parse(path: Path) -> ast.Module:
    """The tree of a file, parsed once. Walked by the garbage collector, the trees would cost more than that."""
    tree = ast.parse(text(path), filename=str(path))
    gc.freeze()
    return tree


def relative(path: Path) -> str:
    """The path below the project's root, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


def offences(paths: Iterable[Path], found: Callable[[Path], Iterable[str]]) -> Mapping[str, Sequence[str]]:
    """File → what a rule finds in it; files that comply are left out."""
    return {relative(path): lines for path in paths if (lines := list(found(path)))}


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def imported_modules(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import: `from a import b` counts as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"relative import in line {node.lineno}"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
