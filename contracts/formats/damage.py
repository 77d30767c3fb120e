"""The one error that readers of files raise: where a file is damaged, what is there, and what should be.

| code             | what is wrong                                                        |
|------------------|----------------------------------------------------------------------|
| `truncated`      | the file stops within a record                                       |
| `record_length`  | a record is shorter or longer than its layout                        |
| `line_end`       | a record does not end with CRLF                                      |
| `encoding`       | a byte that is none of the file's encoding, or a byte-order mark     |
| `record_kind`    | the first byte (or the kind of the file) is none that there is       |
| `record_order`   | a record where another must come                                     |
| `missing_trailer`| a header whose trailer does not come                                 |
| `missing_end`    | the file stops before its end record                                 |
| `after_end`      | something follows the end record                                     |
| `count`, `total` | a trailer or end record that does not agree with the records         |
| `kind`           | a receipt of another kind than 01, 02, 03                            |
| `date`, `time`   | no day of the calendar, no time of the clock                         |
| `barcode`        | not 44 digits with identifier 91, or another check digit             |
| `field`          | any other field that cannot hold this                                |
"""

from __future__ import annotations

from typing import NoReturn


class DamagedFile(ValueError):
    """A file that cannot be used. Nothing of what such a file holds may be registered."""

    def __init__(self, code: str, line: int, byte: int, wrong: str, right: str) -> None:
        super().__init__(f"line {line}, byte {byte}: {wrong}; {right}")
        self.code = code
        """Stable; see the module's table."""
        self.line = line
        """Number of the record, from 1."""
        self.byte = byte
        """Place in the file, from 1."""
        self.wrong, self.right = wrong, right

    def __reduce__(self) -> tuple[type[DamagedFile], tuple[str, int, int, str, str]]:
        return DamagedFile, (self.code, self.line, self.byte, self.wrong, self.right)


class WrongField(Exception):
    """A field of one record cannot be read; the file's reader knows which record it is. `at` counts from 0."""

    def __init__(self, code: str, at: int, wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.code, self.at, self.wrong, self.right = code, at, wrong, right

    def in_file(self, line: int, start: int) -> DamagedFile:
        """The same, of the record that starts at byte `start` (from 0)."""
        return DamagedFile(self.code, line, start + self.at + 1, self.wrong, self.right)


def wrong_field(at: int, raw: bytes, right: str, code: str = "field") -> NoReturn:
    """Raises `WrongField` telling the bytes that are there."""
    raise WrongField(code, at, f"there is {shown(raw)}", right)


def shown(raw: bytes) -> str:
    """Bytes as a person can read them, and not too many."""
    return repr(raw[:64])[1:]
