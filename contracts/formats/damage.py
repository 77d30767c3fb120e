"""The one error that file readers raise: where a file is damaged, what was found, and what was expected.

| code             | error                                                                |
|------------------|----------------------------------------------------------------------|
| `truncated`      | the file stops within a record                                       |
| `record_length`  | a record is shorter or longer than its layout                        |
| `line_end`       | a record does not end with CRLF                                      |
| `encoding`       | a byte is invalid in the file's encoding, or a byte-order mark       |
| `record_kind`    | the first byte of a record, or the kind of the file, is unknown      |
| `record_order`   | a record of another kind than the layout requires                    |
| `missing_trailer`| a block has a header but no trailer                                  |
| `missing_end`    | the file stops before its end record                                 |
| `after_end`      | something follows the end record                                     |
| `count`, `total` | a trailer or end record does not agree with the records              |
| `kind`           | the kind of a receipt is not 01, 02 or 03                            |
| `date`, `time`   | not a calendar date; not a time from 0000 to 2359                    |
| `barcode`        | not 44 digits with identifier 91, or a wrong check digit             |
| `field`          | any other field has an invalid value                                 |
"""

from __future__ import annotations

from typing import NoReturn


class DamagedFile(ValueError):
    """A file that cannot be used: none of its records may be registered."""

    def __init__(self, code: str, line: int, byte: int, wrong: str, right: str) -> None:
        super().__init__(f"line {line}, byte {byte}: {wrong}; {right}")
        self.code = code
        """Stable; see the module's table."""
        self.line = line
        """Number of the record, from 1."""
        self.byte = byte
        """Offset in the file, from 1."""
        self.wrong, self.right = wrong, right

    def __reduce__(self) -> tuple[type[DamagedFile], tuple[str, int, int, str, str]]:
        return DamagedFile, (self.code, self.line, self.byte, self.wrong, self.right)


class WrongField(Exception):
    """A field of one record is invalid; the file's reader adds which record it is. `at` counts bytes from 0."""

    def __init__(self, code: str, at: int, wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.code, self.at, self.wrong, self.right = code, at, wrong, right

    def in_file(self, line: int, start: int) -> DamagedFile:
        """This error as one of the file; its record starts at byte `start` (from 0)."""
        return DamagedFile(self.code, line, start + self.at + 1, self.wrong, self.right)


def wrong_field(at: int, raw: bytes, right: str, code: str = "field") -> NoReturn:
    """Raises `WrongField`, which quotes the bytes that were found."""
    raise WrongField(code, at, f"there is {shown(raw)}", right)


def shown(raw: bytes) -> str:
    """At most 64 bytes, in readable form."""
    return repr(raw[:64])[1:]
