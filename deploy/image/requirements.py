"""Prints requirements, one a line: the project's own and those of the extras named, or `--build`: to build it."""

import sys
import tomllib
from pathlib import Path

document = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
if sys.argv[1:] == ["--build"]:
    wanted = document["build-system"]["requires"]
else:
    project = document["project"]
    wanted = [*project["dependencies"], *(r for extra in sys.argv[1:] for r in project["optional-dependencies"][extra])]
sys.stdout.write("\n".join(wanted) + "\n")
