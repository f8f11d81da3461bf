"""Uniform noise in the plane, lifted to more dimensions: what embeddings make of no structure.

Whoever embeds it back in the plane knows what the picture should be (Fig. 1 of the paper). To add a
map, write a function ``lift_<name>`` and declare the name in `limbeck.study.maps`.
"""

import numpy as np

from limbeck.study.settings import NoiseSettings


def draw_plane(points: int, generator: np.random.Generator) -> np.ndarray:
    """Draw points uniformly from the square [-1, 1] x [-1, 1], shape (points, 2)."""
    return generator.uniform(-1, 1, (points, 2))


def quadrants(plane: np.ndarray) -> np.ndarray:
    """Return each point's quadrant, 0 to 3 counterclockwise from x, y >= 0, shape (n,)."""
    left, below = plane.T < 0
    return np.where(below, np.where(left, 2, 3), left.astype(np.int64))


def lift(
    name: str, plane: np.ndarray, settings: NoiseSettings, generator: np.random.Generator
) -> np.ndarray:
    """Lift (n, 2) to (n, D) by a map of `limbeck.study.maps`, given its name."""
    return globals()[f"lift_{name}"](plane, settings, generator)


def lift_linear(
    plane: np.ndarray, settings: NoiseSettings, generator: np.random.Generator
) -> np.ndarray:
    """Multiply (n, 2) by a Gaussian matrix: ``y = A x``, A of shape (D, 2), entries N(0, 1)."""
    return plane @ generator.normal(size=(2, settings.dimensions))


def lift_polynomial(
    plane: np.ndarray, settings: NoiseSettings, generator: np.random.Generator
) -> np.ndarray:
    """Combine all monomials up to a degree: ``y_j = sum of c_jpq x1^p x2^q, 1 <= p + q <= degree``.

    The coefficients are N(0, 1).
    """
    first, second = plane.T
    powers = [(p, total - p) for total in range(1, settings.degree + 1) for p in range(total + 1)]
    monomials = np.stack([first**p * second**q for p, q in powers], axis=1)
    return monomials @ generator.normal(size=(len(powers), settings.dimensions))


def lift_fourier(
    plane: np.ndarray, settings: NoiseSettings, generator: np.random.Generator
) -> np.ndarray:
    """Take random Fourier features (Rahimi & Recht 2007): ``y_j = cos(w_j x + b_j)``.

    The entries of w_j are N(0, frequency^2), b_j is uniform over a turn.
    """
    waves = generator.normal(scale=settings.frequency, size=(2, settings.dimensions))
    return np.cos(plane @ waves + generator.uniform(0, 2 * np.pi, settings.dimensions))


def lift_network(
    plane: np.ndarray, settings: NoiseSettings, generator: np.random.Generator
) -> np.ndarray:
    """Apply a random network with a hidden layer: ``y = V max(W x + b, 0)``.

    The hidden layer has D units as well; all entries are N(0, 1).
    """
    units = settings.dimensions
    hidden = np.maximum(plane @ generator.normal(size=(2, units)) + generator.normal(size=units), 0)
    return hidden @ generator.normal(size=(units, units))
