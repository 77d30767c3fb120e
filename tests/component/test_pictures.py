"""乙 scans pictures: in a separate process, bounded, with named refusals, over HTTP as the app sends them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from PIL import Image

from contracts.vocabulary import Refusal
from services.chassis.clock import pause
from services.payment_provider.domain.picture import FoundCode
from services.payment_provider.pictures import Bounds, PictureQueue, PictureReader, QueueTerms, received
from tests.architecture.source_tree import ROOT
from tests.component.driven_provider import DrivenProvider
from tests.component.home import Home
from tests.slip_pictures import PAPER, Photograph, a_slip, as_file, printed, rasterised

BOUNDS = Bounds(pixels=50_000_000, pages=3, memory_bytes=2_000_000_000)
AMOUNT = 8_500
WITHOUT_EXTRA = """
import asyncio, sys
sys.modules.update(dict.fromkeys(("fpdf", "zxingcpp")))
from services.payment_provider.pictures import Bounds, PictureQueue, PictureReader, QueueTerms
from services.ward import paper
reader = PictureReader(Bounds(1, 1, 1), PictureQueue(QueueTerms(1, 1, 1.0, 1.0, 1.0)))
print(paper.can_print(), asyncio.run(reader.read(b"")).code)
"""


@pytest.fixture(scope="module")
def photo() -> bytes:
    picture = rasterised(printed(a_slip(AMOUNT))).crop(PAPER)
    return as_file(Photograph(angle=4, blur=0.4, noise=0.05, contrast=0.6).of(picture), "JPEG")


def reader(seconds: float = 60.0, at_once: int = 1) -> PictureReader:
    return PictureReader(BOUNDS, PictureQueue(QueueTerms(at_once, 10, seconds, seconds, 60.0)))


@asynccontextmanager
async def serving(folder: Path, **settings: Any) -> AsyncIterator[tuple[DrivenProvider, httpx.AsyncClient]]:
    driven = await DrivenProvider.started(Home(folder), **settings)
    transport = httpx.ASGITransport(driven.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://provider", timeout=120) as client:
        yield driven, client
    await driven.service.abandon()


async def upload(driven: DrivenProvider, client: httpx.AsyncClient, picture: bytes, key: str = "") -> httpx.Response:
    headers = {"Content-Type": "image/jpeg"} | ({"Idempotency-Key": key} if key else {})
    parameters = {"consent_id": driven.consent_id}
    return await client.post("/scans/image", params=parameters, content=picture, headers=headers)


async def test_a_photo_opens_the_payment_that_its_barcode_would(photo: bytes, tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        answer = await upload(driven, client, photo, key="k")
        assert answer.status_code == 201, answer.text
        view = answer.json()
        assert (view["slip_number"], view["amount"], view["status"]) == (a_slip().slip_number, AMOUNT, "scanned")
        assert (await upload(driven, client, photo, key="k")).json() == view
        by_digits = await driven.scan(a_slip(AMOUNT).barcode or "")
        assert not isinstance(by_digits, Refusal)
        assert by_digits.slip_number == view["slip_number"]


async def test_refusals_carry_their_status_and_code(tmp_path: Path) -> None:
    blank = as_file(Image.new("L", (200, 200), 255))
    cases: list[tuple[bytes, int, str]] = [
        (b"no picture", 415, "no_picture"),
        (blank, 422, "picture_unreadable"),
        (as_file(Image.new("1", (1_100, 1_000))), 413, "picture_too_large"),
        (bytes(20_001), 413, "picture_too_large"),
    ]
    async with serving(tmp_path, picture_bytes=20_000, picture_pixels=1_000_000) as (driven, client):
        for picture, status, code in cases:
            answer = await upload(driven, client, picture)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        missing = await client.post("/scans/image", content=blank, headers={"Content-Type": "image/png"})
        assert (missing.status_code, missing.json()["code"]) == (422, "invalid_request")


async def test_a_picture_without_a_consent_opens_nothing(photo: bytes, tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        headers = {"Content-Type": "image/jpeg"}
        answer = await client.post("/scans/image", params={"consent_id": "made-up"}, content=photo, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "consent_missing")


async def test_an_upload_that_is_too_large_is_not_taken_to_its_end() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1_000)

    refusal = await received(endless(), at_most=5_000)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, taken) == ("picture_too_large", 6)


async def test_the_event_loop_goes_on_while_a_picture_is_read(photo: bytes) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await pause(0)

    counting = asyncio.create_task(count())
    found = await reader().read(photo)
    counting.cancel()
    assert codes_of(found) == [a_slip(AMOUNT).barcode]
    assert turns > 100


async def test_pictures_beyond_the_number_at_once_wait_their_turn(photo: bytes) -> None:
    shared = reader(at_once=1)
    found = await asyncio.gather(*(shared.read(photo) for _ in range(3)))
    assert [codes_of(each) for each in found] == [[a_slip(AMOUNT).barcode]] * 3


async def test_a_picture_that_takes_too_long_is_given_up(photo: bytes) -> None:
    refusal = await reader(seconds=0.001).read(photo)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "picture_unreadable"
    assert "time and memory" in refusal.detail


async def test_a_picture_that_takes_too_much_memory_is_given_up() -> None:
    large = as_file(Image.new("1", (7_000, 7_000)))
    enough = reader(120.0)
    assert await enough.read(large) == []
    too_little = PictureReader(replace(BOUNDS, memory_bytes=250_000_000), enough.queue)
    refusal = await too_little.read(large)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "picture_unreadable"
    assert "time and memory" in refusal.detail


def test_without_the_extra_paper_it_is_named() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_EXTRA], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "scanning_not_installed"]


async def test_the_document_says_that_the_body_is_the_picture(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        paths: Any = (await client.get("/openapi.json")).json()["paths"]
        kinds = set(paths["/scans/image"]["post"]["requestBody"]["content"])
        assert kinds == {"image/*", "application/pdf", "application/octet-stream"}


def codes_of(found: Sequence[FoundCode] | Refusal) -> list[str]:
    assert not isinstance(found, Refusal), found
    return [code.text for code in found]
