"""Random numbers of a training, drawn on the processor, and their state for checkpoints."""

import torch


def send(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy a tensor of the processor to the device; on a GPU nothing waits for its arrival."""
    if device.type == "cuda":
        values = values.pin_memory()
    return values.to(device, non_blocking=True)


def random_state() -> list[torch.Tensor]:
    """Return the state of torch's generator, then that of the GPU in use."""
    states = [torch.get_rng_state()]
    if torch.cuda.is_initialized():
        states.append(torch.cuda.get_rng_state())
    return states


def set_random_state(states: list[torch.Tensor]) -> None:
    """Set the generators to what `random_state` returned."""
    torch.set_rng_state(states[0])
    if len(states) > 1:
        torch.cuda.set_rng_state(states[1])
