"""The page that every frame is drawn on: panels side by side, names above, place below.

A column is a file and a row a channel. Nothing is drawn over the images: names stand in
bands above them, scale bar, time and depth in a band below.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .scalebar import Bar

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

PAPER, INK = 32, 240  # grey values; paper is lighter than black, so that edges are seen
GAP_PX = 4
BAR_PX = 3  # thickness
SMALLEST_FONT_PX, LARGEST_FONT_PX = 12, 28
FONT_PER_PANEL = 1 / 14  # of the width of a panel
NARROWEST_COLUMN_PX = 64  # so that names of narrow panels can be read


class Sheet:
    """Draws frames of one size, with images of sizes `panel` (Y, X) in pixels.

    `columns` names each file, shortened in the middle where too long; `rows` each channel, and an
    empty name takes no room. `longest` holds the longest text of each field below.
    """

    def __init__(
        self,
        panel: tuple[int, int],
        columns: Sequence[str],
        rows: Sequence[str],
        longest: Sequence[str],
        bar: Bar | None,
    ) -> None:
        size = round(panel[1] * FONT_PER_PANEL)
        self._font = _load_font(min(max(size, SMALLEST_FONT_PX), LARGEST_FONT_PX))
        self._band = sum(self._font.getmetrics()) + 2
        self._panel = panel
        self._columns = tuple(columns)
        self._rows = tuple(rows)
        self._bar = bar
        self._column = max(panel[1], NARROWEST_COLUMN_PX)
        below = max((self._width(text) for text in longest), default=0)
        width = max(self._left(len(columns)), below + 2 * GAP_PX)
        self._fields, n_lines = self._flow(longest, width)
        height = self._row_top(len(rows)) + n_lines * self._band + GAP_PX // 2
        self.size = (height + height % 2, width + width % 2)  # video needs even sizes
        self._base = self._draw_base()

    def draw(self, images: Sequence[Sequence[np.ndarray]], texts: Sequence[str]) -> np.ndarray:
        """Return one frame, uint8 of shape `size`.

        `images` are uint8, by row and column, each of the size of a panel; `texts` are the fields
        below, none longer than announced.
        """
        from PIL import Image, ImageDraw

        page = Image.fromarray(self._base)
        pen = ImageDraw.Draw(page)
        for text, (x, line) in zip(texts, self._fields, strict=True):
            top = self._row_top(len(self._rows)) + line * self._band
            pen.text((x, top), text, INK, self._font)
        frame = np.array(page)
        for r, row in enumerate(images):
            top = self._row_top(r) + (self._band if self._rows[r] else 0)
            for c, image in enumerate(row):
                left = self._left(c)
                frame[top : top + self._panel[0], left : left + self._panel[1]] = image
        return frame

    def _draw_base(self) -> np.ndarray:
        """What is the same in all frames: names and scale bar."""
        from PIL import Image, ImageDraw

        page = Image.new("L", self.size[::-1], PAPER)
        pen = ImageDraw.Draw(page)
        for c, name in enumerate(self._columns):
            text = self._shortened(name)
            pen.text((self._left(c), GAP_PX // 2), text, INK, self._font)
        for r, name in enumerate(self._rows):
            pen.text((self._left(0), self._row_top(r)), self._shortened(name), INK, self._font)
        if self._bar is not None:
            self._draw_bar(pen, self._bar)
        return np.array(page)

    def _draw_bar(self, pen: ImageDraw, bar: Bar) -> None:
        top = self._row_top(len(self._rows))
        left, middle = self._left(0), top + self._band // 2
        pen.rectangle(
            (left, middle - BAR_PX // 2, left + bar.length_px - 1, middle + BAR_PX // 2), INK
        )
        pen.text((left + bar.length_px + GAP_PX, top), bar.label, INK, self._font)

    def _flow(self, longest: Sequence[str], width: int) -> tuple[list[tuple[int, int]], int]:
        """Place the fields below one after the other, on a new line where there is no room.

        Gives x in pixels and the line of each, and the number of lines.
        """
        x, line = self._left(0), 0
        if self._bar is not None:
            x += self._bar.length_px + GAP_PX + self._width(self._bar.label) + 3 * GAP_PX
        places = []
        for text in longest:
            needed = self._width(text)
            if x > self._left(0) and x + needed > width - GAP_PX:
                x, line = self._left(0), line + 1
            places.append((x, line))
            x += needed + 3 * GAP_PX
        return places, line + 1 if places or self._bar else 0

    def _shortened(self, name: str) -> str:
        """Take out of the middle what does not fit over a panel."""
        kept = len(name)
        short = name
        while kept > 2 and self._width(short) > self._column:
            kept -= 1
            short = f"{name[: (kept + 1) // 2]}…{name[len(name) - kept // 2 :]}"
        return short

    def _width(self, text: str) -> int:
        return int(np.ceil(self._font.getlength(text)))

    def _left(self, column: int) -> int:
        return GAP_PX + column * (self._column + GAP_PX)

    def _row_top(self, row: int) -> int:
        """Where a row begins, its name included."""
        named = sum(bool(name) for name in self._rows[:row])
        names = GAP_PX // 2 + self._band
        return names + row * (self._panel[0] + GAP_PX) + named * self._band


def _load_font(size_px: int) -> FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: Latin, Greek and Cyrillic, digits of one width."""
    import matplotlib
    from PIL import ImageFont

    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(file), size_px)
