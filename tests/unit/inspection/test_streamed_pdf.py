"""Pictures wait in a file: the document is fpdf2's own, byte for byte, and memory does not grow with their number."""

import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from fpdf import FPDF

from inspection.reports.streamed import StreamedPdf

AT = datetime(2026, 11, 30, tzinfo=UTC)
SIDE_MM = 80.0


def picture(number: int, side: int = 400) -> bytes:
    """Return a JPEG of noise, which no coder makes small."""
    noise = np.random.default_rng(number).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


def written(pdf: FPDF, numbers: Sequence[int], target: BytesIO) -> None:
    """Write a page a picture."""
    pdf.set_creation_date(AT)
    for number in numbers:
        pdf.add_page()
        if isinstance(pdf, StreamedPdf):
            pdf.place_jpeg(picture(number), 20, 20, (SIDE_MM, SIDE_MM), f"{number}")
        else:
            pdf.image(BytesIO(picture(number)), 20, 20, SIDE_MM, SIDE_MM, alt_text=f"{number}")
    if isinstance(pdf, StreamedPdf):
        pdf.write_to(target)
    else:
        target.write(pdf.output())


def test_file_is_the_one_that_the_library_writes(tmp_path: Path) -> None:
    """With its file name, its index of objects, and a picture that is placed twice."""
    streamed, whole = BytesIO(), BytesIO()
    pdf = StreamedPdf(tmp_path)
    written(pdf, [1, 2, 1], streamed)
    pdf.close_spool()
    written(FPDF(format="A4", unit="mm"), [1, 2, 1], whole)
    assert streamed.getvalue() == whole.getvalue()
    assert streamed.getvalue().count(b"DCTDecode") == 2
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    """Forty more pictures of 130 kB cost less memory than two of them hold."""

    def peak(count: int) -> int:
        pdf = StreamedPdf(tmp_path)
        with (tmp_path / "out.pdf").open("wb") as file:
            tracemalloc.start()
            for number in range(count):
                pdf.add_page()
                pdf.place_jpeg(picture(number), 20, 20, (SIDE_MM, SIDE_MM), "")
            pdf.write_to(file)
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        pdf.close_spool()
        assert (tmp_path / "out.pdf").stat().st_size > count * len(picture(0)) * 0.9
        return most

    peak(2)
    assert peak(45) - peak(5) < 2 * len(picture(0))
