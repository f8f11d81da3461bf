"""Seeds that follow from the base seed and the identity of what is seeded."""

import hashlib


def derive_seed(base: int, *identity: str | int) -> int:
    """Derive a seed that is the same on every machine and in every order of jobs.

    Parameters
    ----------
    base : int
        The study's seed.
    *identity : str or int
        What is seeded, for example ``("split", fold)``.

    Returns
    -------
    int
        Between 0 and 2**31 - 1, which every library here accepts.
    """
    text = "/".join(str(part) for part in (base, *identity))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1
