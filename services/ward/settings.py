"""Settings of the ward; each assumption of the domain is one of them (docs/assumptions.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from contracts.bounds import FIRST_DAY, LAST_DATE, MOST_OF_SLIP
from contracts.calendar import APRIL, HolidayShift
from contracts.channels import CHANNELS
from contracts.charges import CHARGES
from contracts.formats.slip_number import ORDER, require_order
from contracts.vocabulary import ChargeType, Method
from services.chassis.settings import ServiceSettings
from services.ward.domain.arrears import ArrearsRule, Rates
from services.ward.domain.charge_terms import ChargeTerms, SlipTerms
from services.ward.domain.deeming import OLD_SCHEME_ENDS, TRUSTEE_FROM
from services.ward.domain.overpayments import OverpaymentTerms
from services.ward.domain.reminders import ReminderRule
from services.ward.domain.terminal_line import TerminalLine, TerminalLines

PerMille = Annotated[int, Field(ge=0, le=1_000)]

DIGITS: Final = {charge_type: charge.digit for charge_type, charge in CHARGES.items()}
ISSUER_CODES: Final = {charge_type: charge.issuer_code for charge_type, charge in CHARGES.items()}
INSTALMENT_MONTHS: Final = {charge_type: charge.instalment_months for charge_type, charge in CHARGES.items()}
INSTALMENT_UNITS: Final = {charge_type: charge.instalment_unit for charge_type, charge in CHARGES.items()}
ARREARS_RULES: Final = {charge_type: charge.arrears_rule for charge_type, charge in CHARGES.items()}
OFFICES: Final = {charge_type: charge.office for charge_type, charge in CHARGES.items()}
ARREARS_EARLY_MONTHS: Final = {"care_insurance": 3, "local_tax": 1, "health_insurance": 3}


def _others_as(defaults: Mapping[Any, Any]) -> BeforeValidator:
    """Gives a charge type that is not named its default."""

    def completed(given: Any) -> Any:
        return {**defaults, **given} if isinstance(given, Mapping) else given

    return BeforeValidator(completed)


class DutyDays(NamedTuple):
    """When the ward's staff do what is owed each fiscal year, and how many days contractors have for an answer."""

    training_month: int
    inquiry_month: int
    inspection_month: int
    status_report: int
    improvement: int
    damages: int


class Settings(ServiceSettings):
    """Environment variables carry the prefix `SANSHA_`, e.g. `SANSHA_USE_BY_MONTHS`.

    Settings per charge type (科目) are JSON objects; a charge type that is not named has its default.
    """

    issuer_codes: Annotated[
        dict[ChargeType, Annotated[str, Field(pattern=r"^[0-9]{6}$")]], _others_as(ISSUER_CODES)
    ] = Field(default_factory=lambda: dict(ISSUER_CODES))
    """請求書発行企業コード on every slip, per charge type; the payment provider must have a contract for each."""
    agency_code: Annotated[str, Field(pattern=r"^[0-9]{5}$")] = "00104"
    """企業コード that the collecting agency assigned to the ward; 00104 is from a published barcode."""
    charge_digits: Annotated[dict[ChargeType, Annotated[str, Field(pattern=r"^[0-9]$")]], _others_as(DIGITS)] = Field(
        default_factory=lambda: dict(DIGITS)
    )
    """科目 in the slip number, per charge type."""
    collection_kind: Annotated[str, Field(pattern=r"^[0-9]$")] = "1"
    """徴収区分 of 普通徴収 in the slip number."""
    slip_number_order: tuple[str, ...] = ORDER
    """自由使用欄: the order of fields in the issuer's own 16 digits; `collection_kind` may be left out."""
    use_by_months: Annotated[int, Field(ge=0, le=12)] | None = 6
    """支払期限 of a barcode: this many months after the due date (0: on that date); None: no use-by date."""
    reissue_use_by_months: Annotated[int, Field(ge=0, le=12)] = 1
    """支払期限 of a reissued slip (再発行): at least this many months after the day of the reissue."""
    instalment_months: Annotated[
        dict[ChargeType, tuple[Annotated[int, Field(ge=1, le=12)], ...]], _others_as(INSTALMENT_MONTHS)
    ] = Field(default_factory=lambda: dict(INSTALMENT_MONTHS))
    """Months at whose end instalments (期別) are due, from April on, per charge type."""
    instalment_units: Annotated[dict[ChargeType, Annotated[int, Field(gt=0)]], _others_as(INSTALMENT_UNITS)] = Field(
        default_factory=lambda: dict(INSTALMENT_UNITS)
    )
    """Instalments are multiples of this many yen, the remainder is on the first (端数は初回); per charge type."""
    arrears_rules: Annotated[
        dict[ChargeType, Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]], _others_as(ARREARS_RULES)
    ] = Field(default_factory=lambda: dict(ARREARS_RULES))
    """The name of the rule by which arrears (延滞金) are calculated, per charge type."""
    special_instalments_from: Annotated[int, Field(ge=10, le=99)] = 50
    """The first instalment number of slips outside the instalment calendar (随時)."""
    channels_with_preliminary: tuple[Method, ...] = tuple(
        method for method, channel in CHANNELS.items() if channel.preliminary_delay_days is not None
    )
    """収納チャネル that send 速報: 確報 without 速報 is then an open item."""
    confirmation_expected_business_days: Annotated[int, Field(ge=1, le=250)] = 7
    """A receipt without 確報 this many bank business days after its 収納日 is an open item (確報未着)."""
    payee: Annotated[str, Field(min_length=1, max_length=20)] = "新宿区会計管理者"
    """加入者名: the payee on a printed slip."""
    municipality: Annotated[str, Field(min_length=1, max_length=20)] = "新宿区"
    """The municipality on a printed slip."""
    offices: Annotated[dict[ChargeType, Annotated[str, Field(min_length=1, max_length=20)]], _others_as(OFFICES)] = (
        Field(default_factory=lambda: dict(OFFICES))
    )
    """お問い合わせ先: the section on a printed slip, per charge type."""
    deposit_expected_by: time = time(15, 0)
    """Time of day in Japan by which a deposit is expected on its planned day (入金予定日)."""
    reminder_days: Annotated[int, Field(ge=1, le=60)] = 20
    """督促状: sent this many days after the due date, or after the debt was levied or revived if that was later."""
    reminder_time: time = time(9, 0)
    """Time of day in Japan at which reminders are sent."""
    reminder_holiday_shift: HolidayShift = HolidayShift.PRECEDING
    """休日調整 of that day, if banks are closed: the `preceding` business day, the `following` one, or `none`."""
    arrears_rates: Annotated[tuple[tuple[int, PerMille, PerMille], ...], Field(min_length=1)] = (
        (2018, 26, 89),
        (2021, 25, 88),
        (2022, 24, 87),
        (2026, 28, 91),
    )
    """延滞金の割合: [first calendar year, rate A, rate B], rates in thousandths a year; ascending by year."""
    arrears_early_months: Annotated[dict[str, Annotated[int, Field(ge=0, le=12)]], _others_as(ARREARS_EARLY_MONTHS)] = (
        Field(default_factory=lambda: dict(ARREARS_EARLY_MONTHS))
    )
    """Rate A for this many months after the due date, then rate B; per rule that `arrears_rules` names."""
    arrears_base_unit: Annotated[int, Field(gt=0, le=MOST_OF_SLIP)] = 1_000
    """Debts are rounded down to a multiple of this many yen before arrears are calculated."""
    arrears_least_base: Annotated[int, Field(ge=0, le=MOST_OF_SLIP)] = 2_000
    """Debts below this many yen bear no arrears."""
    arrears_unit: Annotated[int, Field(gt=0, le=MOST_OF_SLIP)] = 100
    """Arrears are rounded down to a multiple of this many yen."""
    arrears_least: Annotated[int, Field(ge=0, le=MOST_OF_SLIP)] = 1_000
    """Arrears below this many yen are not due."""
    overpayment_decision_days: Annotated[int, Field(ge=1, le=365)] = 14
    """過誤納 is decided on (充当・還付) this many days after it became known, or on the next bank business day."""
    overpayment_decision_time: time = time(16, 0)
    """Time of day in Japan at which overpayments are decided on."""
    refund_days: Annotated[int, Field(ge=1, le=365)] | None = 14
    """還付: a refund is claimed and paid this many days after its decision; None: it is never claimed, and lapses."""
    refund_time: time = time(10, 0)
    """Time of day in Japan at which refunds are paid."""
    refund_lapse_years: Annotated[int, Field(ge=1, le=10)] = 2
    """時効: a refund lapses this many years from the day after its decision."""
    statement_expected_days: Annotated[int, Field(ge=0, le=366)] = 40
    """A receipt that is on no statement this many days after the end of its month is an open item (明細未着)."""
    old_scheme_until: Annotated[date, Field(ge=TRUSTEE_FROM - timedelta(days=1), le=OLD_SCHEME_ENDS)] = date(2022, 1, 3)
    """指定代理納付者: payments entrusted until this day are under the old law, later ones under 指定納付受託者."""

    receipts_arrive_by: Literal["events", "files"] = "events"
    """Receipts are registered from `events` as they are made, or from `files` alone when the terminal fetches them."""
    isdn_bytes_per_second: Annotated[int, Field(gt=0, le=10**13)] = 8_000
    """Speed of the line before LGWAN: one ISDN channel of 64 kbit/s."""
    isdn_opens: time = time(9, 0)
    """Time of day in Japan from which the terminal may dial over ISDN."""
    isdn_closes: time = time(17, 0)
    """Time of day in Japan until which the terminal may dial over ISDN."""
    lgwan_from: Annotated[date, Field(ge=FIRST_DAY, le=LAST_DATE)] = date(2021, 9, 1)
    """The day from which the line is LGWAN instead of ISDN."""
    lgwan_bytes_per_second: Annotated[int, Field(gt=0, le=10**13)] = 1_250_000
    """Speed of the line on LGWAN: a share of 10 Mbit/s."""
    lgwan_opens: time = time(8, 0)
    """Time of day in Japan from which the collection centre answers on LGWAN."""
    lgwan_closes: time = time(21, 0)
    """Time of day in Japan until which the collection centre answers on LGWAN."""
    terminal_url: str = ""
    """URL at which the terminal fetches receipt files, e.g. `https://HOST:PORT`."""
    terminal_ca_file: Path | None = None
    """PEM file of the authority that issued the collection centre's certificate."""
    terminal_certificate_file: Path | None = None
    """PEM file of the terminal's own certificate."""
    terminal_key_file: Path | None = None
    """PEM file of the key of the terminal's certificate."""
    terminal_user: str = "ward-terminal"
    """User ID of the terminal at the collection centre."""
    terminal_password: SecretStr = SecretStr("")
    """Password of the terminal at the collection centre."""
    terminal_folder: Path = Path("sansha-terminal")
    """Folder in which the terminal holds a file until it is registered."""

    @model_validator(mode="after")
    def _a_line_opens_before_it_closes(self) -> Self:
        for line in ("isdn", "lgwan"):
            if getattr(self, f"{line}_opens") >= getattr(self, f"{line}_closes"):
                raise ValueError(f"{line}_opens must be before {line}_closes")
        return self

    @model_validator(mode="after")
    def _charge_types_differ(self) -> Self:
        for name in ("issuer_codes", "charge_digits"):
            values = [*getattr(self, name).values()]
            if len(set(values)) < len(values):
                raise ValueError(f"{name} must differ between charge types, not {', '.join(values)}")
        return self

    @model_validator(mode="after")
    def _instalments_follow_one_another(self) -> Self:
        for charge_type, months in self.instalment_months.items():
            if not months or [*months] != sorted(set(months), key=lambda month: (month - APRIL) % 12):
                raise ValueError(f"instalment_months of {charge_type} must ascend from April (4) to March (3)")
            if len(months) >= self.special_instalments_from:
                raise ValueError(
                    f"special_instalments_from must be above the {len(months)} instalments of {charge_type}"
                )
        return self

    @model_validator(mode="after")
    def _arrears_rules_are_known(self) -> Self:
        unknown = {*self.arrears_rules.values()} - self.arrears_early_months.keys()
        if unknown:
            raise ValueError(f"arrears_early_months has no value for the arrears rules {', '.join(sorted(unknown))}")
        return self

    @field_validator("slip_number_order")
    @classmethod
    def _divides_the_digits(cls, order: tuple[str, ...]) -> tuple[str, ...]:
        require_order(order)
        return order

    status_request_month: Annotated[int, Field(ge=1, le=12)] = 10
    """取扱状況の報告の求め: the simulated staff ask each contractor on the first bank business day of this month."""
    status_report_days: Annotated[int, Field(ge=0, le=365)] = 14
    """取扱状況報告: owed by this many days after the request."""
    inspection_month: Annotated[int, Field(ge=1, le=12)] = 2
    """立入調査: the simulated staff inspect each contractor on the first bank business day of this month."""
    ledger_years: Annotated[int, Field(ge=1, le=50)] = 5
    """文書保存期間: this many years after a fiscal year's end the numbers of its persons and slips are erased."""
    improvement_days: Annotated[int, Field(ge=0, le=365)] = 30
    """改善報告: owed by this many days after the guidance."""
    damages_days: Annotated[int, Field(ge=0, le=365)] = 30
    """損害の賠償: owed by this many days after the claim."""

    @field_validator("arrears_rates")
    @classmethod
    def _by_year(cls, rates: tuple[tuple[int, int, int], ...]) -> tuple[tuple[int, int, int], ...]:
        years = [year for year, _, _ in rates]
        if years != sorted(set(years)):
            raise ValueError(f"the years {years} must ascend and not repeat")
        return rates

    @property
    def slip_terms(self) -> SlipTerms:
        return SlipTerms(
            agency_code=self.agency_code,
            collection_kind=self.collection_kind,
            slip_number_order=self.slip_number_order,
            use_by_months=self.use_by_months,
            reissue_use_by_months=self.reissue_use_by_months,
            special_instalments_from=self.special_instalments_from,
            charges={
                charge_type: ChargeTerms(
                    charge_type=charge_type,
                    issuer_code=self.issuer_codes[charge_type],
                    digit=self.charge_digits[charge_type],
                    months=self.instalment_months[charge_type],
                    instalment_unit=self.instalment_units[charge_type],
                    arrears_rule=self.arrears_rules[charge_type],
                )
                for charge_type in ChargeType
            },
        )

    @property
    def lines(self) -> TerminalLines:
        """回線: the terminal's lines to the collection centre, and the day on which ISDN gives way to LGWAN."""
        isdn = TerminalLine("isdn", self.isdn_bytes_per_second, self.isdn_opens, self.isdn_closes)
        lgwan = TerminalLine("lgwan", self.lgwan_bytes_per_second, self.lgwan_opens, self.lgwan_closes)
        return TerminalLines(isdn, lgwan, self.lgwan_from)

    @property
    def duty_days(self) -> DutyDays:
        return DutyDays(
            self.training_month,
            self.status_request_month,
            self.inspection_month,
            self.status_report_days,
            self.improvement_days,
            self.damages_days,
        )

    @property
    def reminder_rule(self) -> ReminderRule:
        return ReminderRule(self.reminder_days, self.reminder_time, self.reminder_holiday_shift)

    def arrears_rule(self, charge_type: ChargeType) -> ArrearsRule:
        return ArrearsRule(
            rates=tuple(Rates(*rates) for rates in self.arrears_rates),
            early_months=self.arrears_early_months[self.arrears_rules[charge_type]],
            base_unit=self.arrears_base_unit,
            least_base=self.arrears_least_base,
            unit=self.arrears_unit,
            least=self.arrears_least,
        )

    @property
    def overpayment_terms(self) -> OverpaymentTerms:
        return OverpaymentTerms(
            decision_days=self.overpayment_decision_days,
            decision_time=self.overpayment_decision_time,
            refund_days=self.refund_days,
            refund_time=self.refund_time,
            lapse_years=self.refund_lapse_years,
        )
