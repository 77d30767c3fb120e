"""HTTP in; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from contracts.explaining import EXPLANATION
from contracts.http.bodies import GivenDay
from contracts.http.service import Explanation
from contracts.http.ward.duties import ErasureVerdictDetails, PublicationDetails
from contracts.http.ward.ledger import BalanceView, DeemingView
from contracts.http.ward.overpayments import (
    ApplyRequest,
    OverpaymentView,
    RefundRequest,
)
from contracts.http.ward.receipts import ReceiptView
from contracts.http.ward.reminders import ArrearsView, CrossingsView, ReminderView, VisibilityView
from contracts.http.ward.settlement import OpenItem, ReceivedDepositView, ResolutionView
from contracts.http.ward.slips import AssessmentsAnswer, SlipView
from contracts.http.ward.terminal import (
    LineView,
    ReceivedFileView,
    StepView,
)
from contracts.roles import Role
from contracts.vocabulary import ChargeType
from services.chassis.web.bodies import BodyRule
from services.chassis.web.problems import accepted
from services.chassis.web.routing import IdempotencyKey, PartyRouter
from services.ward.app import Ward
from services.ward.paper import SLIPS_PER_DOCUMENT

_PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}, "description": "PDF, A4"}}
Limit = Annotated[int, Query(ge=1, le=10_000)]
_CSV_BODY = {
    "required": True,
    "content": {
        "text/csv": {
            "schema": {"type": "string"},
            "example": "insured_number,levy_year,annual_amount,charge_type\n0000000123,2021,74400,care_insurance\n",
        }
    },
}


def router(ward: Ward) -> APIRouter:
    api = PartyRouter()
    bulk = BodyRule(ward.settings.http_bulk_bytes)
    api.bodies |= {
        "/assessments": bulk,
        "/assessments/csv": BodyRule(ward.settings.http_bulk_bytes, kinds=("text/csv",), remedy="split the file"),
        "/terminal/pages": bulk,
    }
    _levying(api, ward)
    _reading(api, ward)
    _terminal(api, ward)
    _settling(api, ward)
    _reminding(api, ward)
    _overpaid(api, ward)
    _overseeing(api, ward)
    return api


def _levying(api: PartyRouter, ward: Ward) -> None:
    managers, clerks = api.open_to(Role.ADMINISTRATOR), api.open_to(Role.COLLECTION_CLERK)
    c = ward.commands
    managers.command("/assessments", c.assess, "賦課 issue the slips of assessments", status=201)

    @managers.post(
        "/assessments/csv",
        status_code=201,
        summary="賦課 (CSV): UTF-8 or Shift_JIS; nothing is imported if a line is wrong",
        openapi_extra={"requestBody": _CSV_BODY},
    )
    async def assess_csv(request: Request, key: IdempotencyKey = None) -> AssessmentsAnswer:
        return accepted(await ward.commands.assess_csv(await request.body(), key))

    clerks.command("/slips", c.issue_slip, "随時 issue one slip outside the instalment calendar", status=201)
    clerks.command(
        "/slips/{slip_number}/reissue",
        c.reissue_slip,
        "再発行 reissue a slip: new paper for the same debt",
        status=201,
        name="reissue",
    )


def _reading(api: PartyRouter, ward: Ward) -> None:
    clerks, auditors = api.open_to(Role.COLLECTION_CLERK), api.open_to(Role.COLLECTION_CLERK, Role.AUDITOR)

    @clerks.get("/slips", summary="納付書 in order of slip number; `after` gives the next page")
    async def slips(
        insured_number: str | None = None,
        charge_type: ChargeType | None = None,
        open_only: Annotated[bool, Query(alias="open")] = False,
        after: str | None = None,
        limit: Limit = 100,
    ) -> Sequence[SlipView]:
        return await ward.queries.slips(
            insured_number, charge_type=charge_type, open_only=open_only, after=after, limit=limit
        )

    @clerks.get("/slips/pdf", summary="納付書 on paper: three a page", response_class=Response, responses=_PDF)
    async def several_printed(
        slip_number: Annotated[list[str], Query(min_length=1, max_length=SLIPS_PER_DOCUMENT)],
    ) -> Response:
        return Response(accepted(await ward.queries.print_slips(slip_number)), media_type="application/pdf")

    @clerks.get("/slips/{slip_number}/pdf", summary="納付書 on paper", response_class=Response, responses=_PDF)
    async def printed(slip_number: str) -> Response:
        return Response(accepted(await ward.queries.print_slips([slip_number])), media_type="application/pdf")

    @clerks.get("/slips/{slip_number}", summary="One slip")
    async def slip(slip_number: str) -> SlipView:
        return accepted(await ward.queries.slip(slip_number))

    @clerks.get("/receipts/{payment_id}", summary="収納データ registered of one payment")
    async def receipt(payment_id: str) -> ReceiptView:
        return accepted(await ward.queries.receipt(payment_id))

    @auditors.get("/payments/{payment_id}/explanation", summary=EXPLANATION)
    async def explanation(payment_id: str, on: GivenDay | None = None) -> Explanation:
        return accepted(await ward.queries.explanation(payment_id, on))

    @clerks.get(
        "/slips/{slip_number}/deeming",
        summary="代理納付の効力 whether the slip counts as paid on a day, and since when",
    )
    async def deeming(slip_number: str, on: GivenDay | None = None) -> DeemingView:
        return accepted(await ward.queries.deeming(slip_number, on))


def _settling(api: PartyRouter, ward: Ward) -> None:
    deciders = api.open_to(Role.COLLECTION_CLERK, Role.ADMINISTRATOR)
    readers = api.open_to(Role.COLLECTION_CLERK, Role.ADMINISTRATOR, Role.AUDITOR)
    c = ward.commands
    deciders.command("/resolutions", c.resolve, "差異の処理 decide on a settlement that does not agree", status=201)

    @readers.get("/resolutions", summary="差異の処理 decisions: what, by whom, why and when")
    async def resolutions(statement_id: str | None = None, limit: Limit = 1_000) -> Sequence[ResolutionView]:
        return await ward.queries.resolutions(statement_id, limit)

    @readers.get("/open-items", summary="Open items and why they are open; at most `limit` of each kind")
    async def open_items(limit: Limit = 1_000) -> Sequence[OpenItem]:
        return await ward.queries.open_items(limit)

    @readers.get("/balances", summary="試算表 every account's balance; they add up to zero")
    async def balances() -> Sequence[BalanceView]:
        return await ward.queries.balances()

    @readers.get("/deposits", summary="入金 received on the ward's account")
    async def deposits() -> Sequence[ReceivedDepositView]:
        return await ward.queries.deposits()


def _terminal(api: PartyRouter, ward: Ward) -> None:
    clerks = api.open_to(Role.COLLECTION_CLERK)
    readers = api.open_to(Role.COLLECTION_CLERK, Role.AUDITOR, Role.PRIVACY_OFFICER)
    c = ward.commands
    clerks.command(
        "/terminal/transfers", c.begin_transfer, "受信開始 the terminal begins to fetch a receipt file", status=201
    )
    clerks.command("/terminal/pages", c.register_page, "登録 register some records of a file")
    clerks.command("/terminal/completions", c.complete_transfer, "登録完了 all records of a file are registered")
    clerks.command("/terminal/steps", c.record_step, "作業記録 record a step at the terminal", status=201)

    @readers.get("/terminal/steps", summary="作業記録 work done at the terminal, the latest first")
    async def steps(limit: Limit = 100) -> Sequence[StepView]:
        return await ward.queries.terminal_steps(limit)

    @readers.get("/terminal/files", summary="収納データファイル received, the latest first")
    async def files(limit: Limit = 100) -> Sequence[ReceivedFileView]:
        return await ward.queries.received_files(limit)

    @readers.get("/terminal/line", summary="回線 the line of today")
    async def line() -> LineView:
        return ward.queries.line()


def _reminding(api: PartyRouter, ward: Ward) -> None:
    clerks = api.open_to(Role.COLLECTION_CLERK)
    readers = api.open_to(Role.COLLECTION_CLERK, Role.ADMINISTRATOR, Role.AUDITOR)

    @clerks.get("/slips/{slip_number}/arrears", summary="延滞金 accrued by a day (`on`, default today)")
    async def arrears(slip_number: str, on: GivenDay | None = None) -> ArrearsView:
        return accepted(await ward.queries.arrears(slip_number, on))

    @clerks.get("/reminders", summary="督促状 as sent; `crossed` selects those that did, or did not, cross a payment")
    async def reminders(
        slip_number: str | None = None, crossed: bool | None = None, limit: Limit = 1_000
    ) -> Sequence[ReminderView]:
        return await ward.queries.reminders(slip_number, crossed, limit)

    @clerks.get(
        "/reminders/crossings", summary="督促の行き違い by channel and by delay; all are counted, `limit` listed"
    )
    async def crossings(limit: Limit = 1_000) -> CrossingsView:
        return await ward.queries.crossings(limit)

    @readers.get(
        "/visibility", summary="収納確認までの時間 from payments to the registration of their first records, by channel"
    )
    async def visibility() -> VisibilityView:
        return await ward.queries.visibility()


def _overseeing(api: PartyRouter, ward: Ward) -> None:
    officers = api.open_to(Role.PRIVACY_OFFICER)
    inspectors = api.open_to(Role.PRIVACY_OFFICER, Role.AUDITOR)
    c = ward.duties.commands
    officers.command("/duties/trainings", c.train_staff, "研修 the ward's own staff were trained", status=201)
    officers.command(
        "/duties/status-requests", c.request_status, "取扱状況の報告の求め ask a contractor for a report", status=201
    )
    inspectors.command(
        "/duties/inspections", c.hold_inspection, "立入調査 a contractor was inspected, with findings", status=201
    )
    officers.command("/duties/guidances", c.give_guidance, "改善の指導 order improvement of a breach", status=201)
    officers.command(
        "/duties/guidances/{guidance_id}/publication",
        c.publish_breach,
        "公表 publish the fact of a breach",
        status=201,
        body=PublicationDetails,
    )
    officers.command("/duties/claims", c.claim_damages, "損害賠償の請求 claim the damage of an incident", status=201)
    officers.command(
        "/duties/certificates/{certificate_id}/check",
        c.check_erasure,
        "消去の確認 accept or reject a certificate of erasure",
        status=201,
        body=ErasureVerdictDetails,
    )


def _overpaid(api: PartyRouter, ward: Ward) -> None:
    clerks, managers = api.open_to(Role.COLLECTION_CLERK), api.open_to(Role.ADMINISTRATOR)
    c = ward.commands

    @clerks.get("/overpayments", summary="過誤納, decided on or not, in order of slip number")
    async def overpayments(limit: Limit = 1_000) -> Sequence[OverpaymentView]:
        return await ward.queries.overpayments(limit)

    @clerks.get("/overpayments/{slip_number}", summary="過誤納 of one slip")
    async def overpayment(slip_number: str) -> OverpaymentView:
        return accepted(await ward.queries.overpayment(slip_number))

    clerks.command(
        "/overpayments/{slip_number}/apply",
        c.apply_overpayment,
        "充当 apply an overpayment to a debt of the same person, by hand",
        body=ApplyRequest,
        name="apply",
    )
    managers.command(
        "/overpayments/{slip_number}/refund",
        c.refund_overpayment,
        "還付 decide to refund an overpayment, by hand",
        body=RefundRequest,
        name="refund",
    )
