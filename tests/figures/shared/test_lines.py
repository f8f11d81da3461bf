"""What figures say of their points."""

import pandas as pd
import pytest

from limbeck.figures.shared.lines import describe_folds


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([[5, 5]], "5 folds"),
        ([[5, 2], [3]], "2 to 5 folds"),
        ([[0, 3]], "3 folds"),  # of 0 folds there is no mean
        ([[1]], ""),
        ([[]], ""),
    ],
)
def test_folds_of_means_from_the_fewest_to_the_most(counts, words):
    assert describe_folds(*(pd.DataFrame({"n": count}) for count in counts)) == words
