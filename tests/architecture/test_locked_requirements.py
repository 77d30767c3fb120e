"""The image's packages, with hashes, are those of constraints.txt and pyproject.toml: checked without a registry."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source_tree import ROOT, pyproject

LOCKED = re.compile(r"([a-z0-9-]+)==(\S+) \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\\n|\n))+")
IMAGE = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux", "platform_system": "Linux"}
IMAGE |= {"platform_machine": "x86_64", "implementation_name": "cpython", "platform_python_implementation": "CPython"}
EXTRAS = ("kafka", "paper", "postgres", "provision")
WRITE_IT = "python deploy/image/lock.py"


def locked(name: str) -> dict[str, str]:
    """Package → version. Everything but the first line belongs to a package with a hash."""
    head, _, text = (ROOT / "deploy" / "image" / name).read_text(encoding="utf-8").partition("\n")
    found = list(LOCKED.finditer(text))
    assert head.startswith("#")
    assert "".join(match[0] for match in found) == text, WRITE_IT
    return {match[1]: match[2] for match in found}


def closure(wanted: list[Requirement]) -> set[str]:
    """These packages and all that they need in the image, as the installed ones say."""
    names, seen = set[str](), set[tuple[str, str]]()
    queue = [(one, extra) for one in wanted for extra in ("", *one.extras)]
    while queue:
        requirement, extra = queue.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        names.add(name)
        try:
            needs = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue
        for need in needs:
            if need.marker is None or need.marker.evaluate({**IMAGE, "extra": extra}):
                queue += [(need, inner) for inner in ("", *need.extras)]
    return names


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-build.lock"])
def test_a_locked_version_is_the_pinned_one(name: str) -> None:
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
    assert {package: version for package, version in locked(name).items() if pins.get(package) != version} == {}, (
        WRITE_IT
    )


def test_the_lock_has_all_that_the_image_needs_and_nothing_else() -> None:
    project = pyproject()["project"]
    texts = [*project["dependencies"], *(t for extra in EXTRAS for t in project["optional-dependencies"][extra])]
    assert set(locked("requirements.lock")) == closure([Requirement(text) for text in texts]), WRITE_IT


def test_what_builds_the_image_is_locked() -> None:
    wanted = {canonicalize_name(Requirement(text).name) for text in pyproject()["build-system"]["requires"]}
    assert wanted <= set(locked("requirements-build.lock")), WRITE_IT
