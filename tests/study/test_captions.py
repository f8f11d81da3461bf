"""Captions of the report: complete for all that is declared, and what a config says is text."""

import html
import re

import pytest
from docutils.core import publish_parts

from limbeck.study.captions import OTHERS, figure_caption, plain, table_caption
from limbeck.study.config import check_config
from limbeck.study.registry import FIGURES, TABLES
from limbeck.study.settings import LEAST_FOLDS

pytestmark = pytest.mark.filterwarnings("ignore:Argument .writer_name.")
HOSTILE = (
    "</script><script>alert(1)</script>",
    "\n\n.. include:: /etc/passwd\n\n",
    "\n.. raw:: html\n\n   <script>alert(1)</script>\n",
    "`link <javascript:alert(1)>`_ |substitution| [1]_ *a* **b** ``c`` _`d` e_ f__",
    ":raw-html:`<b>`  `x`:raw: \\ \\\\ {folds} {0} %s",
    "1. one\x00\u2028two\u202e ünd 中 é",
    "======\ntitle\n======",
    "",
)


def shown(caption: str) -> str:
    """Return the text that a reader sees, of a caption that docutils has no complaint about."""
    body = publish_parts(caption, writer_name="html")["body"]  # As Snakemake calls it.
    assert "system-message" not in body
    assert "<script" not in body and "<a " not in body
    return html.unescape(re.sub(r"<[^>]*>", "", body)).strip().replace("\n", " ")


def in_a_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_shown_as_it_is(text):
    caption = f"Before {plain(text)} after."
    assert caption.count("\n") == 0 and "</script" not in caption
    assert " ".join(shown(caption).split()) == " ".join(f"Before {in_a_line(text)} after.".split())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_class_is_text_in_its_figures_caption(config, text):
    config["figures"]["boundary"]["class"] = text
    caption = shown(figure_caption(check_config(config), "boundary"))
    assert f"In colour class “{in_a_line(text)}”, in grey" in caption


def test_ends_are_words_and_names_of_the_config(config):
    config["figures"]["boundary"]["class"] = "first"
    caption = shown(figure_caption(check_config(config), "boundary"))
    assert "In colour the first class of the dataset" in caption
    assert "embedding tsne (200 labelled images, fold 0; Fig. 13" in caption


@pytest.mark.parametrize("folds", [1, 2, LEAST_FOLDS])
@pytest.mark.parametrize("kind", FIGURES)
def test_each_kind_of_figure_has_a_caption(config, kind, folds):
    config |= {"figures": {"shown": {"kind": kind}}, "folds": folds, "published": "cifar100"}
    config["dataset"] = {"name": "cifar100", "path": "data"}
    config["run"]["figures"] = ["shown"]
    caption = shown(figure_caption(check_config(config), "shown"))
    assert len(caption) > 80 and not set("{}\\") & set(caption)


@pytest.mark.parametrize("folds", [1, LEAST_FOLDS])
@pytest.mark.parametrize("table", [*TABLES, *OTHERS])
def test_each_table_has_a_caption(config, table, folds):
    config["folds"] = folds
    caption = shown(table_caption(check_config(config), table))
    assert len(caption) > 40 and not set("{}\\") & set(caption)


def test_tests_are_promised_from_as_many_folds_on_as_they_are_made(config):
    for folds in (1, LEAST_FOLDS - 1, LEAST_FOLDS):
        config["folds"] = folds
        checked = check_config(config)
        captions = [
            shown(figure_caption(checked, "bars")),
            shown(table_caption(checked, "statistics")),
        ]
        promised = ["paired t-test" in caption for caption in captions]
        assert promised == [folds >= LEAST_FOLDS] * 2
    assert "An asterisk: a difference from undistilled at the level 0.05" in captions[0]
    assert "d_z" in captions[1]


def test_bars_are_of_as_many_folds_as_there_are(config):
    assert "deviations over 2 folds" in shown(figure_caption(check_config(config), "bars"))
    assert "deviations over 2 folds" in shown(table_caption(check_config(config), "accuracy"))
    config["folds"] = 1
    assert "one fold, so no deviation" in shown(figure_caption(check_config(config), "bars"))
    assert "One fold: no deviation" in shown(table_caption(check_config(config), "accuracy"))


def test_folds_are_those_of_the_methods_that_are_shown(config):
    config["folds"] = LEAST_FOLDS
    config["methods"]["teacher"]["folds"] = 2
    config["figures"]["alike"]["pairs"] = [["undistilled", "distilled"]]
    checked = check_config(config)
    assert "over 2 to 5 folds" in shown(figure_caption(checked, "bars"))
    assert "over 2 to 5 folds" in shown(table_caption(checked, "accuracy"))
    assert "mean over 5 folds" in shown(figure_caption(checked, "alike"))
    assert "paired over 5 folds" in shown(table_caption(checked, "statistics"))
    config["figures"]["bars"]["methods"] = ["teacher"]
    assert "over 2 folds" in shown(figure_caption(check_config(config), "bars"))


def test_superclasses_are_not_promised(config):
    caption = shown(figure_caption(check_config(config), "pair"))
    assert "Where there are superclasses, classes are ordered by them" in caption
