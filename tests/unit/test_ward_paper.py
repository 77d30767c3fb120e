"""納付書 on paper: its content, and that the same slips give the same bytes."""

import os
import subprocess
import sys
from datetime import date, timedelta

import pytest

from contracts.charges import CHARGES
from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.vocabulary import ChargeType
from services.chassis.paper.eras import japanese_date, japanese_fiscal_year
from services.ward.paper.slip_page import BARS_MM, MODULE_MM
from services.ward.paper.wording import NO_BARCODE, instalment_name
from tests.architecture.source_tree import ROOT
from tests.component.driven_ward import NOON
from tests.slip_pictures import a_slip, printed, rasterised, text_of, worded

PRINTS_A_DIGEST = (
    "import hashlib; from tests.slip_pictures import *; "
    "print(hashlib.sha256(printed(*(a_slip(n) for n in (1, 8_500, 300_001)))).hexdigest())"
)


def printed_text(page: str) -> str:
    """Without the breaks that a page has."""
    return "".join(page.split())


@pytest.mark.parametrize("charge_type", ChargeType)
def test_a_slip_says_what_for_how_much_and_until_when(charge_type: ChargeType) -> None:
    slip = a_slip(8_500, charge_type=charge_type)
    (page,) = map(printed_text, text_of(printed(slip)))
    code = barcode.decode(slip.barcode or "")
    assert isinstance(code, Barcode)
    said = [
        "納付書番号",
        CHARGES[charge_type].japanese,
        "¥8,500",
        "納期限",
        "令和3年8月2日",
        "支払期限",
        "令和4年2月2日",
        "令和3年度",
        slip.insured_number,
        "新宿区会計管理者",
        *code.human_readable().split("\n"),
    ]
    assert [text for text in said if text not in page] == []


def test_above_the_limit_there_is_no_barcode_but_the_reason() -> None:
    (page,) = map(printed_text, text_of(printed(a_slip(300_001))))
    assert "".join(NO_BARCODE) in page
    assert "(91)" not in page
    (page,) = map(printed_text, text_of(printed(a_slip(300_000))))
    assert "".join(NO_BARCODE) not in page
    assert "(91)" in page


def test_a_reissued_slip_says_so_and_asks_for_what_its_barcode_says() -> None:
    slip = a_slip(10_000)
    code = Barcode("912345", slip.slip_number, 2, date(2021, 10, 1), a_slip(4_000).amount)  # type: ignore[arg-type]
    text = worded(slip, reissue=2, reissued_at=NOON + timedelta(days=1), use_by=code.use_by, barcode=code.digits)
    assert (text.amount, text.use_by, text.issued_on) == (4_000, "令和3年10月1日", "令和3年7月13日（再発行2回目）")


def test_the_same_slips_are_the_same_bytes_whoever_prints_them() -> None:
    digests = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", PRINTS_A_DIGEST]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        digests.add(done.stdout)
    assert len(digests) == 1


def test_another_slip_is_another_document() -> None:
    assert printed(a_slip(8_500)) != printed(a_slip(8_501))


@pytest.mark.parametrize(("slips", "pages"), [(1, 1), (3, 1), (4, 2), (9, 3)])
def test_three_slips_are_on_a_page(slips: int, pages: int) -> None:
    document = printed(*(a_slip(1_000 + n) for n in range(slips)))
    assert len(text_of(document)) == pages


def test_the_font_comes_with_the_document() -> None:
    document = printed(a_slip())
    assert b"/FontFile2" in document
    assert b"BIZUDGothic" in document


def test_the_barcode_fits_the_scanner_of_a_shop() -> None:
    # GS1 Japan 標準料金代理収納ガイドライン: 60 mm with the quiet zones, at least 10 mm high
    assert (25 * 11 + 13 + 2 * 10) * MODULE_MM <= 60
    assert BARS_MM >= 10


def test_nothing_is_printed_outside_the_margins() -> None:
    page = rasterised(printed(*(a_slip(n) for n in (8_500, 300_001, 1))), 100)
    margin = 39  # 10 mm
    for edge in [(0, 0, margin, page.height), (page.width - margin, 0, page.width, page.height)]:
        assert page.crop(edge).getextrema() == (255, 255)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2020, 1, 1), "令和2年1月1日"),
        (date(2021, 8, 2), "令和3年8月2日"),
        (date(2000, 4, 1), "平成12年4月1日"),
    ],
)
def test_a_date_is_of_its_era(day: date, text: str) -> None:
    assert japanese_date(day) == text


@pytest.mark.parametrize(("year", "text"), [(2018, "平成30年度"), (2019, "令和元年度"), (2021, "令和3年度")])
def test_a_fiscal_year_is_of_the_era_in_which_it_ends(year: int, text: str) -> None:
    assert japanese_fiscal_year(year) == text


@pytest.mark.parametrize(("number", "of", "name"), [(1, 9, "第1期"), (9, 9, "第9期"), (1, 1, "全期"), (50, 9, "随時")])
def test_an_instalment_is_named_as_slips_name_it(number: int, of: int, name: str) -> None:
    assert instalment_name(number, of) == name
