"""CUDA graphs: passes that a GPU takes up in one launch."""

import warnings
from collections.abc import Callable

import torch
from torch import nn
from torch.func import functional_call


class Replayed(nn.Module):
    """A module whose passes in training are replayed as CUDA graphs.

    The kernels of a small network take less time than their launches. Here the forward and the
    backward pass of an input whose shape has come twice in a row are captured, and replayed from
    then on, in one launch each: the same kernels, so the same bits. Every other input passes
    through the module as it is.

    A replay writes where the last one wrote. So a pass that begins before the last one's gradients
    are there is not replayed, and an output that is to outlive the next pass must be copied.

    Parameters
    ----------
    module : torch.nn.Module
        On a GPU; only in training mode its passes are replayed. A pass takes one tensor without
        gradient, returns one, and is the same launches each time: what its Python code decides, it
        decides once.
    """

    def __init__(self, module: nn.Module):
        super().__init__()
        self._module = module
        self._replays: dict[tuple, Callable[[torch.Tensor], torch.Tensor]] = {}
        self._last: tuple = ()
        self._waits = False

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Pass a tensor through the module."""
        if self._waits or not (self._module.training and torch.is_grad_enabled()):
            return self._module(values)
        kind = values.shape, values.stride(), values.dtype
        again, self._last = kind == self._last, kind
        if not again and kind not in self._replays:
            return self._module(values)
        if kind not in self._replays:
            self._replays[kind] = self._capture(values)
        output = self._replays[kind](values)
        self._waits = True
        output.register_hook(self._arrived)
        return output

    def _arrived(self, gradient: torch.Tensor) -> None:
        self._waits = False

    def _capture(self, values: torch.Tensor) -> Callable[..., torch.Tensor]:
        """Return the module's replay; its buffers and the random numbers stay where they are."""
        names, parameters = zip(*self._module.named_parameters(), strict=True)

        def call(values: torch.Tensor, *leaves: torch.Tensor) -> torch.Tensor:
            return functional_call(self._module, dict(zip(names, leaves, strict=True)), (values,))

        # The same memory in tensors of its own, which no pass outside of the graph has met.
        leaves = [parameter.detach().requires_grad_() for parameter in parameters]
        buffers = [(buffer, buffer.clone()) for buffer in self._module.buffers()]
        # The graph must not read weights that autocast converted for an earlier pass.
        cached = torch.is_autocast_cache_enabled()
        torch.set_autocast_cache_enabled(False)
        try:
            with torch.random.fork_rng([values.device]), warnings.catch_warnings():
                # Said because warming up and capture are on streams of their own.
                warnings.filterwarnings("ignore", "The AccumulateGrad node's stream")
                replay = torch.cuda.make_graphed_callables(call, (values.clone(), *leaves))
        finally:
            torch.set_autocast_cache_enabled(cached)
        for buffer, before in buffers:
            buffer.copy_(before)
        return lambda values: replay(values, *parameters)
