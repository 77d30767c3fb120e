"""Request → handler: what people and the terminal (端末) have the ward do. The table of contents of its use cases."""

from __future__ import annotations

from functools import partial

from contracts.http.ward.overpayments import ApplyOverpayment, OverpaymentView, RefundOverpayment
from contracts.http.ward.settlement import ResolutionRequest, ResolutionView
from contracts.http.ward.slips import (
    Assessment,
    AssessmentsAnswer,
    AssessmentsRequest,
    ReissueRequest,
    SlipRequest,
    SlipView,
)
from contracts.http.ward.terminal import (
    CompletionRequest,
    PageAnswer,
    PageRequest,
    StepRequest,
    StepView,
    TransferAnswer,
    TransferRequest,
)
from contracts.vocabulary import Refusal
from services.chassis.commands import Executor
from services.ward.domain.assessment_csv import parse_assessments
from services.ward.handlers.issue_assessments import issue_assessments
from services.ward.handlers.issue_slip import issue_slips
from services.ward.handlers.receive_files import begin_transfers, complete_transfers, record_steps, register_pages
from services.ward.handlers.reissue_slip import reissue_slips
from services.ward.handlers.resolve_difference import resolve_differences
from services.ward.handlers.settle_overpayments import apply_by_hand, refund_by_hand
from services.ward.handlers.statements_expected import StatementWatch
from services.ward.settings import Settings

ASSESSMENTS_PER_REQUEST = 10_000


class Commands:
    """Each is called with its request and, if that may be sent again, an idempotency key."""

    def __init__(self, s: Settings, executor: Executor) -> None:
        command, terms, reminders, overpayments = executor.command, s.slip_terms, s.reminder_rule, s.overpayment_terms

        # ---- 賦課・納付書
        assess = partial(issue_assessments, terms=terms, reminders=reminders)
        self.assess = command("assess", AssessmentsRequest, AssessmentsAnswer, assess, _people)
        issue = partial(issue_slips, terms=terms, reminders=reminders)
        self.issue_slip = command("issue_slip", SlipRequest, SlipView, issue, lambda r: (r.insured_number,))
        reissue = partial(reissue_slips, terms=terms)
        self.reissue_slip = command("reissue_slip", ReissueRequest, SlipView, reissue, _slip)

        # ---- 差異の処理, one after the other: each decision sees the ones before
        resolve = partial(resolve_differences, expected_by=s.deposit_expected_by)
        self.resolve = command("resolve", ResolutionRequest, ResolutionView, resolve, lambda _: ("resolutions",))

        # ---- 過誤納
        apply = partial(apply_by_hand, terms=overpayments, reminders=reminders)
        self.apply_overpayment = command("apply_overpayment", ApplyOverpayment, OverpaymentView, apply, _slip)
        refund = partial(refund_by_hand, terms=overpayments, reminders=reminders)
        self.refund_overpayment = command("refund_overpayment", RefundOverpayment, OverpaymentView, refund, _slip)

        # ---- 端末
        begin = partial(begin_transfers, lines=s.lines)
        self.begin_transfer = command("begin_transfer", TransferRequest, TransferAnswer, begin, _file)
        register = partial(register_pages, watch=StatementWatch(s.statement_expected_days))
        self.register_page = command("register_page", PageRequest, PageAnswer, register, _file)
        self.complete_transfer = command(
            "complete_transfer", CompletionRequest, TransferAnswer, complete_transfers, _file
        )
        self.record_step = command("record_step", StepRequest, StepView, record_steps, lambda _: ())

    async def assess_csv(self, content: bytes, key: str | None = None) -> AssessmentsAnswer | Refusal:
        """賦課 from a CSV file: all of its lines or none."""
        lines = parse_assessments(content, ASSESSMENTS_PER_REQUEST)
        if isinstance(lines, Refusal):
            return lines
        rows = tuple(Assessment(**line._asdict()) for line in lines)
        return await self.assess(AssessmentsRequest(assessments=rows), key)


def _people(request: AssessmentsRequest) -> tuple[str, ...]:
    """An annual assessment is of one person for one year and charge type."""
    return tuple({f"{a.insured_number}/{a.levy_year}/{a.charge_type}" for a in request.assessments})


def _slip(request: ReissueRequest | ApplyOverpayment | RefundOverpayment) -> tuple[str, ...]:
    return (request.slip_number,)


def _file(request: TransferRequest | PageRequest | CompletionRequest) -> tuple[str, ...]:
    return (request.name,)
