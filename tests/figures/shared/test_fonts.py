"""Fonts for names in any script."""

from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font

from limbeck.figures.shared import fonts


def test_usual_names_need_one_font(caplog):
    assert fonts.families_for(["pseudo_labelling", "Π-Model", "Käfer", "שלום", "собака"]) == [
        fonts.FIRST
    ]
    assert caplog.text == ""


def test_a_font_that_has_what_the_first_lacks_follows_it(caplog):
    # A symbol of APL, which is in the fixed-width font that comes with Matplotlib.
    first, second = fonts.families_for(["abc ⌸"])
    assert first == fonts.FIRST
    assert ord("⌸") in FT2Font(findfont(second)).get_charmap()
    assert ord("⌸") not in FT2Font(findfont(first)).get_charmap()
    assert caplog.text == ""


def test_characters_that_no_font_has_are_named_once(caplog):
    # Linear A is in no font that is likely to be installed.
    missing = "\U00010600\U00010601"
    assert fonts.families_for([missing, missing]) == [fonts.FIRST]
    assert caplog.messages == [
        f"no installed font has {missing[0]} {missing[1]}; names show boxes there. Install one, "
        "such as Noto Sans CJK, and draw again"
    ]
