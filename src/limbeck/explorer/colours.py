"""Colours that can be told apart."""

import functools

import numpy as np

# Okabe & Ito (2008), told apart with every kind of colour vision, but for their yellow, which is
# too light for points on white, and black, in which neighbours are drawn.
FIRST = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
# From sRGB to OKLab (Ottosson 2020): to cone responses, and from their cube roots.
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
LIGHTNESS = (0.47, 0.80)  # of further colours, from black, 0, to white, 1
STEPS = 18  # of the grid of candidates along red, green and blue


@functools.cache
def distinct_colours(count: int) -> tuple[str, ...]:
    """Return so many colours, each as far as can be from those before it.

    The first six are Okabe & Ito's; each further one is the colour of a grid whose distance to
    the nearest of the others and of white is largest, in OKLab.

    Returns
    -------
    tuple of str
        ``#rrggbb``.
    """
    axis = np.linspace(0, 255, STEPS).round()
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = oklab(grid)
    inside = (lab[:, 0] > LIGHTNESS[0]) & (lab[:, 0] < LIGHTNESS[1])
    # Greys are what is left out of a filter.
    inside &= np.hypot(lab[:, 1], lab[:, 2]) > 0.05
    grid, lab = grid[inside], lab[inside]
    chosen = [tuple(int(name[i : i + 2], 16) for i in (1, 3, 5)) for name in FIRST[:count]]
    taken = oklab(np.array([*chosen, (255, 255, 255)]))
    distance = np.linalg.norm(lab[:, None] - taken, axis=2).min(axis=1)
    while len(chosen) < count:
        best = int(distance.argmax())
        chosen.append(tuple(map(int, grid[best])))
        distance = np.minimum(distance, np.linalg.norm(lab - lab[best], axis=1))
    return tuple("#{:02x}{:02x}{:02x}".format(*colour) for colour in chosen)


def oklab(colours: np.ndarray) -> np.ndarray:
    """Return 8-bit sRGB colours, shape (n, 3), in OKLab, where equal steps look equally large."""
    values = np.asarray(colours, np.float64) / 255
    linear = np.where(values > 0.04045, ((values + 0.055) / 1.055) ** 2.4, values / 12.92)
    return np.cbrt(linear @ TO_CONES.T) @ TO_LAB.T
