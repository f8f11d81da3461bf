"""The file of a network, ``model.pt``: what it is, its weights, and where it comes from."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from limbeck.networks.network import Network, NetworkSpec, assemble
from limbeck.networks.state_dicts import check_finite, load_state_dict, read_tensors
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError

PREFIX = "backbone."
KEYS = {"network", "source", "hash", "state"}
FOREIGN = "no network of Limbeck, or of another version; remove it and run its rule again"


def save_network(path: str | Path, network: Network, metadata: Mapping) -> None:
    """Write a network and what is needed to build it again.

    Parameters
    ----------
    path : str or Path
        The file, ``model.pt``.
    network : Network
        One of `build`.
    metadata : mapping
        What else the file is to say, of plain values: where the network comes from.
    """
    state = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
    spec = dataclasses.asdict(network.spec)
    # The same weights answer otherwise behind another normalisation, or in edited code.
    built = json.dumps([spec, network.source]).encode()
    content = storage.digest(np.frombuffer(built, np.uint8), *map(_as_array, state.values()))
    own = {"network": spec, "source": network.source, "hash": content, "state": state}
    storage.write_tensors(path, {**metadata, **own})


def check_reload(network: Network, images: torch.Tensor) -> None:
    """Refuse a network that would answer otherwise once it was written and read again.

    A custom one does where it makes a tensor at random that its state dict does not hold.

    Parameters
    ----------
    network : Network
        In any mode, which stays as it was.
    images : torch.Tensor
        What to let it look at, shape (B, C, H, W).

    Raises
    ------
    InputError
        If it does, or if its state holds anything but tensors.
    """
    start, training = f"model = {network.spec.model}:", network.training
    state = network.backbone.state_dict()
    for name, value in state.items():
        if not isinstance(value, torch.Tensor):
            kind = type(value).__name__
            raise InputError(f"{start} its state dict holds a {kind}, {name}; allowed: tensors")
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        copy = _restore(network.spec, state, start).to(images.device)
        answers, again = network.eval()(images), copy.eval()(images)
    network.train(training)
    if not torch.allclose(answers, again, rtol=1e-3, atol=1e-3 * float(answers.abs().max())):
        raise InputError(
            f"{start} answers otherwise once it was written and read; register what it draws at "
            "random as a buffer, and let it draw nothing when it is evaluated"
        )


def _as_array(tensor: torch.Tensor) -> np.ndarray:
    # NumPy has no bfloat16.
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def matches(path: str | Path, metadata: Mapping) -> bool:
    """Return whether there is a network at `path` that was written with the same metadata."""
    try:
        content = _read(path)
    except InputError:
        return False
    return {key: content.get(key) for key in metadata} == dict(metadata)


def load_network(path: str | Path, device: torch.device) -> tuple[Network, dict]:
    """Read a network, in evaluation mode.

    Returns
    -------
    network : Network
        On the device.
    metadata : dict
        What `save_network` was given, and ``hash``, of the weights and of what they are in.

    Raises
    ------
    InputError
        If the file is missing, damaged or no network of Limbeck's, or if the network's own code was
        edited since.
    """
    content = _read(path)
    # Not `rename`: a backbone may have parts of that name itself.
    state = {name.removeprefix(PREFIX): value for name, value in content.pop("state").items()}
    check_finite(state, f"{path}:")
    try:
        spec = NetworkSpec(**content.pop("network"))
    except TypeError:
        raise InputError(f"{path}: {FOREIGN}") from None
    network = _restore(spec, state, f"{path}:")
    if content.pop("source") != network.source:
        raise InputError(
            f"{path}: trained by other code of {spec.model} than there is now; take the edit back, "
            "or run its rule again"
        )
    return network.to(device).eval(), content


def _restore(spec: NetworkSpec, state: Mapping[str, torch.Tensor], start: str) -> Network:
    network = assemble(spec)
    load_state_dict(network.backbone, state, (), True, start)
    return network


def _read(path: str | Path) -> dict:
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no network there; the rule that writes it has not run")
    content = read_tensors(path, f"{path}:")
    if not isinstance(content, dict) or not content.keys() >= KEYS:
        raise InputError(f"{path}: {FOREIGN}")
    return content
