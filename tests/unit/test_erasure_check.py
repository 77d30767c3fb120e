"""消去の確認: what the ward finds wrong with a certificate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.ward.domain.erasure_check import SIGNATURE_WRONG, Claim, fault_of

RIGHT = Claim(is_signed=True, responsible="佐藤 恵子", named="佐藤 恵子", payments=12, received=12)


def test_a_certificate_that_agrees_with_what_the_ward_has_is_right() -> None:
    assert fault_of(RIGHT) == ""
    assert fault_of(replace(RIGHT, payments=15)) == "", "attempts that came to nothing are erased as well"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"is_signed": False}, SIGNATURE_WRONG),
        ({"named": ""}, "取扱責任者の届出がない"),
        ({"responsible": "鈴木 直樹"}, "届出のある取扱責任者（佐藤 恵子）の証明でない"),
        ({"payments": 11}, "消去した支払と残した支払の計11件が、区が受領した12件に足りない"),
    ],
)
def test_one_that_does_not_is_rejected_with_the_reason(wrong: dict[str, object], why: str) -> None:
    assert fault_of(replace(RIGHT, **wrong)) == why  # type: ignore[arg-type]
