"""Torch's device and numerical precision."""

import contextlib
import os
from collections.abc import Iterator

import torch

from limbeck.runtime.errors import InputError
from limbeck.runtime.processor import has_bfloat16, processor_name


def select_device(name: str) -> torch.device:
    """Return the device and make torch deterministic on it.

    Parameters
    ----------
    name : str
        ``cpu`` or ``cuda``.

    Raises
    ------
    InputError
        If CUDA is asked for and absent; there is no silent fall-back.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device = cuda: torch sees no CUDA device here; use device: cpu")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The same as use_deterministic_algorithms(True), which would import the compiler: 1.4 s a job.
    torch.set_deterministic_debug_mode("error")
    # Nothing here reads uninitialised memory, so filling every new tensor would only cost time.
    torch.utils.deterministic.fill_uninitialized_memory = False
    return torch.device(name)


def hardware_name(device: torch.device) -> str:
    """Return the name of the GPU or the processor that a device is."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor_name()


def resolve_precision(setting: str, device: torch.device) -> str:
    """Turn ``auto`` into ``bfloat16`` where the hardware has it, into ``float32`` elsewhere.

    Parameters
    ----------
    setting : str
        ``auto``, ``float32``, ``tf32`` or ``bfloat16``.
    device : torch.device
        Where the network runs.

    Returns
    -------
    str
        ``float32``, ``tf32`` or ``bfloat16``.

    Raises
    ------
    InputError
        For ``tf32`` on a device without it.
    """
    ampere = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    if setting == "tf32" and not ampere:
        raise InputError(f"precision = tf32: {device.type} has none here; use float32 or auto")
    if setting != "auto":
        return setting
    native = ampere if device.type == "cuda" else has_bfloat16()
    return "bfloat16" if native else "float32"


@contextlib.contextmanager
def multiplying(precision: str) -> Iterator[None]:
    """Let float32 products be TF32 ones inside the block where a resolved precision says so.

    What a backward pass multiplies follows this, not the precision of the forward pass.
    """
    parts = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [part.allow_tf32 for part in parts]
    try:
        for part in parts:
            part.allow_tf32 = precision == "tf32"
        yield
    finally:
        for part, allowed in zip(parts, before, strict=True):
            part.allow_tf32 = allowed


@contextlib.contextmanager
def computing(precision: str, device: torch.device) -> Iterator[None]:
    """Compute networks in a resolved precision inside the block; weights stay float32."""
    with (
        multiplying(precision),
        torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"),
    ):
        yield


def to_device(images, device: torch.device) -> torch.Tensor:
    """Move images to the device as one tensor.

    Parameters
    ----------
    images : numpy.ndarray
        Shape (N, H, W, C), uint8.
    device : torch.device
        Where to.

    Returns
    -------
    torch.Tensor
        Shape (N, C, H, W), uint8, channels last in memory.
    """
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
