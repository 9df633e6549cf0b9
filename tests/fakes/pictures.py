"""Pictures as students send them: screenshots of a terminal, in any file format."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from adapters.base import Image as Picture

TRACEBACK = """Traceback (most recent call last):
  File "train.py", line 12, in <module>
    import xtuner
ModuleNotFoundError: No module named 'xtuner'"""


def screenshot(text: str = TRACEBACK, size: tuple[int, int] = (640, 140)) -> Image.Image:
    """The text in white on a dark ground, below each other."""
    image = Image.new("RGB", size, (20, 20, 30))
    ImageDraw.Draw(image).text((12, 10), text, font=_font(20), fill="white", spacing=8)
    return image


def picture(image: Image.Image, kind: str = "PNG", **options: object) -> Picture:
    """The picture as a file of this kind."""
    file = BytesIO()
    image.save(file, kind, **options)
    return Picture(f"image/{kind.lower()}", file.getvalue())


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in ("DejaVuSansMono.ttf", "NotoSansMono-Regular.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
