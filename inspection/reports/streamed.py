"""A PDF whose pictures wait in a file and that is written as it is made: memory does not grow with the number of photos.

fpdf2 keeps the bytes of each picture, and then the whole document beside them. Here a picture's bytes go into a file
as soon as it is placed, and come back, one picture at a time, when the document is written.
"""

import hashlib
import tempfile
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO, Any, BinaryIO

from fpdf import FPDF
from fpdf.output import OutputProducer, PDFXObject

_PLACE = "anxun_place"


class StreamedPdf(FPDF):
    """A4 pages in millimetres; `spool_in` is where pictures wait (None: where temporary files lie)."""

    def __init__(self, spool_in: Path | None = None) -> None:
        super().__init__(format="A4", unit="mm")
        self.spool: IO[bytes] = tempfile.TemporaryFile(dir=spool_in)  # noqa: SIM115  closed by `close_spool`

    def place_jpeg(
        self, jpeg: bytes, x: float, y: float, wh: tuple[float, float], alt: str
    ) -> None:
        """Place a picture; the same one twice is kept once."""
        info: Any = self.image(BytesIO(jpeg), x, y, *wh, alt_text=alt)
        if _PLACE not in info:
            begins = self.spool.seek(0, 2)
            self.spool.write(info["data"])
            info[_PLACE] = begins, len(info["data"])
            info["data"] = b""

    def write_to(self, target: BinaryIO) -> None:
        """Write the document; nothing can be added after it."""
        written = _Written(target)
        self.output(output_producer_class=partial(_StreamedOutput, written=written))  # type: ignore[call-overload]  # called only

    def close_spool(self) -> None:
        """Let go of the pictures."""
        self.spool.close()

    def _default_file_id(self, buffer: Any) -> str:
        if not isinstance(buffer, _Written):
            return super()._default_file_id(buffer)
        # As fpdf2 does it, from a hash that grew with the file.
        digest = buffer.digest.copy()
        digest.update(self.creation_date.strftime("%Y%m%d%H%M%S").encode())
        name = digest.hexdigest().upper()
        return f"<{name}><{name}>"


class _Written:
    """Stands where fpdf2 has the bytes of the whole document: knows their length and hash, and passes them on."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._length = target, 0
        self.digest = hashlib.md5(
            usedforsecurity=False
        )  # a name for the file, which PDF wants; fpdf2's own

    def __iadd__(self, data: bytes) -> "_Written":
        self._target.write(data)
        self.digest.update(data)
        self._length += len(data)
        return self

    def __len__(self) -> int:
        return self._length


class _StreamedOutput(OutputProducer):
    def __init__(self, fpdf: StreamedPdf, written: _Written) -> None:
        super().__init__(fpdf)
        self.buffer = written  # type: ignore[assignment]  # only appended to and measured
        self._spool = fpdf.spool

    def _add_image(self, info: dict[str, Any]) -> PDFXObject:
        added = super()._add_image(info)
        if _PLACE in info:
            begins, size = info[_PLACE]
            added.length = size
            added.content_stream = partial(self._read, begins, size)  # type: ignore[method-assign]  # read when written
        return added

    def _read(self, begins: int, size: int) -> bytes:
        self._spool.seek(begins)
        return self._spool.read(size)
