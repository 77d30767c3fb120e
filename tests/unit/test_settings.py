"""A process reads its environment, the specific variable before the general; code given settings never does."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
import typer

from services.card_agent.app import Settings as CardAgentSettings
from services.chassis.settings import InvalidSettings, ServiceSettings
from services.console.cli.options import a_log_level
from services.payment_provider.app import Settings as PaymentProviderSettings
from services.ward.app import Settings as WardSettings


def test_the_more_particular_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANSHA_AGENT", "uc")
    monkeypatch.setenv("SANSHA_CARD_AGENT_CLOSING_DAYS", "eom")
    monkeypatch.setenv("SANSHA_CARD_AGENT_UC_CLOSING_DAYS", "15/eom")
    assert CardAgentSettings.from_environment("card_agent.uc").closing_days == "15/eom"
    assert CardAgentSettings.from_environment("card_agent.jcb").closing_days == "eom"


def test_a_variable_for_all_reaches_every_party(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANSHA_SEED", "11")
    assert WardSettings.from_environment("ward").seed == 11
    assert PaymentProviderSettings.from_environment("payment_provider").seed == 11


def test_a_party_is_not_moved_by_another_s_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANSHA_CARD_AGENT_DEPOSIT_TIME", "14:00")
    assert PaymentProviderSettings.from_environment("payment_provider").deposit_time == time(10)


def test_settings_given_in_code_do_not_look_at_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANSHA_PAYMENT_PROVIDER_CONFIRMATION_BUSINESS_DAYS", "9")
    monkeypatch.setenv("SANSHA_CONFIRMATION_BUSINESS_DAYS", "9")
    assert PaymentProviderSettings(seed=1).confirmation_business_days == 3


@pytest.mark.parametrize(
    ("former", "name"),
    [
        ("SANSHA_NAMED_DAY_RULE", "SANSHA_DESIGNATED_DATE_RULE"),
        ("SANSHA_CARD_AGENT_NAMED_DAY_RULE", "SANSHA_CARD_AGENT_DESIGNATED_DATE_RULE"),
        ("SANSHA_CARD_AGENT_UC_NAMED_DAY_BUSINESS_DAYS", "SANSHA_CARD_AGENT_UC_DESIGNATED_DATE_BUSINESS_DAYS"),
    ],
)
def test_a_variable_by_a_former_name_is_refused_with_its_name_of_today(
    monkeypatch: pytest.MonkeyPatch, former: str, name: str
) -> None:
    monkeypatch.setenv("SANSHA_AGENT", "uc")
    monkeypatch.setenv(former, "end_of_month")
    with pytest.raises(InvalidSettings, match=f"^{former} has been renamed: set {name} in its place$"):
        CardAgentSettings.from_environment("card_agent.uc")
    if "_UC_" in former:
        assert CardAgentSettings.from_environment("card_agent.jcb").agent == "uc"


@pytest.mark.parametrize("text", ["debug", "WARNING", "Error"])
def test_a_log_level_is_read_in_any_letters(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SANSHA_LOG_LEVEL", text)
    assert WardSettings.from_environment("ward").log_level == text.lower()


@pytest.mark.parametrize("text", ["loud", "", "critical"])
def test_a_log_level_that_is_none_is_refused_as_the_option_does(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    said = f"log level '{text}' is none of debug, info, warning, error"
    monkeypatch.setenv("SANSHA_LOG_LEVEL", text)
    with pytest.raises(InvalidSettings, match=f"^SANSHA_…LOG_LEVEL: {said}$"):
        WardSettings.from_environment("ward")
    with pytest.raises(typer.BadParameter, match=f"^{said}$"):
        a_log_level(text)


def test_a_secrets_file_by_a_former_name_is_refused_with_its_name_of_today(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SANSHA_AGENT", "uc")
    monkeypatch.setenv("SANSHA_SECRETS_DIR", str(tmp_path))
    (tmp_path / "named_day_rule").write_text("end_of_month")
    with pytest.raises(InvalidSettings, match="the file named_day_rule has been renamed: call it designated_date_rule"):
        CardAgentSettings.from_environment("card_agent.uc")
    (tmp_path / "named_day_rule").rename(tmp_path / "designated_date_rule")
    assert CardAgentSettings.from_environment("card_agent.uc").designated_date_rule == "end_of_month"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SANSHA_PORT", "99999", "PORT"),
        ("SANSHA_CONFIRMATION_BUSINESS_DAYS", "-1", "CONFIRMATION_BUSINESS_DAYS"),
        ("SANSHA_CRASH_AT", "nowhere:3", "POINT"),
        ("SANSHA_BANK_CLOSING_TIME", "10:00", "must be before deposit_time"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings, match=says):
        PaymentProviderSettings.from_environment("payment_provider")


@pytest.mark.parametrize(
    ("party", "name", "value"),
    [
        ("ward", "LGWAN_FROM", "9999-12-31"),
        ("ward", "LGWAN_FROM", "0001-01-01"),
        ("ward", "ARREARS_UNIT", "4611686018427387904"),
        ("payment_provider", "AUTHORIZATION_TIMEOUT_SECONDS", "1" + "0" * 12),
        ("payment_provider", "SYSTEM_FEE_STEP", "0"),
        ("payment_provider", "SYSTEM_FEE_PER_STEP", "4611686018427387904"),
        ("payment_provider", "SYSTEM_FEES", "[[4611686018427387904, 1]]"),
        ("card_agent.uc", "CREDIT_LIMIT", "4611686018427387904"),
        ("card_agent.uc", "LATE_ANSWER_SECONDS", "1" + "0" * 12),
    ],
)
def test_a_setting_out_of_bounds_is_refused_by_its_name(
    party: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, type[ServiceSettings]] = {
        "ward": WardSettings,
        "payment_provider": PaymentProviderSettings,
        "card_agent.uc": CardAgentSettings,
    }
    monkeypatch.setenv("SANSHA_AGENT", "uc")
    monkeypatch.setenv(f"SANSHA_{party.upper().replace('.', '_')}_{name}", value)
    with pytest.raises(InvalidSettings, match=f"SANSHA_…{name}"):
        settings[party].from_environment(party)
