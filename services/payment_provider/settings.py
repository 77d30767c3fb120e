"""Settings of the payment provider; each assumption of the domain is one of them (docs/assumptions.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, create_model, field_validator, model_validator

from contracts.bounds import MOST_OF_PAYMENT
from contracts.calendar import parse_closing_days
from contracts.channels import CHANNELS, NETWORKS, Channel
from contracts.charges import CHARGES
from contracts.formats import barcode
from contracts.vocabulary import IN_APP, Agent, Brand, Method
from services.chassis.access.users import Users
from services.chassis.deferred import Deferred
from services.chassis.settings import ServiceSettings
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.network import NetworkTerms
from services.payment_provider.domain.receipt_files import FileTerms
from services.payment_provider.domain.reporting import Reporting
from services.payment_provider.domain.scan import MIDNIGHT, SlipRules
from services.payment_provider.domain.terminal_access import CertificateFault, TerminalTerms
from services.payment_provider.pictures.queue import QueueTerms

CERTIFICATE_FAULT: Final[Deferred[CertificateFault]] = Deferred(
    "services.payment_provider.terminal_certificates:certificate_fault"
)
Fees = tuple[
    tuple[Annotated[int, Field(gt=0, le=MOST_OF_PAYMENT)], Annotated[int, Field(ge=0, le=MOST_OF_PAYMENT)]], ...
]
ISSUERS = (*(charge.issuer_code for charge in CHARGES.values()), "929023")
"""Those of the charge types (科目), and that of a published barcode."""


def _readable(closing_days: str) -> str:
    parse_closing_days(closing_days)
    return closing_days


def _none_in_words(value: Any) -> Any:
    return None if value == "none" else value


Delay = Annotated[Annotated[int, Field(ge=0, le=60)] | None, BeforeValidator(_none_in_words)]
"""None is written `none` in the environment."""
BusinessDays = Annotated[int, Field(ge=0, le=250)]
DepositDays = Annotated[int, Field(ge=1, le=250)]
"""At least 1: a period is totalled before it is deposited."""
Closings = Annotated[str, AfterValidator(_readable)]


BRAND_ROUTES = (
    (Brand.JCB, Agent.JCB),
    (Brand.AMEX, Agent.JCB),
    (Brand.DINERS, Agent.JCB),
    (Brand.VISA, Agent.UC),
    (Brand.MASTERCARD, Agent.UC),
)


OWN_NAMES: Final[Mapping[tuple[Method, str], str]] = {
    (Method.CARD, "preliminary_delay_days"): "preliminary_delay_days",
    (Method.CARD, "confirmation_business_days"): "confirmation_business_days",
    (Method.CARD, "confirmation_time"): "confirmation_time",
    (Method.INTERNET_BANKING, "preliminary_delay_days"): "bank_preliminary_delay_days",
    (Method.INTERNET_BANKING, "confirmation_business_days"): "confirmation_business_days",
    (Method.INTERNET_BANKING, "confirmation_time"): "confirmation_time",
    (Method.INTERNET_BANKING, "closing_days"): "bank_closing_days",
    (Method.INTERNET_BANKING, "deposit_business_days"): "bank_deposit_business_days",
    (Method.INTERNET_BANKING, "deposit_time"): "deposit_time",
}
"""Names for the app's channels; a term of any other channel is `<channel>_<term>`."""
OF_ALL_CHANNELS: Final[Mapping[str, str]] = {
    "preliminary_time": "preliminary_time",
    "closing_time": "bank_closing_time",
}
"""Terms that are the same for all channels."""
REPORTING_TERMS: Final = (
    "preliminary_delay_days",
    "preliminary_time",
    "confirmation_business_days",
    "confirmation_time",
)
NETWORK_TERMS: Final = ("closing_days", "closing_time", "deposit_business_days", "deposit_time")


def setting_of(channel: Method, term: str) -> str:
    """The name of the setting that holds a term of a channel."""
    return OF_ALL_CHANNELS.get(term) or OWN_NAMES.get((channel, term)) or f"{channel}_{term}"


_TERMS_OUTSIDE_APP: Final[Mapping[str, tuple[Any, Callable[[Channel], Any], str]]] = {
    "preliminary_delay_days": (
        Delay,
        lambda channel: channel.preliminary_delay_days,
        "速報 this many days after the payment: 0 for at once, none for no 速報.",
    ),
    "confirmation_business_days": (
        BusinessDays,
        lambda channel: channel.confirmation_business_days,
        "確報 this many bank business days after the payment.",
    ),
    "confirmation_time": (time, lambda _: time(9, 0), "確報 records are made at this time of Japan."),
    "closing_days": (Closings, lambda channel: channel.closing_days, "締日, as in `10/20/eom`, or `daily`."),
    "deposit_business_days": (
        DepositDays,
        lambda channel: channel.deposit_business_days,
        "the deposit this many bank business days after a closing.",
    ),
    "deposit_time": (time, lambda _: time(10, 0), "the deposit is made at this time of Japan."),
}
"""Term → its type, its default by channel, its meaning."""
Base = TypeVar("Base", bound=ServiceSettings)


def _with_the_terms_of_each_channel(base: type[Base]) -> type[Base]:
    """Adds a field `<channel>_<term>` for each term of each channel outside the app."""
    fields: dict[str, Any] = {
        setting_of(method, term): (kind, Field(default_of(channel), description=f"{channel.japanese}: {meaning}"))
        for method, channel in CHANNELS.items()
        if method not in IN_APP
        for term, (kind, default_of, meaning) in _TERMS_OUTSIDE_APP.items()
    }
    return create_model(base.__name__, __base__=base, __module__=base.__module__, __doc__=base.__doc__, **fields)


@_with_the_terms_of_each_channel
class ChannelSettings(ServiceSettings):
    """The terms of the channels outside the app (収納チャネル): when each reports, and how its money comes."""

    preliminary_time: time = time(9, 0)
    """速報 records that are not due at once are made at this time of Japan."""


class Settings(ChannelSettings):
    """In the environment e.g. `SANSHA_PAYMENT_PROVIDER_CONFIRMATION_BUSINESS_DAYS`."""

    issuers: tuple[str, ...] = ISSUERS
    """Issuer company codes under contract (請求書発行企業コード)."""
    century: Annotated[int, Field(ge=1900, le=2100)] = barcode.CENTURY
    """The first of the hundred years that a use-by date's (支払期限) two digits can mean."""
    use_by_until: time = MIDNIGHT
    """A slip's last day ends in the app at this time of Japan; 00:00 for the whole day, 23:59:59 included."""
    terms_version: str = "2021-04"
    """The terms of use (利用規約) that a payer must have accepted."""
    card_routes: dict[Brand, Agent] = Field(default_factory=lambda: dict(BRAND_ROUTES))
    """Brand → the card agent that accepts it."""
    authorization_timeout_seconds: Annotated[int, Field(gt=0, le=31_622_400)] = 30
    """An authorization without an answer after this many seconds is given up and reversed."""
    preliminary_delay_days: Delay = CHANNELS[Method.CARD].preliminary_delay_days
    """Cards: 速報 this many days after the payment: 0 for at once, none for no 速報."""
    bank_preliminary_delay_days: Delay = CHANNELS[Method.INTERNET_BANKING].preliminary_delay_days
    """Internet banking: 速報 this many days after the payment: 0 for at once, none for no 速報."""
    confirmation_business_days: BusinessDays = CHANNELS[Method.CARD].confirmation_business_days
    """In the app: 確報 this many bank business days after the day of receipt."""
    confirmation_time: time = time(9, 0)
    """In the app: 確報 records are made at this time of Japan."""
    system_fees: Fees = ((5_000, 27), (10_000, 82), (20_000, 165), (30_000, 275))
    """システム利用料 of card payments, borne by the payer: pairs (up to this amount, fee) in yen, ascending."""
    issuer_system_fees: dict[str, Fees] = Field(default_factory=dict)
    """Issuer company code, hence charge type (科目) → its table, if it differs from `system_fees`."""
    system_fee_step: Annotated[int, Field(gt=0, le=MOST_OF_PAYMENT)] = 10_000
    """Yen. Above the table, `system_fee_per_step` is added for each started step of this size."""
    system_fee_per_step: Annotated[int, Field(ge=0, le=MOST_OF_PAYMENT)] = 110
    """Yen added for each started `system_fee_step` above the table."""
    bank_closing_days: Closings = CHANNELS[Method.INTERNET_BANKING].closing_days
    """Internet banking: 締日, as in `10/20/eom`, or `daily`."""
    bank_deposit_business_days: DepositDays = CHANNELS[Method.INTERNET_BANKING].deposit_business_days
    """Internet banking: the deposit this many bank business days after a closing."""
    bank_closing_time: time = time(0, 30)
    """All channels but cards: a period is totalled at this time of Japan on the day after its closing day."""
    deposit_time: time = time(10, 0)
    """Internet banking: the deposit is made at this time of Japan."""
    picture_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] = 10_000_000
    """Bytes that a photo or PDF of a slip may have."""
    picture_pixels: Annotated[int, Field(ge=100_000, le=200_000_000)] = 50_000_000
    """Pixels that a photo may have; a PDF's page is drawn with at most as many."""
    picture_pages: Annotated[int, Field(ge=1, le=20)] = 3
    """Pages that a PDF may have, or frames a photo."""
    picture_memory_bytes: Annotated[int, Field(ge=500_000_000)] = 2_000_000_000
    """Bytes of memory (address space) that the process reading a photo or PDF may use."""
    picture_seconds: Annotated[float, Field(gt=0, le=120)] = 30.0
    """Seconds that reading a photo or PDF may take while no other waits."""
    picture_turn_seconds: Annotated[float, Field(gt=0, le=120)] = 5.0
    """Seconds that reading a photo or PDF may take while others wait: then it gives way and is answered 503."""
    picture_wait_seconds: Annotated[float, Field(gt=0, le=120)] = 15.0
    """Seconds that a photo or PDF waits for its turn: then it is answered 503."""
    pictures_at_once: Annotated[int, Field(ge=1, le=32)] = 2
    """Photos and PDFs read at the same time, each in a separate process; others wait."""
    pictures_waiting: Annotated[int, Field(ge=0, le=1_000)] = 8
    """Photos and PDFs that may wait; a further one is answered 503 before its upload begins."""

    @field_validator("system_fees", "issuer_system_fees")
    @classmethod
    def _a_table_ascends(cls, value: Fees | dict[str, Fees]) -> Fees | dict[str, Fees]:
        for table in value.values() if isinstance(value, dict) else [value]:
            amounts = [up_to for up_to, _ in table]
            if not amounts or amounts != sorted(set(amounts)):
                raise ValueError("a table of fees must have rows [up to, fee], their amounts ascending")
        return value

    receipt_file_layout: Literal["fixed", "csv"] = "fixed"
    """収納データファイル: `fixed` (120 bytes a record) or `csv`."""
    receipt_file_time: time = time(1, 0)
    """The file of a day is made on the next day at this time of Japan."""
    receipt_file_when_empty: bool = False
    """Whether a day without records has a file (空ファイル)."""
    receipt_file_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,40}$")] = "SHUNO"
    """A file is named PREFIX, YYYYMMDD and `.txt` or `.csv`; a further file of a day has its number before the dot."""
    receipt_file_retention_days: Annotated[int, Field(ge=1, le=3650)] = 60
    """Days for which a file can be fetched; then its content is erased."""
    receipt_file_agency_code: Annotated[str, Field(pattern=r"^[0-9]{5}$")] = "00680"
    """収納機関コード in a file's headers."""
    receipt_file_company_names: dict[str, str] = Field(default_factory=lambda: {"00104": "ｼﾝｼﾞﾕｸｸ ｶｲｺﾞﾎｹﾝｶ"})
    """企業コード → its name in half-width kana in a file's headers; blank for one that is not listed."""
    terminal_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port on which the ward's terminal fetches receipt files, by HTTPS with a client certificate; none for no port."""
    terminal_ca_file: Path | None = None
    """PEM file of the authority whose client certificates are admitted on `terminal_port`."""
    terminal_certificate_file: Path | None = None
    """PEM file of the certificate shown on `terminal_port`."""
    terminal_key_file: Path | None = None
    """PEM file of the key of `terminal_certificate_file`."""
    terminal_certificate_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    """SHA-256 of the one client certificate admitted, 64 hex digits; empty for any of the authority."""
    terminal_pins_file: Path | None = None
    """JSON file of each user's certificates, `{"USER": [{"sha256": …}]}`; others are refused. Read as it changes."""
    terminal_revoked_file: Path | None = None
    """PEM file of the certificates that the authority has revoked (CRL), signed by it. Read as it changes."""
    terminal_purpose: Annotated[str, Field(pattern=r"^([0-9]+(\.[0-9]+)+)?$")] = ""
    """Extended key usage (OID) that a terminal's certificate must have, besides that of a TLS client."""
    terminal_user: str = "ward-terminal"
    """User ID of the ward's terminal."""
    terminal_password: SecretStr = SecretStr("")
    """Password of the ward's terminal; no terminal is admitted while it is empty."""
    terminal_users_file: Path | None = None
    """A user for each clerk at the terminal (`sansha users add --file`), in place of the one user and its password."""
    terminal_session_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """Minutes for which a terminal's login is valid."""

    @model_validator(mode="after")
    def _a_terminal_is_admitted_by_certificate_and_password(self) -> Self:
        needed = ("terminal_ca_file", "terminal_certificate_file", "terminal_key_file")
        missing = [name for name in needed if getattr(self, name) is None]
        known = self.terminal_users_file is not None or self.terminal_password.get_secret_value()
        missing += [] if known else ["terminal_password or terminal_users_file"]
        if self.terminal_port is not None and missing:
            raise ValueError(f"terminal_port needs {', '.join(missing)} too")
        files = [getattr(self, name) for name in needed if self.terminal_port is not None]
        if unread := [str(file) for file in files if not file.is_file()]:
            raise ValueError(f"terminal_port needs {', '.join(unread)}, which is no file")
        return self

    @model_validator(mode="after")
    def _a_day_is_totalled_before_it_is_deposited(self) -> Self:
        for channel in NETWORKS:
            name = setting_of(channel, "deposit_time")
            if self.bank_closing_time >= getattr(self, name):
                wrong = f"bank_closing_time {self.bank_closing_time} must be before {name} {getattr(self, name)}"
                raise ValueError(wrong)
        return self

    @property
    def picture_queue(self) -> QueueTerms:
        return QueueTerms(
            at_once=self.pictures_at_once,
            waiting=self.pictures_waiting,
            seconds=self.picture_seconds,
            turn_seconds=self.picture_turn_seconds,
            wait_seconds=self.picture_wait_seconds,
        )

    @property
    def slip_rules(self) -> SlipRules:
        return SlipRules(self.issuers, self.century, self.use_by_until)

    @property
    def channels(self) -> Channels:
        networks = {to: NetworkTerms(**self._terms(channel, NETWORK_TERMS)) for channel, to in NETWORKS.items()}
        return Channels({m: Reporting(**self._terms(m, REPORTING_TERMS)) for m in Method}, networks)

    @property
    def file_terms(self) -> FileTerms:
        return FileTerms(
            layout=self.receipt_file_layout,
            made_at=self.receipt_file_time,
            when_empty=self.receipt_file_when_empty,
            prefix=self.receipt_file_prefix,
            retention=timedelta(days=self.receipt_file_retention_days),
            agency_code=self.receipt_file_agency_code,
            company_names=self.receipt_file_company_names,
        )

    def terminal_terms(self, secret: bytes) -> TerminalTerms:
        """Which terminal may fetch receipt files; `secret` signs its sessions.

        Raises `UnusableUsers` for a users file that is missing or damaged, `Unusable` for pins or a list of revoked
        certificates that are.
        """
        people = None if self.terminal_users_file is None else Users(self.terminal_users_file).have_password
        fault = None
        if self.terminal_port is not None:
            files = (self.terminal_ca_file, self.terminal_purpose, self.terminal_revoked_file, self.terminal_pins_file)
            fault = CERTIFICATE_FAULT.load()(*files)
        return TerminalTerms(
            user=self.terminal_user,
            password=self.terminal_password.get_secret_value(),
            certificate=self.terminal_certificate_sha256,
            session_lifetime=timedelta(minutes=self.terminal_session_minutes),
            secret=secret,
            people=people,
            fault=fault,
        )

    def _terms(self, channel: Method, terms: Sequence[str]) -> dict[str, Any]:
        names = {term: setting_of(channel, term) for term in terms}
        return {term: getattr(self, name) for term, name in names.items()} | {"names": names}
