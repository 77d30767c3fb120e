"""The table of routes and roles in docs/protection.md is that of the code."""

from tests.architecture.route_roles import rows, with_table
from tests.architecture.source_tree import ROOT


def test_the_table_of_routes_and_roles_is_that_of_the_code() -> None:
    document = (ROOT / "docs/protection.md").read_text(encoding="utf-8")
    assert document == with_table(document), "python -m tests.architecture.route_roles docs/protection.md"


def test_the_public_routes_are_these() -> None:
    public = {
        path for party in ("ward", "payment_provider", "card_agent") for _, path, roles in rows(party) if not roles
    }
    assert public == {"/health/live", "/health/ready", "/sessions", "/terms-of-use"}
