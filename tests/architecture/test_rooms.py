"""The three parties have the same file names."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import PARTIES, ROOT, offences, parse, python_files

ROOM = {
    "__init__.py",
    "__main__.py",
    "app",
    "settings.py",
    "subscriptions.py",
    "commands.py",
    "queries",
    "routes.py",
    "handlers",
    "domain",
    "behaviour.py",
    "store",
    "tables.py",
    "migrations",
    "books.py",
    "timers.py",
    "views.py",
    "explanation.py",
}
OWN: dict[str, set[str]] = {
    "ward": {
        "paper",  # the layout of a slip: no decision and no query
        "duties.py",  # what a contractor has from the chassis: commands, messages and simulated staff, put together
        "desk.py",  # the routes that this device calls
        "terminal.py",  # the device at the other end of the line: not part of the service
    },
    "payment_provider": {
        "collection_centre.py",  # requests of terminals: a file that is due is made first
        "pictures",  # photographs of slips, decoded in a separate process
        "terminal_certificates.py",
        "terminal_routes.py",  # HTTP in, on a separate listener that only terminals reach
    },
}
"""Files that only one party has, and why each is no handler, decision or query."""
HANDLERS = python_files(*(f"services/{party}/handlers" for party in PARTIES))


@pytest.mark.parametrize("party", PARTIES)
def test_every_room_has_the_same_file_names(party: str) -> None:
    room = {path.name for path in (ROOT / "services" / party).iterdir()} - {"__pycache__"}
    assert sorted(room) == sorted(ROOM | OWN.get(party, set()))


@pytest.mark.parametrize("party", PARTIES)
@pytest.mark.parametrize("folder", ["handlers", "domain"])
def test_every_room_has_use_cases_and_decisions(party: str, folder: str) -> None:
    assert {path.name for path in python_files(f"services/{party}/{folder}")} > {"__init__.py"}


@pytest.mark.parametrize("party", PARTIES)
@pytest.mark.parametrize("word", ["promise", "consume", "publish"])
def test_a_party_says_what_it_promises_consumes_and_publishes(party: str, word: str) -> None:
    docstring = ast.get_docstring(parse(ROOT / "services" / party / "__init__.py")) or ""
    assert word in docstring.lower()


def test_a_handler_neither_commits_nor_catches() -> None:
    assert offences(HANDLERS, lambda path: _edge_work(parse(path))) == {}


def test_the_check_of_handlers_finds_what_is_planted() -> None:
    planted = """
async def handle(requests, tx):
    '''May say commit( in words.'''
    try:
        await tx.session.commit()
    except* OSError:
        await tx.session.rollback()
"""
    assert list(_edge_work(ast.parse(planted))) == ["line 4: try", "line 5: commit", "line 7: rollback"]


def _edge_work(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Try() | ast.TryStar():
                yield f"line {node.lineno}: try"
            case ast.Call(func=ast.Attribute(attr="commit" | "rollback" as name)):
                yield f"line {node.lineno}: {name}"
            case _:
                pass
