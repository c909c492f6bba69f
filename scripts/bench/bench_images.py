"""Images for the benchmarks: real ones where there are any, else drawn ones of the same sizes."""

import io
import os
import pathlib
import random
import tarfile

from PIL import Image, ImageDraw, ImageFilter

REAL = pathlib.Path(__file__).parents[2] / ".." / "shared" / "data" / "ilsvrc2012-sample.tar"
PHOTOGRAPHS = 250
SMALL = 2560


def photographs(directory):
    """A directory of JPEGs as ImageNet has them."""
    given = os.environ.get("SANDGLASS_IMAGES")
    source = pathlib.Path(given) if given else REAL
    if source.is_dir():
        return source
    if not directory.exists():
        partial = directory.with_suffix(".partial")
        partial.mkdir(parents=True, exist_ok=True)
        if source.exists():
            with tarfile.open(source) as archive:
                archive.extractall(partial, filter="data")
        else:
            for number in range(PHOTOGRAPHS):
                (partial / f"{number:04}.jpg").write_bytes(drawn(number))
        partial.rename(directory)
    return directory


def cifar_images(directory):
    """A directory of PNGs of 32 × 32, of noise: what they show does not matter to the time."""
    if not directory.exists():
        partial = directory.with_suffix(".partial")
        partial.mkdir(parents=True, exist_ok=True)
        for number in range(SMALL):
            noise = Image.frombytes("RGB", (8, 8), random.Random(number).randbytes(192))
            noise.resize((32, 32), Image.Resampling.BICUBIC).save(partial / f"{number:04}.png")
        partial.rename(directory)
    return directory


def drawn(number):
    """A JPEG of about 110 KB, 500 × 375 in the middle, with smooth parts, edges and grain."""
    chance = random.Random(number)
    width, height = chance.choice([(500, 375), (500, 333), (375, 500), (640, 480), (500, 500)])
    image = Image.frombytes("RGB", (12, 9), chance.randbytes(324)).resize((width, height), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(60):
        x, y = chance.randrange(width), chance.randrange(height)
        colour = tuple(chance.randbytes(3))
        pen.ellipse([x, y, x + chance.randrange(8, 120), y + chance.randrange(8, 120)], fill=colour)
        pen.line([x, y, chance.randrange(width), chance.randrange(height)], fill=colour, width=chance.randrange(1, 5))
    grain = Image.frombytes("RGB", (width, height), chance.randbytes(width * height * 3))
    image = Image.blend(image, grain.filter(ImageFilter.GaussianBlur(0.7)), 0.15)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=92)
    return encoded.getvalue()
