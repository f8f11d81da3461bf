"""The maps that lift noise of the plane to more dimensions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NoiseMap:
    """A map: its name in the config, and what it is."""

    name: str
    summary: str


MAPS = {
    noise_map.name: noise_map
    for noise_map in (
        NoiseMap("linear", "a Gaussian matrix"),
        NoiseMap("polynomial", "all monomials up to noise.degree, combined at random"),
        NoiseMap("fourier", "random Fourier features (Rahimi & Recht 2007)"),
        NoiseMap("network", "a random network with one hidden layer"),
    )
}
