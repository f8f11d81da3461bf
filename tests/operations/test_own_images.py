"""What is read off a folder of somebody's own images."""

from collections import Counter

import pytest

from limbeck.operations.own_images import choose_side


@pytest.mark.parametrize(
    ("sizes", "side"),
    [
        ({(28, 28): 5}, None),
        ({(20, 30): 5}, None),
        ({(40, 50): 5}, 32),
        ({(4, 4): 5}, 8),
        ({(10, 90): 2, (12, 12): 1}, 10),
        ({(20, 90): 1, (30, 25): 1, (400, 500): 1}, 25),
    ],
)
def test_the_side_that_images_are_resized_to(sizes, side):
    assert choose_side(Counter(sizes), 32) == side
