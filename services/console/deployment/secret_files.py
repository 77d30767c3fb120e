"""Files with secrets, readable by their owner and group only."""

from __future__ import annotations

from pathlib import Path


def write_secret(file: Path, text: str) -> None:
    """Write a file, completely or not at all. Raises `OSError`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_name(f"{file.name}.new")
    written.unlink(missing_ok=True)
    written.touch(mode=0o600)
    written.write_text(text)
    written.chmod(0o440)
    written.rename(file)
