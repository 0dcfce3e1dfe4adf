"""Scenario 27 of the display-picture anchors, and what else arrives at an upload field."""

import io
import random
import struct
import subprocess
import sys
import time
import zlib

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from common.images import (
    Animated,
    FileTooLarge,
    Limits,
    TooComplex,
    TooElongated,
    TooManyPixels,
    Truncated,
    UnsupportedFormat,
    clean,
    decode,
)
from common.refusals import Refusal


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def striped(width: int, height: int) -> Image.Image:
    """Red on the top half, blue below, so that a turned picture is told from an upright one."""
    picture = Image.new("RGB", (width, height), (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, width, height // 2))
    return picture


def photo_with_everything() -> bytes:
    """A phone's JPEG: lying on its side, with the place it was taken, a comment and HTML behind its end."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRETPHONE"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (6.0, 27.0, 14.0)
    sideways = striped(300, 400).transpose(Image.Transpose.ROTATE_90)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    jpeg = encoded(sideways, "JPEG", quality=95, exif=exif, comment=b"SECRETCOMMENT", icc_profile=profile)
    return jpeg + b"<html><script>SECRETTAIL</script></html>"


def png_declaring(width: int, height: int, size: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000) + b"\0" * size
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body[:size]) + chunk(b"IEND", b"")


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))


def with_scans(count: int) -> bytes:
    """A JPEG whose one scan is repeated, as a file made to waste time would have it."""
    head, scan = JPEG[: JPEG.index(b"\xff\xda")], JPEG[JPEG.index(b"\xff\xda") : -2]
    return head + scan * count + b"\xff\xd9"


def with_right_checksums(png: bytes) -> bytes:
    """The same chunks with sums that fit, so that damage is met by the parsers and not by the first checksum."""
    out, place = png[:8], 8
    while place + 12 <= len(png):
        size = int.from_bytes(png[place : place + 4], "big")
        body = png[place + 4 : place + 8 + size]
        out += png[place : place + 4] + body + struct.pack(">I", zlib.crc32(body))
        place += 12 + size
    return out + png[place:]


def without_palette() -> bytes:
    whole = encoded(noise(20, 20).quantize(16), "PNG")
    return whole.replace(b"PLTE", b"pLTE")


def animation(kind: str, frames: int) -> bytes:
    pictures = [Image.new("RGB", (16, 16), (number % 256, 0, 0)) for number in range(frames)]
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:])


JPEG = encoded(noise(200, 200), "JPEG")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><script>alert(1)</script></svg>'
EPS = encoded(Image.new("RGB", (10, 10)), "EPS")

REFUSED: list[tuple[str, bytes, type[Refusal], str]] = [
    (
        "a 20 KB PNG declaring 60,000 by 60,000",
        png_declaring(60_000, 60_000, 20_000),
        TooManyPixels,
        "images.too_many_pixels",
    ),
    (
        "a PNG of 81 megapixels, which Pillow opens silently",
        png_declaring(9_000, 9_000, 20_000),
        TooManyPixels,
        "images.too_many_pixels",
    ),
    (
        "a PNG of 100 megapixels, at which Pillow warns",
        png_declaring(10_000, 10_000, 20_000),
        TooManyPixels,
        "images.too_many_pixels",
    ),
    ("a JPEG cut in half, which verify() lets through", JPEG[: len(JPEG) // 2], Truncated, "images.truncated"),
    ("a PNG cut in half", encoded(noise(99, 99), "PNG")[:9_000], Truncated, "images.truncated"),
    ("a palette PNG without its palette", with_right_checksums(without_palette()), Truncated, "images.truncated"),
    ("a WebP cut in half", encoded(noise(99, 99), "WEBP")[:900], Truncated, "images.truncated"),
    ("nothing but a JPEG's first bytes", JPEG[:10], Truncated, "images.truncated"),
    ("an SVG", SVG, UnsupportedFormat, "images.unsupported_format"),
    ("an EPS, which Pillow would open", EPS, UnsupportedFormat, "images.unsupported_format"),
    ("a TIFF", encoded(Image.new("RGB", (9, 9)), "TIFF"), UnsupportedFormat, "images.unsupported_format"),
    (
        "a WAV file, which begins as a WebP does",
        b"RIFF\x24\0\0\0WAVEfmt ",
        UnsupportedFormat,
        "images.unsupported_format",
    ),
    ("an empty file", b"", UnsupportedFormat, "images.unsupported_format"),
    ("a GIF of 300 frames", animation("GIF", 300), UnsupportedFormat, "images.unsupported_format"),
    ("a WebP of 300 frames", animation("WEBP", 300), Animated, "images.animated"),
    ("a PNG of 300 frames", animation("PNG", 300), Animated, "images.animated"),
    ("a ribbon of 700 by 100", encoded(Image.new("RGB", (700, 100)), "PNG"), TooElongated, "images.too_elongated"),
    ("a JPEG of 65 scans", with_scans(65), TooComplex, "images.too_complex"),
]


@pytest.mark.parametrize(("data", "reason", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_each_bad_upload_is_refused_for_its_own_reason_within_a_second(
    data: bytes, reason: type[Refusal], code: str
) -> None:
    began = time.perf_counter()
    with pytest.raises(reason) as refused:
        decode(data)
    assert refused.value.code == code
    assert time.perf_counter() - began < 1.0


def test_a_file_over_the_byte_cap_is_refused_with_its_size() -> None:
    with pytest.raises(FileTooLarge) as refused:
        decode(JPEG, limits=Limits(file_bytes=len(JPEG) - 1))
    assert refused.value.details == {"size": len(JPEG), "limit": len(JPEG) - 1}
    assert decode(JPEG, limits=Limits(file_bytes=len(JPEG))).size == (200, 200)


def test_a_declared_giant_is_refused_without_giving_it_memory() -> None:
    script = (
        "import resource, sys\n"
        "from common.images import TooManyPixels, decode\n"
        "data = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: decode(data)\n"
        "except TooManyPixels: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    for bomb in (png_declaring(60_000, 60_000, 20_000), png_declaring(9_000, 9_000, 20_000)):
        done = subprocess.run([sys.executable, "-c", script], input=bomb, capture_output=True, check=True, timeout=30)
        assert int(done.stdout) < 20_000  # KiB; the pixels of the smaller one alone would be 243,000


def test_a_photo_of_36_megapixels_costs_little_because_it_is_decoded_small() -> None:
    script = (
        "import resource, sys\n"
        "from common.images import decode\n"
        "data = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert max(decode(data, longest_side=1600).size) == 1600\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    photo = encoded(Image.new("RGB", (7_200, 5_000), (90, 120, 60)), "JPEG")
    done = subprocess.run([sys.executable, "-c", script], input=photo, capture_output=True, check=True, timeout=30)
    assert int(done.stdout) < 90_000  # KiB; decoded whole it is 105,000 and a second copy to shrink it


def test_nothing_but_the_upright_pixels_of_a_photo_survives() -> None:
    upload = photo_with_everything()
    assert b"SECRETCOMMENT" in upload and b"SECRETPHONE" in upload and b"SECRETTAIL" in upload

    kept = clean(upload)

    assert (kept.content_type, kept.width, kept.height) == ("image/jpeg", 300, 400)
    assert b"SECRET" not in kept.data and b"Exif" not in kept.data and b"ICC_PROFILE" not in kept.data
    assert kept.data.endswith(b"\xff\xd9")
    with Image.open(io.BytesIO(kept.data)) as picture:
        assert dict(picture.getexif()) == {}
        assert "comment" not in picture.info
        red, _, blue = picture.convert("RGB").getpixel((150, 20))  # type: ignore[misc]  # a pixel of RGB has three bands
        assert red > 200 and blue < 60


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_a_camera_writes_ends_upright(orientation: int) -> None:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = Image.new("RGB", (40, 60))
    upright.paste((255, 255, 255), (0, 0, 10, 10))
    stored = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation

    for kind in ("JPEG", "PNG", "WEBP"):
        seen = decode(encoded(stored, kind, exif=exif)).convert("L")
        assert seen.size == (40, 60)
        assert seen.getpixel((3, 3)) == pytest.approx(255, abs=8)
        assert seen.getpixel((36, 56)) == pytest.approx(0, abs=8)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_damaged_exif_block_costs_a_photo_only_its_orientation() -> None:
    broken = encoded(Image.new("RGB", (30, 20), (0, 200, 0)), "JPEG", exif=b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff\x01")
    assert decode(broken).size == (30, 20)


def test_text_in_a_png_does_not_survive() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "SECRETAUTHOR")
    kept = clean(encoded(Image.new("RGBA", (9, 9), (1, 2, 3, 4)), "PNG", pnginfo=notes), alpha=True)
    assert kept.content_type == "image/png"
    assert b"SECRET" not in kept.data


@pytest.mark.parametrize(
    ("name", "upload", "expected"),
    [
        ("cmyk", encoded(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "JPEG"), (254, 0, 0)),
        ("16-bit grey", encoded(Image.new("I;16", (20, 20), 32_896), "PNG"), (128, 128, 128)),
        ("palette", encoded(Image.new("RGB", (20, 20), (10, 200, 30)).quantize(4), "PNG"), (10, 200, 30)),
        ("grey with alpha", encoded(Image.new("LA", (20, 20), (0, 128)), "PNG"), (127, 127, 127)),
        ("bilevel", encoded(Image.new("1", (20, 20), 1), "PNG"), (255, 255, 255)),
        ("transparent", encoded(Image.new("RGBA", (20, 20), (255, 0, 0, 0)), "WEBP"), (255, 255, 255)),
    ],
)
def test_every_colour_model_becomes_eight_bit_rgb(name: str, upload: bytes, expected: tuple[int, int, int]) -> None:
    pixels = decode(upload)
    assert pixels.mode == "RGB", name
    assert pixels.getpixel((10, 10)) == pytest.approx(expected, abs=2)


def test_transparency_is_kept_only_where_it_is_asked_for() -> None:
    upload = encoded(Image.new("RGBA", (20, 20), (255, 0, 0, 100)), "PNG")
    assert decode(upload, alpha=True).getpixel((0, 0)) == (255, 0, 0, 100)
    assert decode(upload).mode == "RGB"
    assert decode(JPEG, alpha=True).mode == "RGB"


def test_a_profile_is_applied_and_one_that_cannot_be_read_is_left_out() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (b"not a profile", lab):
        upload = encoded(Image.new("RGB", (20, 20), (40, 80, 120)), "PNG", icc_profile=profile)
        assert decode(upload).getpixel((5, 5)) == (40, 80, 120)


def test_a_phones_second_lens_behind_the_photo_is_no_animation() -> None:
    main, lens = noise(64, 64), Image.new("RGB", (64, 64))
    assert decode(encoded(main, "MPO", save_all=True, append_images=[lens])).size == (64, 64)


@pytest.mark.parametrize("size", [(4_000, 3_000), (3_000, 4_000)])
def test_a_picture_is_shrunk_to_the_longest_side_asked_for(size: tuple[int, int]) -> None:
    shrunk = decode(encoded(Image.new("RGB", size), "JPEG"), longest_side=1_000)
    assert sorted(shrunk.size) == [750, 1_000]
    assert decode(JPEG, longest_side=1_000).size == (200, 200)


def test_the_same_upload_gives_the_same_bytes() -> None:
    upload = photo_with_everything()
    assert clean(upload) == clean(upload)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Tag data larger than file", "ignore:Metadata Warning")
def test_damaged_bytes_are_either_decoded_or_refused_and_never_a_fault(kind: str) -> None:
    chance = random.Random(kind)
    whole = encoded(
        noise(60, 60), kind, exif=b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    )
    refused = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            # Most blows fall on the headers, where the parsers are.
            damaged[chance.randrange(len(damaged) if chance.random() < 0.4 else 160)] = chance.randrange(256)
        upload = with_right_checksums(bytes(damaged)) if kind == "PNG" else bytes(damaged)
        try:
            assert decode(upload).mode == "RGB"
        except Refusal as refusal:
            assert refusal.code.startswith("images.")
            refused += 1
    assert 0 < refused < 400
