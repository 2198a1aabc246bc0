"""Write upright.heic: a drawn picture, stored lying on its side, turned by HEIC's own rotation and by EXIF.

    python -m venv somewhere && somewhere/bin/pip install pillow-heif && somewhere/bin/python make_upright_heic.py

Only this script needs an encoder; the project itself decodes with pi-heif. Upright, the picture is 48 x 96: red above,
green below, a blue square in the upper left corner.
"""

from pathlib import Path

import pillow_heif
from PIL import Image, ImageDraw

ORIENTATION, EXIF_DIRECTORY, TAKEN, OFFSET = 0x0112, 0x8769, 0x9003, 0x9011
LEFT_SIDE_DOWN = 6


def main() -> None:
    """Draw, lay on its side, say so, write."""
    upright = Image.new("RGB", (48, 96), (220, 20, 20))
    draw = ImageDraw.Draw(upright)
    draw.rectangle((0, 48, 47, 95), fill=(20, 200, 20))
    draw.rectangle((0, 0, 15, 15), fill=(20, 20, 220))
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ORIENTATION] = LEFT_SIDE_DOWN
    exif.get_ifd(EXIF_DIRECTORY).update({TAKEN: "2026:03:04 05:06:07", OFFSET: "+08:00"})
    stored.save(Path(__file__).with_name("upright.heic"), exif=exif.tobytes(), quality=90)


if __name__ == "__main__":
    pillow_heif.register_heif_opener()
    main()
