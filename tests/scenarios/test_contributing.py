"""The scenario that CONTRIBUTING shows runs as it stands."""

import re
from typing import Any

from tests.architecture.source_tree import ROOT

PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


async def test_the_scenario_in_contributing_runs_as_it_stands() -> None:
    blocks = PYTHON_BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    (shown,) = (block for block in blocks if "Sandbox(" in block)
    defined: dict[str, Any] = {}
    exec(compile(shown, "CONTRIBUTING.md", "exec"), defined)
    (scenario,) = (value for name, value in defined.items() if name.startswith("test_"))
    await scenario()
