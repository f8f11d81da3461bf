"""The memory that there is, and that is freed and soon needed again."""

import ctypes
import os

# Of malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
# The most that either takes: larger tensors are handed back one by one all the same.
KEPT, LARGEST = 2**31 - 1, 32 * 2**20


def keep_freed_memory() -> None:
    """Let the C library keep what is freed for the next tensors, where it is glibc.

    By default it hands the end of its heap back to the system, and fetches it again a moment
    later: each step of training then waits for thousands of pages to be cleared. The process holds
    no more than its peak.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST)
        mallopt(M_TRIM_THRESHOLD, KEPT)


def memory_bytes() -> int:
    """Return how much memory the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
