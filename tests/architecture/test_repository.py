"""What a fresh clone must have: pinned versions, a described make target for each task, READMEs of one structure."""

import re
import subprocess
from itertools import chain

import pytest

from tests.architecture.source_tree import ROOT, pyproject

PIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.]*")
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")
TARGETS = [
    "setup",
    "demo",
    "up",
    "stack",
    "demo-stack",
    "stack-down",
    "test",
    "check",
    "bench",
    "bench-stack",
    "bench-growth",
    "format",
    "schemas",
    "clean",
]
SOMEBODYS_FOLDER = re.compile(r"(?<![\w.:/-])/(?:home|root|work|Users)/[\w.-]+")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_constraints_are_pins_and_nothing_else() -> None:
    lines = read("constraints.txt").splitlines()
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert lines == sorted(lines)
    assert len(lines) == len({line.partition("==")[0] for line in lines})


def test_everything_declared_is_pinned() -> None:
    project = pyproject()["project"]
    declared = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {match[0] for text in declared if (match := REQUIREMENT.match(text))}
    pinned = {line.partition("==")[0] for line in read("constraints.txt").splitlines()}
    itself = {project["name"]}
    assert {re.sub(r"[._-]+", "-", name).lower() for name in names} - pinned - itself == set()


@pytest.mark.parametrize("target", TARGETS)
def test_make_lists_every_target_with_what_it_does(target: str) -> None:
    assert re.search(rf"^{target}:.* ## \S", read("Makefile"), flags=re.MULTILINE)


def test_the_gate_runs_what_anybody_runs() -> None:
    commands = [line for line in read(".ci/run").splitlines() if line.startswith("make")]
    assert commands == ["make check", "make test"]


def test_both_readmes_have_the_same_shape() -> None:
    assert _shape(read("README.md")) == _shape(read("README.ja.md"))


def test_the_shape_of_a_document_is_its_headings_and_code_blocks() -> None:
    text = "# A\n```bash\n# no heading\n```\ntext\n## B\n~~~\n~~~\n"
    assert _shape(text) == ["#", "```bash", "##", "~~~"]


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = {
        name: match[0]
        for name in _tracked_files()
        if (text := _text(name)) is not None and (match := SOMEBODYS_FOLDER.search(text))
    }
    assert found == {}


@pytest.mark.parametrize("folder", ["home/someone", "Users/someone", "root/x", "work/x"])
def test_the_check_of_folders_finds_what_is_planted(folder: str) -> None:
    assert SOMEBODYS_FOLDER.search(f"see /{folder} for more")
    assert not SOMEBODYS_FOLDER.search(f"https://example.test/{folder}")


def _shape(markdown: str) -> list[str]:
    """The levels of headings and the languages of code blocks, in order."""
    shape: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        if fence:
            fence = "" if line.strip() == fence else fence
        elif match := re.match(r"(```|~~~)\w*", line):
            fence = match[1]
            shape.append(match[0])
        elif match := re.match(r"(#+) ", line):
            shape.append(match[1])
    return shape


def _tracked_files() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return listing.stdout.splitlines()


def _text(name: str) -> str | None:
    """The content of a text file; None of any other, or of one that is tracked but deleted."""
    try:
        return read(name)
    except (UnicodeDecodeError, FileNotFoundError):
        return None
