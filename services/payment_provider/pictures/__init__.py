"""バーコード撮影: codes read from photos and PDFs. Only this folder imports the decoders (the extra `paper`).

The files come from strangers, so each is read in a separate process (`__main__.py`) without secrets and with bounded
memory and time. If it hangs or crashes, nothing else does, and the event loop is never blocked. `queue.py` says
which is read next.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

import msgspec
import structlog

from contracts.vocabulary import Refusal
from services.payment_provider.domain.picture import FoundCode
from services.payment_provider.pictures.bounds import Bounds, Reading
from services.payment_provider.pictures.queue import GaveWay, PictureQueue, QueueTerms, gave_way

__all__ = ["Bounds", "PictureQueue", "PictureReader", "QueueTerms", "received"]

log = structlog.get_logger(__name__)

_NEEDED: Final = ("PIL", "pypdfium2", "zxingcpp")
CANNOT_SCAN: Final = Refusal(
    "scanning_not_installed",
    "this payment provider is installed without what scanning pictures needs",
    "install the extra paper: pip install 'sansha[paper]'; or send the barcode's digits: POST /scans",
)


async def received(chunks: AsyncIterator[bytes], at_most: int) -> bytes | Refusal:
    """The content of an upload; once it is too large, the rest is not read."""
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > at_most:
            detail = f"the file has more than {at_most:,} bytes"
            return Refusal("picture_too_large", detail, "send a smaller picture, or only the part with the barcode")
    return bytes(content)


@dataclass(frozen=True, slots=True)
class PictureReader:
    """Reads pictures in the turns of `queue`."""

    bounds: Bounds
    queue: PictureQueue

    async def read(self, picture: bytes) -> Sequence[FoundCode] | Refusal:
        """The codes in a picture: PNG, JPEG, WebP, TIFF, BMP, GIF, or pages of a PDF."""
        if any(find_spec(name) is None for name in _NEEDED):
            return CANNOT_SCAN
        try:
            async with self.queue.turn():
                answer = await self._decoded(picture)
        except TimeoutError:
            answer = b""
        except GaveWay as busy:
            return gave_way(busy)
        if not answer:
            return Refusal(
                "picture_unreadable",
                "the picture could not be read within the limits of time and memory",
                "send a smaller picture, or only the part with the barcode",
            )
        reading = msgspec.json.decode(answer, type=Reading)
        return reading.codes if reading.wrong is None else Refusal(*reading.wrong)

    async def _decoded(self, picture: bytes) -> bytes:
        """What the process answers; empty if it crashed. If this is cancelled, the process is killed."""
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-P", "-m", __name__, msgspec.json.encode(self.bounds).decode())
        environment = {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, env=environment
        )
        try:
            answer, _ = await process.communicate(picture)
        finally:
            if process.returncode is None:
                log.warning("picture given up", bytes=len(picture))
                process.kill()
                await process.wait()
        if process.returncode == 0:
            return answer
        log.warning("picture not read", exit_status=process.returncode, bytes=len(picture))
        return b""
