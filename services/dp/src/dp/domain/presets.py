"""The design every organiser starts from, on each canvas: what people share when nobody drew anything."""

from dp.domain.template import Border, Box, FillLayer, Layer, Paint, PhotoLayer, ShapeLayer, Template, TextLayer

_NIGHT = Paint(("#140f33", "#2a1a6e", "#5b21b6"), 60)
_RING = Paint(("#ffb35c", "#ff4d8d", "#7c5cff"), 45)
_WHITE, _MILK, _GOLD = "#ffffff", "#ffffffcc", "#ffd166"


def _glow(x: int, y: int, size: int, paint: str) -> ShapeLayer:
    return ShapeLayer("circle", Box(x, y, size, size), Paint((paint,)), blur=150)


def spotlight() -> Template:
    """1080 by 1080: the face in a ring of light, the name large, the event beneath."""
    layers: tuple[Layer, ...] = (
        FillLayer(_NIGHT),
        _glow(-220, -260, 640, "#ff4d8d6b"),
        _glow(660, 620, 640, "#22d3ee4d"),
        _glow(310, 110, 460, "#7c5cff73"),
        TextLayer(
            Box(140, 58, 800, 40), 20, 32, _GOLD, text="I\u2019m attending", case="upper", tracking=240, max_lines=1
        ),
        PhotoLayer("circle", Box(324, 146, 432, 432), border=Border(10, _RING, 12)),
        TextLayer(Box(80, 636, 920, 112), 40, 96, _WHITE, field="name", weight="black"),
        ShapeLayer("rounded", Box(504, 776, 72, 6), _RING, radius=3),
        TextLayer(Box(120, 808, 840, 112), 28, 50, _WHITE, field="event.name"),
        TextLayer(Box(120, 944, 840, 32), 20, 29, _MILK, field="event.date", weight="medium", max_lines=1),
        TextLayer(Box(120, 986, 840, 32), 20, 29, _MILK, field="event.place", weight="medium", max_lines=1),
    )
    return Template(1080, 1080, layers)


def poster() -> Template:
    """1080 by 1350: the photo fills the picture, words stand on its darkened foot."""
    layers: tuple[Layer, ...] = (
        FillLayer(_NIGHT),
        PhotoLayer("rectangle", Box(0, 0, 1080, 1350)),
        ShapeLayer("rectangle", Box(0, 0, 1080, 260), Paint(("#0b0820a6", "#0b082000"), 90)),
        ShapeLayer("rectangle", Box(0, 560, 1080, 790), Paint(("#0b082000", "#0b0820d9", "#0b0820fa"), 90)),
        ShapeLayer("rounded", Box(64, 64, 338, 64), _RING, radius=32),
        TextLayer(
            Box(84, 78, 298, 36), 18, 26, _WHITE, text="I\u2019m attending", case="upper", tracking=120, max_lines=1
        ),
        TextLayer(
            Box(64, 800, 952, 232), 44, 128, _WHITE, field="name", weight="black", align="left", vertical_align="bottom"
        ),
        ShapeLayer("rounded", Box(64, 1062, 96, 8), _RING, radius=4),
        TextLayer(Box(64, 1092, 952, 104), 28, 48, _WHITE, field="event.name", align="left"),
        TextLayer(
            Box(64, 1218, 952, 32), 20, 30, _MILK, field="event.date", weight="medium", align="left", max_lines=1
        ),
        TextLayer(
            Box(64, 1260, 952, 32), 20, 30, _MILK, field="event.place", weight="medium", align="left", max_lines=1
        ),
    )
    return Template(1080, 1350, layers)
