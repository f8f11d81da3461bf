"""Name and features of the processor, read without importing torch."""

import contextlib
import platform
from pathlib import Path

# Processors that multiply bfloat16 natively; others emulate it more slowly than float32.
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def processor_name() -> str:
    """Return the processor's name, as the system gives it."""
    return _entry("model name") or platform.processor()


def processor_flags() -> set[str]:
    """Return the processor's feature flags as Linux names them, empty where it is not Linux."""
    return set(_entry("flags", "Features").split())


def has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 natively."""
    return bool(BFLOAT16_FLAGS & processor_flags())


def _entry(*names: str) -> str:
    """Return what Linux says of the first processor under one of some names, empty elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(names):
                return line.partition(":")[2].strip()
    return ""
