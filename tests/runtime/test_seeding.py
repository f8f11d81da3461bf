"""Seeds follow from what a job is for."""

import hashlib
import itertools

from limbeck.runtime.seeding import derive_seed


def test_seed_is_half_of_the_first_four_bytes():
    digits = hashlib.sha256(b"7/split/3").hexdigest()
    assert derive_seed(7, "split", 3) == int(digits[:8], 16) // 2
    # printf 0 | sha256sum gives 5feceb66...
    assert derive_seed(0) == 0x5FECEB66 // 2


def test_seeds_fit_31_bits_and_use_all_of_them():
    seeds = [derive_seed(0, "x", i) for i in range(1000)]
    assert min(seeds) >= 0
    assert 2**30 < max(seeds) < 2**31
    assert {seed % 2 for seed in seeds} == {0, 1}


def test_every_part_of_the_identity_counts():
    identities = itertools.product(range(3), ["train", "split"], [50, 200], range(10))
    seeds = [derive_seed(*identity) for identity in identities]
    assert len(set(seeds)) == 3 * 2 * 2 * 10
    assert derive_seed(0, 1, 11) != derive_seed(0, 11, 1)
    assert derive_seed(0, 1, 11) != derive_seed(0, 111)
