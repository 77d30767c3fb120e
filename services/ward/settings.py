"""Settings of the ward; each assumption of the domain is one of them (docs/assumptions.md)."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from contracts.vocabulary import Method
from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables carry the prefix `SANSHA_`, e.g. `SANSHA_ISSUER_CODE`."""

    issuer_code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] = "912345"
    """請求書発行企業コード on every slip; the payment provider must have it under contract."""
    agency_code: Annotated[str, Field(pattern=r"^[0-9]{5}$")] = "00104"
    """企業コード that the collecting agency assigned to the ward; 00104 is one of the published barcodes'."""
    charge_type: Annotated[str, Field(pattern=r"^[0-9]$")] = "1"
    """科目 of 介護保険料 in the slip number."""
    collection_kind: Annotated[str, Field(pattern=r"^[0-9]$")] = "1"
    """徴収区分 of 普通徴収 in the slip number."""
    use_by_months: Annotated[int, Field(ge=0, le=12)] | None = 6
    """支払期限 of a barcode: so many months after the due date (0: on it); None for no use-by date."""
    instalment_unit: Annotated[int, Field(gt=0)] = 100
    """Instalments are whole in this many yen; what remains of the year's amount is on the first (端数は初回)."""
    special_instalments_from: Annotated[int, Field(ge=10, le=99)] = 50
    """Slips outside the instalment calendar (随時) are numbered from here on."""
    channels_with_preliminary: tuple[Method, ...] = (
        Method.CARD,
        Method.INTERNET_BANKING,
        Method.CONVENIENCE_STORE,
    )
    """収納チャネル that announce a receipt by 速報: 確報 without it is shown as open."""
    confirmation_expected_business_days: Annotated[int, Field(ge=1, le=250)] = 7
    """A receipt whose 確報 has not come this many bank business days after its 収納日 is shown as overdue."""
    deposit_expected_by: time = time(15, 0)
    """The hour in Japan by which a deposit is expected on its planned day (入金予定日)."""
    receipts_arrive_by: Literal["events", "files"] = "events"
    """What registers receipts first: `events`, as they are made, or `files` alone, when the terminal fetches them."""
    isdn_bytes_per_second: Annotated[int, Field(gt=0)] = 8_000
    """The line until LGWAN: one ISDN channel of 64 kbit/s."""
    isdn_opens: time = time(9, 0)
    """The hours, in Japan, in which the terminal may dial: from …"""
    isdn_closes: time = time(17, 0)
    """… to."""
    lgwan_from: date = date(2021, 9, 1)
    """The first day on LGWAN."""
    lgwan_bytes_per_second: Annotated[int, Field(gt=0)] = 1_250_000
    """The line since then: a share of LGWAN, 10 Mbit/s."""
    lgwan_opens: time = time(8, 0)
    """The hours, in Japan, in which the collection centre answers on LGWAN: from …"""
    lgwan_closes: time = time(21, 0)
    """… to."""
    terminal_url: str = ""
    """Where the terminal fetches receipt files, e.g. `https://HOST:PORT`."""
    terminal_ca_file: Path | None = None
    """PEM file of the authority that made the collection centre's certificate."""
    terminal_certificate_file: Path | None = None
    """PEM file of the terminal's own certificate."""
    terminal_key_file: Path | None = None
    """PEM file of that certificate's key."""
    terminal_user: str = "ward-terminal"
    """User ID of the terminal at the collection centre."""
    terminal_password: SecretStr = SecretStr("")
    """Its password."""
    terminal_folder: Path = Path("sansha-terminal")
    """Where the terminal keeps a file until it is registered."""

    @model_validator(mode="after")
    def _a_line_opens_before_it_closes(self) -> Self:
        for line in ("isdn", "lgwan"):
            if getattr(self, f"{line}_opens") >= getattr(self, f"{line}_closes"):
                raise ValueError(f"{line}_opens must be before {line}_closes")
        return self
