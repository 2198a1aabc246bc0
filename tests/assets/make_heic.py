"""Makes phone.heic, once: pip install pillow-heif numpy; python tests/assets/make_heic.py

The product only decodes HEIC (pi-heif); encoding needs pillow-heif, which is not among its requirements.
The picture is drawn here, so that no one's photo is shipped: a landscape, taken at a known time by its EXIF.
"""

from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

TAKEN_AT = "2026:11:20 09:30:00"
DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL, EXIF_IFD = 0x9003, 0x9011, 0x8769

pillow_heif.register_heif_opener()
rows, columns = np.mgrid[0:240, 0:320]
pixels = np.dstack([columns * 255 // 319, rows * 255 // 239, np.full_like(rows, 90)])
image = Image.fromarray(pixels.astype(np.uint8))
exif = image.getexif()
exif.get_ifd(EXIF_IFD).update({DATE_TIME_ORIGINAL: TAKEN_AT, OFFSET_TIME_ORIGINAL: "+08:00"})
image.save(Path(__file__).parent / "phone.heic", quality=60, exif=exif.tobytes())
