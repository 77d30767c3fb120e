"""Request → handler: what payers, tills and terminals have the provider do. The table of contents of its use cases."""

from __future__ import annotations

from functools import partial

from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.http.payment_provider.anomalies import ReceiptAnomaliesAnswer, ReceiptAnomalyRequest
from contracts.http.payment_provider.collections import CollectionRequest, CollectionsRequest
from contracts.http.payment_provider.payments import (
    BankChoice,
    CardChoice,
    CardChoicesRequest,
    ConsentAnswer,
    ConsentRequest,
    PaymentsAnswer,
    PaymentView,
    ScanRequest,
    ScansRequest,
)
from contracts.http.payment_provider.receipt_files import (
    ReceiptFilesAnswer,
    ReceiptFilesRequest,
    RecordedAccess,
    TerminalAccess,
)
from contracts.vocabulary import Refusal
from services.chassis.commands import Executor
from services.chassis.duties.correspondence import Correspondence
from services.payment_provider.domain.picture import slip_in
from services.payment_provider.handlers.choose_method import CardRules, choose_banks, choose_cards, choose_many_cards
from services.payment_provider.handlers.collect_slip import CollectionRules, collect_many, collect_slips
from services.payment_provider.handlers.inject_anomaly import inject_anomalies
from services.payment_provider.handlers.make_receipt_files import Seal, make_receipt_files
from services.payment_provider.handlers.record_consent import record_consents
from services.payment_provider.handlers.record_terminal_access import record_terminal_access
from services.payment_provider.handlers.scan_slip import scan_many, scan_slips
from services.payment_provider.pictures import Bounds, PictureQueue, PictureReader
from services.payment_provider.settings import Settings


class Commands:
    """Each is called with its request and, if that may be sent again, an idempotency key.

    A `…_many` answers each of its items for itself.
    """

    def __init__(
        self, s: Settings, cards: CardRules, executor: Executor, seal: Seal, correspondence: Correspondence
    ) -> None:
        command = executor.command
        bounds = Bounds(s.picture_pixels, s.picture_pages, s.picture_memory_bytes)
        self.pictures = PictureQueue(s.picture_queue)
        self._pictures = PictureReader(bounds, self.pictures)

        # ---- 同意・読取
        consent = partial(record_consents, terms_version=s.terms_version)
        self.consent = command("consent", ConsentRequest, ConsentAnswer, consent, lambda r: (r.app_user,))
        scan = partial(scan_slips, rules=s.slip_rules)
        self.scan = command("scan", ScanRequest, PaymentView, scan, lambda r: (r.barcode.strip(),))
        scans = partial(scan_many, rules=s.slip_rules)
        self.scan_many = command("scan_many", ScansRequest, PaymentsAnswer, scans, _barcodes)

        # ---- 支払方法; the answer of the bank or the agent comes later
        card = partial(choose_cards, rules=cards)
        self.choose_card = command("choose_card", CardChoice, PaymentView, card, _payment)
        many = partial(choose_many_cards, rules=cards)
        self.choose_cards = command("choose_cards", CardChoicesRequest, PaymentsAnswer, many, _payments)
        self.choose_bank = command("choose_bank", BankChoice, PaymentView, choose_banks, _payment)

        # ---- 収納 at a till, over a counter, from an account
        rules = CollectionRules(s.slip_rules, s.channels)
        collect, collects = partial(collect_slips, rules=rules), partial(collect_many, rules=rules)
        self.collect = command("collect", CollectionRequest, PaymentView, collect, lambda r: (_slip_of(r),))
        self.collect_many = command("collect_many", CollectionsRequest, PaymentsAnswer, collects, _slips)

        # ---- 異常, one after the other
        self.inject_anomaly = command(
            "inject_anomaly",
            ReceiptAnomalyRequest,
            ReceiptAnomaliesAnswer,
            inject_anomalies,
            lambda _: ("anomalies",),
        )

        # ---- 収納センター
        make = partial(make_receipt_files, terms=s.file_terms, seal=seal)
        self.make_receipt_file = command(
            "make_receipt_file", ReceiptFilesRequest, ReceiptFilesAnswer, make, lambda _: ("receipt files",)
        )
        record = partial(record_terminal_access, lockout=s.lockout, correspondence=correspondence)
        self.record_terminal_access = command(
            "record_terminal_access", TerminalAccess, RecordedAccess, record, lambda r: (r.terminal_user,)
        )

    async def scan_picture(self, picture: bytes, consent_id: str, key: str | None = None) -> PaymentView | Refusal:
        """納付書読取 from a photo or PDF of the slip."""
        codes = await self._pictures.read(picture)
        slip = codes if isinstance(codes, Refusal) else slip_in(codes)
        if isinstance(slip, Refusal):
            return slip
        return await self.scan(ScanRequest(barcode=slip.digits, consent_id=consent_id), key)


def _barcodes(request: ScansRequest) -> tuple[str, ...]:
    return tuple({scan.barcode.strip() for scan in request.scans})


def _payment(request: CardChoice | BankChoice) -> tuple[str, ...]:
    return (request.payment_id,)


def _payments(request: CardChoicesRequest) -> tuple[str, ...]:
    return tuple({choice.payment_id for choice in request.choices})


def _slips(request: CollectionsRequest) -> tuple[str, ...]:
    return tuple({_slip_of(collection) for collection in request.collections})


def _slip_of(request: CollectionRequest) -> str:
    """The slip's number, however its barcode is written: two collections of one slip never share a transaction."""
    code = barcode.decode(request.barcode or "")
    return code.free_area if isinstance(code, Barcode) else request.slip_number or request.barcode or ""
