"""Memory that is freed and needed again."""

import platform
import subprocess
import sys

import pytest

# Three tensors of 24 MB that are freed together, twenty times, and how many pages the system gave
# in the last ten.
CODE = """
import resource
import torch
from limbeck.runtime.memory import keep_freed_memory

keep_freed_memory()
faults = []
for _ in range(20):
    tensors = [torch.empty(6 * 2**20).zero_() for _ in range(3)]
    del tensors
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[-1] - faults[9])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
def test_freed_memory_is_used_again_without_asking_the_system():
    assert int(subprocess.check_output([sys.executable, "-c", CODE], text=True)) < 100
