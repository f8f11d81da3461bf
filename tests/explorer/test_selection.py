"""Chosen images of a study."""

import io
import re
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

import limbeck
from helpers.made_up import CLASSES
from limbeck.runtime.errors import InputError


@pytest.fixture(scope="module")
def study(hostile_study):
    return limbeck.open_study(hostile_study)


@pytest.fixture(scope="module")
def ids(study):
    return study.samples["sample_id"].tolist()


def test_images_keep_the_order_in_which_they_were_chosen(study, ids):
    selection = study.select([ids[9], ids[2], ids[9]])
    assert (len(selection), selection.ids) == (2, [ids[9], ids[2]])
    np.testing.assert_array_equal(selection.images, study.images()[[9, 2]])
    frame = selection.frame(budget=200)
    assert frame["class"].tolist() == [CLASSES[1], CLASSES[2]]
    for method in study.methods:
        logits = study.predictions(method, budget=200)[[9, 2]]
        expected = [CLASSES[k] for k in logits.argmax(axis=1)]
        assert frame[f"prediction:{method}"].tolist() == expected


def test_the_smallest_budget_is_the_default(study, ids):
    selection = study.select(ids)
    assert selection.frame().equals(selection.frame(budget=50))
    assert not selection.frame().equals(selection.frame(budget=200))


def test_a_contact_sheet_holds_the_images_and_names_as_text(study, ids, tmp_path):
    sheet = study.select(ids[:6]).show(budget=50)
    source = sheet._repr_html_()
    assert "<script" not in source and "<i>" not in source
    assert source.count("&lt;script&gt;document.title=&quot;broken&quot;&lt;/script&gt;") >= 2
    pictures = [b64decode(text) for text in re.findall(r"base64,([^\"]+)", source)]
    for row, data in enumerate(pictures):
        np.testing.assert_array_equal(Image.open(io.BytesIO(data)), study.images()[row])
    assert len(pictures) == 6
    frame = study.select(ids[:6]).frame(budget=50)
    wrong = sum((frame[f"prediction:{name}"] != frame["class"]).sum() for name in study.methods)
    assert source.count("✗") == wrong > 0
    sheet.save(tmp_path / "sheet.html")
    assert source in (tmp_path / "sheet.html").read_text(encoding="utf-8")


def test_ids_from_a_file(study, ids, tmp_path):
    import json

    path = tmp_path / "selection.json"
    path.write_text(json.dumps(ids[3:5]))
    assert study.select(path).ids == study.select(str(path)).ids == ids[3:5]
    assert len(study.select([])) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [('{"a": 1}', "must be a JSON list"), ("[1]", "must be a JSON list"), ("a, b", "not JSON")],
)
def test_a_file_of_something_else(study, tmp_path, content, message):
    path = tmp_path / "selection.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        study.select(path)


def test_ids_that_are_not_there(study, tmp_path):
    with pytest.raises(InputError, match="No such file"):
        study.select(tmp_path / "none.json")
    with pytest.raises(InputError, match="'x' is no test image of"):
        study.select(["x"])
