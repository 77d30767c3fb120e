"""May this slip be collected at this channel? Decided by the paper alone, as a till, a counter or a bank does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from contracts.channels import CHANNELS
from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.vocabulary import Method, Refusal, SlipNumber, Yen
from services.payment_provider.domain.scan import SlipRules, refuse_issuer

SLIP_DIGITS: Final = 21
MOST_IN_RECEIPT_DATA: Final = 999_999
"""Receipt data have six digits of the barcode for the amount."""


@dataclass(frozen=True, slots=True)
class PresentedSlip:
    """What the payer handed over: a barcode; or, if the slip has none, its number and amount."""

    method: Method
    barcode: str | None
    slip_number: str | None
    issuer: str
    amount: int | None
    """Yen handed over."""


def read_presented(given: PresentedSlip, rules: SlipRules, on: date) -> Barcode | Refusal:
    """The slip paid on the business date `on`, or why this channel does not accept it."""
    code = _without_barcode(given) if given.barcode is None else barcode.decode(given.barcode, rules.century)
    if isinstance(code, Refusal):
        return code
    refusal = refuse_issuer(code.issuer, rules.issuers) or _refuse_amount(given, code) or barcode.refusal_of(code, on)
    if refusal is not None and (CHANNELS[given.method].needs_barcode or refusal.code not in _REFUSED_AT_TILLS_ONLY):
        return refusal
    return code


_REFUSED_AT_TILLS_ONLY: Final = frozenset({"slip_past_use_by", "barcode_over_limit"})
"""Limits of the barcode, not of the debt: counters, banks and direct debit accept such a slip."""


def _without_barcode(given: PresentedSlip) -> Barcode | Refusal:
    """The barcode that the slip would have, which its receipt data carry though it is not printed."""
    number = given.slip_number or ""
    if CHANNELS[given.method].needs_barcode or not number:
        return Refusal(
            "collection_needs_barcode",
            f"nothing was scanned, and {CHANNELS[given.method].name} takes a slip by its barcode",
            "send the barcode; a slip above ¥300,000 has none and is paid at a counter (窓口, 金融機関)",
        )
    if not (len(number) == SLIP_DIGITS and number.isascii() and number.isdigit()):
        return Refusal(
            "collection_slip_malformed",
            f"a slip's number has {SLIP_DIGITS} digits; this has {len(number)} characters",
            "send the 21 digits that GET /slips of the ward shows as slip_number",
        )
    if given.amount is None or not 0 < given.amount <= MOST_IN_RECEIPT_DATA:
        return Refusal(
            "collection_amount_missing",
            f"the amount is {given.amount}; without a barcode it must be said, from ¥1 to ¥{MOST_IN_RECEIPT_DATA:,}",
            "send the amount printed on the slip; a larger debt needs slips of smaller instalments",
        )
    return Barcode(given.issuer, SlipNumber(number), 0, None, Yen(given.amount))


def _refuse_amount(given: PresentedSlip, code: Barcode) -> Refusal | None:
    if given.amount in (None, code.amount):
        return None
    return Refusal(
        "collection_amount_differs",
        f"¥{given.amount:,} was handed over for a slip of ¥{code.amount:,}",
        "take exactly the slip's amount; one corrected by hand cannot be used",
    )
