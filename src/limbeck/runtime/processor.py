"""Features of the processor, read without importing torch."""

import contextlib
from pathlib import Path

# Processors that multiply bfloat16 natively; others emulate it more slowly than float32.
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def processor_flags() -> set[str]:
    """Return the processor's feature flags as Linux names them, empty where it is not Linux."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return set(line.partition(":")[2].split())
    return set()


def has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 natively."""
    return bool(BFLOAT16_FLAGS & processor_flags())
