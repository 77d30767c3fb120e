"""Which slip is in a picture? The one barcode of a payment slip among all codes found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from contracts.formats import barcode
from contracts.formats.barcode import SYMBOLOGY_IDENTIFIER, Barcode
from contracts.vocabulary import Refusal

_PHOTOGRAPH: Final = "photograph the slip's barcode alone: near, flat, in focus and in good light"


class FoundCode(NamedTuple):
    """A code in a picture."""

    identifier: str
    """Symbology identifier (ISO/IEC 15424): `]C1` is GS1-128, `]C0` Code 128 of another use."""
    symbology: str
    text: str


def slip_in(codes: Sequence[FoundCode]) -> Barcode | Refusal:
    """The slip's barcode. Codes of other kinds are ignored; a second slip's barcode is refused."""
    if not codes:
        return Refusal("picture_unreadable", "no code can be read in the picture", _PHOTOGRAPH)
    of_kind = [code for code in codes if code.identifier == SYMBOLOGY_IDENTIFIER]
    if not of_kind:
        found = ", ".join(sorted({_name(code) for code in codes}))
        return Refusal(
            "wrong_symbology",
            f"the picture shows {found}, not the GS1-128 barcode of a payment slip (納付書)",
            "photograph the long barcode of the slip, the one with (91) printed under it",
        )
    decoded = [barcode.decode(code.text) for code in of_kind]
    slips = {code.digits: code for code in decoded if isinstance(code, Barcode)}
    if len(slips) > 1:
        return Refusal(
            "several_codes",
            f"the picture shows {len(slips)} different slips' barcodes",
            "photograph one slip at a time; cover the others",
        )
    if slips:
        return next(iter(slips.values()))
    reasons = "; ".join(sorted({wrong.detail for wrong in decoded if isinstance(wrong, Refusal)}))
    return Refusal(
        "code_is_no_slip",
        f"the picture shows a GS1-128 barcode that is no payment slip's: {reasons}",
        "photograph the barcode of the payment slip (納付書), not another one",
    )


def _name(code: FoundCode) -> str:
    return "Code 128 without FNC1" if code.identifier == "]C0" else code.symbology
