"""Random numbers of trainings, drawn on the processor; a checkpoint keeps the generators' state.

Folds that are trained together each draw from a generator of their own, in the order in which they
would alone, so that each sees the same images in the same order and the same views of them.
"""

from collections.abc import Callable, Sequence

import torch

# One for each fold that is trained together; None: torch's own, for a fold by itself.
Generators = Sequence[torch.Generator] | None


def drawn(
    draw: Callable[[torch.Generator | None], torch.Tensor],
    generators: Generators,
    device: torch.device,
) -> torch.Tensor:
    """Draw on the processor and send to the device, which nothing waits for.

    Parameters
    ----------
    draw : callable
        Draws a tensor from a generator; from torch's own where it gets None.
    generators : sequence of torch.Generator or None
        Whose numbers.
    device : torch.device
        Where to.

    Returns
    -------
    torch.Tensor
        What was drawn; that of several folds stacked, shape (folds, ...).
    """
    if generators is None:
        return send(draw(None), device)
    return send(torch.stack([draw(generator) for generator in generators]), device)


def send(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy a tensor of the processor to the device; on a GPU nothing waits for its arrival."""
    if device.type == "cuda":
        values = values.pin_memory()
    return values.to(device, non_blocking=True)


def random_state(generators: Generators) -> list[torch.Tensor]:
    """Return the states of the generators, then that of the GPU in use."""
    states = [generator.get_state() for generator in generators or [torch.default_generator]]
    if torch.cuda.is_initialized():
        states.append(torch.cuda.get_rng_state())
    return states


def set_random_state(states: list[torch.Tensor], generators: Generators) -> None:
    """Set the generators to what `random_state` returned."""
    generators = generators or [torch.default_generator]
    for generator, state in zip(generators, states, strict=False):
        generator.set_state(state)
    if len(states) > len(generators):
        torch.cuda.set_rng_state(states[-1])
