"""Pictures for the seeded posts: landscapes by the sea, drawn with Pillow."""

from __future__ import annotations

import io
import math
import random

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1200, 800
_SKIES = (
    ((250, 214, 165), (94, 129, 172)),
    ((253, 187, 140), (120, 82, 126)),
    ((214, 234, 248), (86, 152, 202)),
    ((255, 236, 210), (230, 126, 98)),
    ((205, 220, 225), (90, 110, 125)),
    ((30, 40, 80), (8, 12, 30)),
)
_LANDS = ((46, 80, 72), (70, 92, 60), (60, 66, 90), (92, 70, 62), (38, 58, 78))


def landscape(number: int) -> bytes:
    """A JPEG of about 60 kB: sky, sun or moon, hills, water, birds; the same for a number."""
    dice = random.Random(number + 4000)
    low, high = dice.choice(_SKIES)
    horizon = int(HEIGHT * dice.uniform(0.55, 0.7))
    picture = _gradient(high, low, horizon)
    draw = ImageDraw.Draw(picture)
    sun, at = (
        dice.randint(30, 75),
        (dice.randint(150, WIDTH - 150), dice.randint(120, horizon - 90)),
    )
    draw.ellipse((at[0] - sun, at[1] - sun, at[0] + sun, at[1] + sun), fill=(255, 246, 214))
    land = dice.choice(_LANDS)
    for layer in range(3):
        shade = tuple(int(c + (1 - layer / 2) * (low[i] - c) * 0.5) for i, c in enumerate(land))
        _hills(draw, dice, horizon, 150 - 45 * layer, shade)
    picture.paste(_water(picture, horizon), (0, horizon))
    draw = ImageDraw.Draw(picture)
    for _ in range(dice.randint(2, 6)):
        _bird(
            draw, dice.randint(80, WIDTH - 80), dice.randint(60, horizon - 160), dice.randint(9, 26)
        )
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _gradient(top: tuple[int, ...], bottom: tuple[int, ...], horizon: int) -> Image.Image:
    picture = Image.new("RGB", (1, HEIGHT))
    for y in range(HEIGHT):
        share = min(1.0, y / horizon)
        picture.putpixel(
            (0, y), tuple(int(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        )
    return picture.resize((WIDTH, HEIGHT))


def _hills(
    draw: ImageDraw.ImageDraw,
    dice: random.Random,
    horizon: int,
    height: int,
    shade: tuple[int, ...],
) -> None:
    phase, waves = dice.uniform(0, 6), dice.uniform(1.2, 3.0)
    points = [
        (
            x,
            horizon
            - height * (0.5 + 0.5 * math.sin(phase + waves * 2 * math.pi * x / WIDTH))
            - 12 * math.sin(phase * 3 + x / 37),
        )
        for x in range(0, WIDTH + 10, 10)
    ]
    draw.polygon([(0, horizon), *points, (WIDTH, horizon)], fill=shade)


def _water(picture: Image.Image, horizon: int) -> Image.Image:
    """What lies above the horizon, mirrored, darker and blurred."""
    depth = HEIGHT - horizon
    mirrored = picture.crop((0, horizon - depth, WIDTH, horizon)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    sea = Image.new("RGB", mirrored.size, (24, 60, 84))
    return Image.blend(mirrored, sea, 0.35).filter(ImageFilter.GaussianBlur(3))


def _bird(draw: ImageDraw.ImageDraw, x: int, y: int, size: int) -> None:
    ink = (40, 44, 52)
    draw.arc((x - 2 * size, y - size, x, y + size), 200, 340, fill=ink, width=3)
    draw.arc((x, y - size, x + 2 * size, y + size), 200, 340, fill=ink, width=3)
