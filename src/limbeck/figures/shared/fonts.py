"""Fonts for names in any script."""

import logging
from collections.abc import Iterable

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

logger = logging.getLogger(__name__)
FIRST = "DejaVu Sans"
# Draws a box with the character's number, for want of a glyph.
LAST_RESORT = "Last Resort"


def families_for(texts: Iterable[str]) -> list[str]:
    """Return the font families in which texts can be drawn, the usual one first.

    Installed fonts are looked through for characters that it lacks. Those that no font has are
    logged, with what to install.
    """
    lacking = {character for text in texts for character in text if character.isprintable()}
    families = [FIRST]
    lacking -= _characters(font_manager.findfont(FIRST))
    for font in sorted(font_manager.fontManager.ttflist, key=lambda font: (font.name, font.fname)):
        if not lacking:
            break
        if font.style != "normal" or font.name.startswith(LAST_RESORT) or font.name in families:
            continue
        if found := lacking & _characters(font.fname):
            families.append(font.name)
            lacking -= found
    if lacking:
        logger.warning(
            "no installed font has %s; names show boxes there. Install one, such as Noto Sans CJK, "
            "and draw again",
            " ".join(sorted(lacking)[:20]),
        )
    return families


def _characters(path: str) -> set[str]:
    return {chr(code) for code in FT2Font(path).get_charmap()}
