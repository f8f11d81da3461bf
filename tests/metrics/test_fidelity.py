"""Agreement with a teacher, by hand and against SciPy."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from limbeck.metrics.fidelity import teacher_agreement, teacher_divergence
from limbeck.runtime.errors import InputError

STUDENT = np.array([[2.0, 1, 0], [0, 3, 1], [1, 1, 0], [5, 5, 5]])
TEACHER = np.array([[9.0, 1, 0], [0, 1, 3], [0, 2, 1], [1, 0, 1]])


def test_agreement_by_hand():
    # The third student chooses between two classes, the fourth between all three, its teacher
    # between two: both name the same with probability 2 / 6.
    expected = (1 + 0 + 1 / 2 + 2 * (1 / 3) * (1 / 2)) / 4
    assert teacher_agreement(STUDENT, TEACHER) == pytest.approx(expected)
    assert teacher_agreement(TEACHER, STUDENT) == pytest.approx(expected)


def test_divergence_is_scipys():
    expected = entropy(softmax(TEACHER, axis=1), softmax(STUDENT, axis=1), axis=1).mean()
    assert teacher_divergence(STUDENT, TEACHER) == pytest.approx(expected)
    assert teacher_divergence(STUDENT, STUDENT + 7) == pytest.approx(0, abs=1e-12)
    assert teacher_divergence(TEACHER, STUDENT) != pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("metric", [teacher_agreement, teacher_divergence])
def test_what_is_refused(metric):
    broken = np.where(TEACHER == 9, np.nan, TEACHER)
    with pytest.raises(InputError, match="^teacher logits: 1 of 12 values are NaN or infinite$"):
        metric(STUDENT, broken)
    with pytest.raises(InputError, match="^logits: 1 of 12"):
        metric(broken, TEACHER)
    message = r"^teacher logits: shape \(3, 3\), where \(4, 3\) is needed$"
    with pytest.raises(InputError, match=message):
        metric(STUDENT, TEACHER[:3])
