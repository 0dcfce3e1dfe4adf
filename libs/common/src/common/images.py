"""Upload hardening, once for every service: whatever a stranger sends becomes plain pixels before anyone keeps it.

Nothing of the upload survives but what can be seen. The file is judged by its own header before memory is spent on it,
decoded completely (a half of a JPEG passes Pillow's `verify`), turned upright, brought to 8-bit sRGB and pasted into a
new picture. So no EXIF, GPS position, comment, colour profile or appended HTML can travel on. Keep and serve only what
`encode_jpeg` and `encode_png` return, under a name of your own.

All of it is CPU work without I/O: call it off the event loop.
"""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms

from common.refusals import TooLarge, Unprocessable, UnsupportedMedia

_SIGNATURES: Final = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "WEBP": b"RIFF"}
_START_OF_SCAN: Final = b"\xff\xda"
# Cameras write about ten scans into a progressive JPEG. Each costs a pass over all pixels, so thousands of them in a
# small file would occupy a core for minutes.
_MOST_SCANS: Final = 64
_LARGEST_PROFILE: Final = 1_000_000
_ORIENTATION_TAG: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow may raise on bytes that are not what they claim to be. Not `MemoryError`: that is our shortage.
_BROKEN: Final = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError),
    *(SyntaxError, TypeError, ValueError, struct.error, zlib.error),
)
_WHITE: Final = (255, 255, 255)


class FileTooLarge(TooLarge):
    """The picture's file has {size} bytes; at most {limit} are accepted."""

    code = "images.too_large"


class UnsupportedFormat(UnsupportedMedia):
    """Only JPEG, PNG and WebP pictures are accepted. A HEIC photo of an iPhone has to be converted to JPEG first."""

    code = "images.unsupported_format"


class TooManyPixels(Unprocessable):
    """The picture has more than the {limit} pixels that are accepted."""

    code = "images.too_many_pixels"


class Animated(Unprocessable):
    """The picture has {frames} frames; at most {limit} are accepted."""

    code = "images.animated"


class TooElongated(Unprocessable):
    """The picture is more than {limit} times as long in one direction as in the other."""

    code = "images.too_elongated"


class TooComplex(Unprocessable):
    """The picture is built of {scans} scans; at most {limit} are accepted. Save it anew, then send it again."""

    code = "images.too_complex"


class Truncated(Unprocessable):
    """The picture is incomplete or damaged."""

    code = "images.truncated"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an upload may cost. Sizes in bytes and pixels; `aspect` is the longer side divided by the shorter one."""

    file_bytes: int = 15_000_000
    pixels: int = 40_000_000
    frames: int = 1
    aspect: float = 6.0


PHOTO: Final = Limits()


@dataclass(frozen=True, slots=True)
class CleanImage:
    """Bytes made here from pixels alone, safe to keep and to serve with `content_type`."""

    data: bytes
    content_type: str
    width: int
    height: int


def decode(data: bytes, *, limits: Limits = PHOTO, longest_side: int | None = None, alpha: bool = False) -> Image.Image:
    """The pixels of an upload as a new 8-bit sRGB picture, upright, with nothing else attached.

    Args:
        longest_side: shrink so that neither side is longer; JPEGs are then decoded at a fraction of the cost.
        alpha: keep transparency (mode RGBA) where the upload has any; otherwise it is laid on white (mode RGB).

    Raises: FileTooLarge, UnsupportedFormat, TooManyPixels, Animated, TooElongated, TooComplex, Truncated.
    """
    picture = _open(data, limits)
    _judge_header(picture, data, limits)
    if longest_side is not None:
        picture.draft(None, _within(picture.size, longest_side))
    try:
        picture.load()
        turn = _UPRIGHT.get(_orientation(picture))
        # Some damage only shows when colours are asked for: a palette picture without its palette loads.
        pixels = _to_srgb(picture, longest_side, alpha=alpha)
    except _BROKEN:
        raise Truncated() from None
    upright = pixels.transpose(turn) if turn is not None else pixels
    return _bare(upright)


def clean(
    data: bytes, *, limits: Limits = PHOTO, longest_side: int | None = None, alpha: bool = False, quality: int = 90
) -> CleanImage:
    """An upload re-encoded: PNG where `alpha` is asked for and the picture has any, else JPEG. Raises as `decode`."""
    pixels = decode(data, limits=limits, longest_side=longest_side, alpha=alpha)
    return encode_png(pixels) if pixels.mode == "RGBA" else encode_jpeg(pixels, quality=quality)


def encode_jpeg(pixels: Image.Image, *, quality: int = 88) -> CleanImage:
    """A JPEG of an RGB picture. The same pixels give the same bytes."""
    out = io.BytesIO()
    pixels.save(out, "JPEG", quality=quality, subsampling="4:2:0", optimize=False, progressive=False)
    return CleanImage(out.getvalue(), "image/jpeg", pixels.width, pixels.height)


def encode_png(pixels: Image.Image) -> CleanImage:
    """A PNG of an RGB or RGBA picture, packed for speed: level 1 costs a quarter of the default."""
    out = io.BytesIO()
    pixels.save(out, "PNG", compress_level=1)
    return CleanImage(out.getvalue(), "image/png", pixels.width, pixels.height)


def _open(data: bytes, limits: Limits) -> Image.Image:
    if len(data) > limits.file_bytes:
        raise FileTooLarge(size=len(data), limit=limits.file_bytes)
    kind = next((kind for kind, signature in _SIGNATURES.items() if data.startswith(signature)), None)
    if kind is None or (kind == "WEBP" and data[8:12] != b"WEBP"):
        raise UnsupportedFormat()
    try:
        return Image.open(io.BytesIO(data), formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels(limit=limits.pixels) from None
    except _BROKEN:
        raise Truncated() from None


def _judge_header(picture: Image.Image, data: bytes, limits: Limits) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise Truncated()
    if width * height > limits.pixels:
        raise TooManyPixels(limit=limits.pixels)
    if max(width, height) > limits.aspect * min(width, height):
        raise TooElongated(limit=limits.aspect)
    # Phones append a depth map or a second lens to a JPEG (Pillow calls that MPO). It is not an animation, and only
    # the first picture is ever read.
    frames = 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))
    if frames > limits.frames:
        raise Animated(frames=frames, limit=limits.frames)
    if picture.format in ("JPEG", "MPO") and (scans := data.count(_START_OF_SCAN)) > _MOST_SCANS:
        raise TooComplex(scans=scans, limit=_MOST_SCANS)


def _within(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """The size in the same proportion whose longer side is at most `longest_side`."""
    width, height = size
    if max(size) <= longest_side:
        return size
    scale = longest_side / max(size)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _orientation(picture: Image.Image) -> int:
    # A damaged EXIF block is no reason to refuse a good photo: it only loses the say on its orientation.
    try:
        value = picture.getexif().get(_ORIENTATION_TAG, 1)
    except _BROKEN:
        return 1
    return value if isinstance(value, int) else 1


def _to_srgb(picture: Image.Image, longest_side: int | None, *, alpha: bool) -> Image.Image:
    profile = picture.info.get("icc_profile")
    has_alpha = picture.has_transparency_data
    pixels = _to_eight_bits(picture, has_alpha=has_alpha)
    if longest_side is not None and max(pixels.size) > longest_side:
        pixels = pixels.resize(_within(pixels.size, longest_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    mask = pixels.getchannel("A") if has_alpha else None
    colours = _apply_profile(pixels.convert("RGB") if has_alpha else pixels, profile)
    if mask is None:
        return colours
    if alpha:
        colours.putalpha(mask)
        return colours
    flat = Image.new("RGB", colours.size, _WHITE)
    flat.paste(colours, mask=mask)
    return flat


def _to_eight_bits(picture: Image.Image, *, has_alpha: bool) -> Image.Image:
    """RGBA where there is transparency, CMYK left as it is (its profile knows more than we do), else RGB."""
    if has_alpha:
        return picture.convert("RGBA")
    if picture.mode.startswith("I"):
        # A 16-bit grey scale: Pillow's own conversion would clip everything above 255 to white.
        return picture.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    return picture if picture.mode in ("RGB", "CMYK") else picture.convert("RGB")


def _apply_profile(pixels: Image.Image, profile: object) -> Image.Image:
    """Pixels in sRGB. A profile that does not fit or cannot be read is left out, as browsers do."""
    if isinstance(profile, bytes) and len(profile) <= _LARGEST_PROFILE:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(pixels, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, *_BROKEN):
            converted = None
        if converted is not None:
            return converted
    return pixels.convert("RGB")


def _bare(pixels: Image.Image) -> Image.Image:
    fresh = Image.new(pixels.mode, pixels.size)
    fresh.paste(pixels)
    return fresh


_SRGB: Final = ImageCms.createProfile("sRGB")
