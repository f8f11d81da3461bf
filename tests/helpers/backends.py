"""Backends of the neighbour search that compute here."""

import torch

from limbeck.neighbours.backends import NumpyBackend, TorchBackend

BACKENDS = {"numpy": NumpyBackend(), "torch": TorchBackend(torch.device("cpu"))}
if torch.cuda.is_available():
    BACKENDS["cuda"] = TorchBackend(torch.device("cuda"))
