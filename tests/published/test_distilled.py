"""Published accuracies of distilled students."""

from collections import Counter

import pytest

from limbeck.published.distilled import datasets, read_distilled
from limbeck.published.numbers import names
from limbeck.runtime.errors import InputError

REPDISTILLER = "RepDistiller, README (Tian et al. 2020)"
DKD = "mdistiller, README (Zhao et al. 2022)"
DIST = "DIST_KD, README (Huang et al. 2022)"
LOGIT_STD = "logit-standardization-KD, README (Sun et al. 2024)"
METHODS = ["KD", "FitNet", "AT", "SP", "CC", "VID", "RKD", "PKT", "AB", "FT", "FSP", "NST", "CRD"]


@pytest.fixture(scope="module")
def cells():
    return read_distilled("cifar100")


def table(cells, source, field="accuracy"):
    return {
        (cell.teacher, cell.student, cell.label): getattr(cell, field)
        for cell in cells
        if cell.source == source
    }


@pytest.mark.parametrize(
    ("source", "teacher", "student", "label", "accuracy"),
    # Read by eye: the corners and some inner cells of each table.
    [
        (REPDISTILLER, "wrn_40_2", "wrn_16_2", "KD", 74.92),
        (REPDISTILLER, "vgg13", "vgg8", "KD", 72.98),
        (REPDISTILLER, "wrn_40_2", "wrn_16_2", "CRD", 75.48),
        (REPDISTILLER, "vgg13", "vgg8", "CRD", 73.94),
        (REPDISTILLER, "resnet56", "resnet20", "AT", 70.55),
        (REPDISTILLER, "resnet32x4", "resnet8x4", "RKD", 71.90),
        (REPDISTILLER, "vgg13", "MobileNetV2", "KD", 67.37),
        (REPDISTILLER, "wrn_40_2", "ShuffleNetV1", "CRD", 76.05),
        (REPDISTILLER, "ResNet50", "MobileNetV2", "AT", 58.58),
        (REPDISTILLER, "wrn_40_2", "wrn_40_1", "FSP", None),
        (REPDISTILLER, "", "wrn_40_2", "Teacher", 75.61),
        (REPDISTILLER, "", "MobileNetV2", "Student", 64.60),
        (DKD, "wrn_40_2", "wrn_16_2", "DKD", 76.23),
        (DKD, "ResNet50", "MobileNetV2", "DKD", 70.35),
        (DIST, "resnet32x4", "ShuffleNetV2", "DIST", 77.35),
        (LOGIT_STD, "resnet32x4", "resnet8x4", "KD+LogitStd", 76.62),
        (LOGIT_STD, "ResNet50", "MobileNetV2", "MLKD+LogitStd", 71.19),
        (LOGIT_STD, "wrn_40_2", "wrn_16_2", "DKD", 76.24),
    ],
)
def test_cells_are_those_of_the_source(source, teacher, student, label, accuracy, cells):
    assert table(cells, source)[teacher, student, label] == accuracy


def test_tables_are_whole(cells):
    assert Counter(cell.source for cell in cells) == {
        REPDISTILLER: 9 + 6 + 13 * 7 + 12 * 6,
        DKD: 2 * (6 + 5),
        DIST: 6 + 10,
        LOGIT_STD: 8 * 14,
    }
    keys = [(cell.source, cell.teacher, cell.student, cell.label) for cell in cells]
    assert len(set(keys)) == len(keys)
    repdistiller = [cell for cell in cells if cell.source == REPDISTILLER and cell.teacher]
    assert len({(cell.teacher, cell.student) for cell in repdistiller}) == 13
    assert list(dict.fromkeys(cell.label for cell in repdistiller)) == METHODS
    assert [cell.label for cell in cells if cell.accuracy is None] == ["FSP"]


def test_sources_agree_on_what_they_took_from_repdistiller(cells):
    first = table(cells, REPDISTILLER)
    shared = 0
    for source in (DKD, DIST, LOGIT_STD):
        for key, accuracy in table(cells, source).items():
            if key in first:
                assert accuracy == first[key], (source, key)
                shared += 1
    # KD on DKD's 11 pairs and on LogitStd's 7 + 3; DIST's 10 networks alone.
    assert shared == 11 + 10 + 10


def test_deviations_and_standardised_logits(cells):
    assert table(cells, DIST, "std")["resnet56", "resnet20", "DIST"] == 0.30
    assert {cell.source for cell in cells if cell.std is not None} == {DIST}
    assert {cell.trials for cell in cells} == {None}
    for cell in cells:
        assert cell.standardise == cell.label.endswith("+LogitStd")


def test_objectives_are_limbecks(cells):
    found = {cell.label: cell.objective for cell in cells}
    assert found["KD"] == found["KD+LogitStd"] == "distillation"
    assert found["Teacher"] == found["Student"] == "cross_entropy"
    assert found["AT"] == "attention_transfer"
    assert {label for label, objective in found.items() if not objective} == {
        *("AB", "FT", "FSP", "CTKD", "CTKD+LogitStd", "MLKD", "MLKD+LogitStd")
    }


def test_other_datasets_are_one_line():
    assert datasets() == ["cifar100"]
    assert names() == ["cifar100"]  # of the other form of tables
    with pytest.raises(InputError, match="published distillation = 'cifar10': did you mean"):
        read_distilled("cifar10")
