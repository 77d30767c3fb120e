"""What was sealed once stays openable, by our opener and by the code of docs/sealing.md, which shares none with it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from contracts.parties import WARD
from services.chassis.sealing.choosing import opener_for
from tests.architecture.source_tree import ROOT

VECTORS = Path(__file__).parent / "sealed"
KEYS = VECTORS / "ward.keys.json"
FILE = "SHUNO20210720.txt"
FILE_SHA256 = "bce3cdfbe1479ace7bc0762be3b2662a6902cd5b80d6562b74946cfd9ecff90e"
EVENT: dict[str, Any] = json.loads((VECTORS / "event.json").read_text())


@pytest.fixture(scope="module")
def documented() -> dict[str, Any]:
    """What the code in the document defines."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "sealing.md").read_text(), re.DOTALL)
    defined: dict[str, Any] = {}
    exec(code, defined)
    return defined


@pytest.fixture(scope="module")
def private_keys() -> dict[str, str]:
    return dict(json.loads(KEYS.read_text())["private_keys"])


def test_the_code_of_the_document_opens_the_event(documented: dict[str, Any], private_keys: dict[str, str]) -> None:
    value = b64decode(EVENT["value"])
    opened = documented["open_event"](EVENT["topic"], EVENT["key"], EVENT["headers"], value, WARD, private_keys)
    assert opened.decode() == EVENT["opened"]
    assert json.loads(opened)["slip_number"] == "41920211234500019"


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"])
def test_the_code_of_the_document_opens_no_event_with_another_header(
    name: str, documented: dict[str, Any], private_keys: dict[str, str]
) -> None:
    headers, value = {**EVENT["headers"], name: "other"}, b64decode(EVENT["value"])
    with pytest.raises(InvalidTag):
        documented["open_event"](EVENT["topic"], EVENT["key"], headers, value, WARD, private_keys)


def test_the_code_of_the_document_opens_the_file(documented: dict[str, Any], private_keys: dict[str, str]) -> None:
    content = (VECTORS / f"{FILE}.sealed").read_bytes()
    opened = documented["open_file"](FILE, content, WARD, private_keys)
    assert hashlib.sha256(opened).hexdigest() == FILE_SHA256


def test_this_version_opens_both(tmp_path: Path) -> None:
    keys = Path(shutil.copy(KEYS, tmp_path))
    keys.chmod(0o600)
    opener = opener_for(WARD, keys)
    headers = tuple((name, content.encode()) for name, content in EVENT["headers"].items())
    assert opener.open(EVENT["topic"], EVENT["key"], headers, b64decode(EVENT["value"])).decode() == EVENT["opened"]
    with (VECTORS / f"{FILE}.sealed").open("rb") as sealed:
        assert hashlib.sha256(b"".join(opener.open_file(FILE, sealed))).hexdigest() == FILE_SHA256
