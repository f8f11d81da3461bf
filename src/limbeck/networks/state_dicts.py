"""State dicts as people have them: read without running code, and fitted to a network.

A file is one of torch's, zip or legacy, or safetensors. The tensors may lie in a dictionary beside
other things (`WRAPPERS`), and their names may have prefixes that wrappers of modules leave
(`PREFIXES`). What does not fit is an error that names it: nothing is loaded in part.
"""

import argparse
import contextlib
import difflib
import logging
import pickle
import re
import struct
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import nn

from limbeck.runtime.errors import InputError

logger = logging.getLogger(__name__)

WRAPPERS = (
    *("state_dict", "model", "model_state", "model_state_dict", "net", "network", "state"),
    *("ema", "model_ema", "state_dict_ema", "ema_state_dict"),
)
PREFIXES = ("module.", "_orig_mod.", "backbone.", "model.", "net.", "network.")
# Names in files of torchvision's DenseNets, and of its vision transformers before 0.14.
FORMER = (
    (r"(?<=\.)(norm|conv)\.([12])(?=\.)", r"\1\2"),
    (r"(?<=\.mlp\.)linear_1(?=\.)", "0"),
    (r"(?<=\.mlp\.)linear_2(?=\.)", "3"),
)
# Of images scaled to [0, 1]: a mean or deviation that far off is that of the same images.
SAME = 0.01
# Counters, which torch before 0.4.1 did not store and averages of weights add.
OPTIONAL, COUNTERS = "num_batches_tracked", ("n_averaged",)
LISTED = 3

# What people store beside weights and torch would refuse: options of a command line, and NumPy's
# numbers and texts. To make one of these runs nothing else.
SCALAR = np.float64().__reduce__()[0]
KINDS = (*np.typecodes["AllInteger"], *np.typecodes["AllFloat"], "?", "S", "U")
HARMLESS = [
    argparse.Namespace,
    np.dtype,
    *{type(np.dtype(kind)) for kind in KINDS},
    (SCALAR, "numpy._core.multiarray.scalar"),
    (SCALAR, "numpy.core.multiarray.scalar"),
]


def read_state_dict(
    path: str | Path, images: Mapping[str, object] = MappingProxyType({})
) -> dict[str, torch.Tensor]:
    """Return the tensors of a file of weights by name, on the CPU.

    Parameters
    ----------
    path : str or Path
        The file.
    images : mapping of str to object
        Fields of a `NetworkSpec` and their values: which images the weights are to be used on. A
        ``model.pt`` says which its own network took.

    Raises
    ------
    InputError
        If there is no such file, if it is damaged, holds objects that are made by running code, no
        tensors by name, or a number that is not finite; if its network took other images.
    """
    path = Path(path)
    start = f"weights = {path}:"
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise InputError(f"{start} {what}; allowed: a file of weights, by torch or safetensors")
    content = read_tensors(path, start)
    state = find_state_dict(content)
    if state is None:
        keys = f"its keys: {_listed(map(str, content))}; " if isinstance(content, Mapping) else ""
        raise InputError(
            f"{start} holds no state dict; {keys}allowed: tensors by name, alone or under "
            f"{', '.join(WRAPPERS)}"
        )
    check_finite(state, start)
    _check_images(content.get("network"), images, start)
    return state


def _check_images(former: object, images: Mapping, start: str) -> None:
    """Raise InputError if the network of a ``model.pt`` took other images."""
    if not (images and isinstance(former, Mapping) and images.keys() <= former.keys()):
        return
    for key in ("input_size", "interpolation") if former["input_size"] else ("input_size",):
        if former[key] != images[key]:
            value = "null" if former[key] is None else former[key]
            raise InputError(f"{start} its network took images with {key}: {value}; set it so")
    statistics = images.keys() & {"mean", "std"}
    if any(np.abs(np.subtract(former[key], images[key])).max() > SAME for key in statistics):
        mean, std = ([round(value, 4) for value in former[key]] for key in ("mean", "std"))
        raise InputError(
            f"{start} its network took images of mean {mean} and deviation {std}; set "
            f"normalisation: own, mean: {mean} and std: {std}"
        )


def read_tensors(path: Path, start: str) -> object:
    """Return the content of a file of torch or safetensors; no code in it is run.

    Parameters
    ----------
    path : Path
        The file, which is there.
    start : str
        What error messages begin with.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        if _is_safetensors(path):
            from safetensors.torch import load_file

            return load_file(path)
        with torch.serialization.safe_globals(HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError:
        raise InputError(f"{start} no permission to read it") from None
    except Exception as error:
        text = str(error)
        refused = re.search(r"GLOBAL (\S+)", text)
        if isinstance(error, pickle.UnpicklingError) and refused:
            raise InputError(
                f"{start} holds {refused[1]}, an object that only code can make, which is not run; "
                "where you trust the file, load it in Python and save its weights alone: "
                "torch.save(network.state_dict(), 'weights.pth')"
            ) from None
        if "TorchScript" in text:
            raise InputError(
                f"{start} is a TorchScript program; save its weights alone: "
                "torch.save(torch.jit.load(file).state_dict(), 'weights.pth')"
            ) from None
        raise InputError(
            f"{start} no file of torch or safetensors, or a damaged one ({path.stat().st_size} "
            "bytes)"
        ) from None


def find_state_dict(content: object) -> dict[str, torch.Tensor] | None:
    """Return the tensors by name inside what a file holds, None if there are none."""
    if not isinstance(content, Mapping):
        return None
    inside = {key: find_state_dict(content.get(key)) for key in WRAPPERS}
    found = [key for key, state in inside.items() if state is not None]
    if found:
        if len(found) > 1:
            logger.warning("weights: %s is taken, not %s", found[0], _listed(found[1:]))
        return inside[found[0]]
    own = {
        key: value
        for key, value in content.items()
        if isinstance(key, str) and isinstance(value, torch.Tensor)
    }
    return own or None


def check_finite(state: Mapping[str, torch.Tensor], start: str) -> None:
    """Raise InputError, beginning with `start`, if a tensor holds a number that is not finite."""
    wrong = [
        key
        for key, value in state.items()
        if value.is_floating_point() and not torch.isfinite(value).all()
    ]
    if wrong:
        raise InputError(f"{start} NaN or infinite numbers in {_listed(wrong)}")


def rename(
    state: Mapping[str, torch.Tensor], expected: Collection[str], start: str
) -> dict[str, torch.Tensor]:
    """Return tensors under the names that a network has for them.

    `PREFIXES` are taken off, and names of torchvision's older files, `FORMER`, replaced.

    Parameters
    ----------
    state : mapping of str to torch.Tensor
        What was read.
    expected : collection of str
        The names in the network's own state dict.
    start : str
        What error messages begin with.

    Raises
    ------
    InputError
        If two tensors come to have one name.
    """
    named: dict[str, torch.Tensor] = {}
    for key, value in state.items():
        name = key
        while name not in expected:
            prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), None)
            if prefix is None:
                break
            name = name.removeprefix(prefix)
        if name not in expected:
            today = (re.sub(pattern, new, name) for pattern, new in FORMER)
            name = next((other for other in today if other in expected), name)
        if name in named:
            raise InputError(f"{start} holds {name} twice, under several prefixes")
        named[name] = value
    return named


def load_state_dict(
    backbone: nn.Module,
    state: Mapping[str, torch.Tensor],
    head: Collection[str],
    keep_head: bool,
    start: str,
) -> None:
    """Copy weights into a network, all of them or none.

    Parameters
    ----------
    backbone : torch.nn.Module
        The network.
    state : mapping of str to torch.Tensor
        The weights under its names, in any order.
    head : collection of str
        Names of the tensors whose shapes follow the number of classes.
    keep_head : bool
        Whether the head is taken too, for as many classes as the network has; if not, the network
        keeps its own.
    start : str
        What error messages begin with.

    Raises
    ------
    InputError
        If tensors are missing, unexpected, of another shape, or hold no real numbers where the
        network has them.
    """
    expected = backbone.state_dict()
    wanted = {key: value for key, value in expected.items() if keep_head or key not in head}
    missing = [key for key in wanted if key not in state and not key.endswith(OPTIONAL)]
    unexpected = [key for key in state if key not in expected and key not in COUNTERS]
    shapes = [key for key in wanted if key in state and state[key].shape != wanted[key].shape]
    if shapes and set(shapes) <= set(head) and not missing + unexpected:
        found, needed = (part[shapes[0]].shape[:1] for part in (state, wanted))
        if found != needed:
            raise InputError(f"{start} has {found[0]} classes, the dataset has {needed[0]}")
    kinds = [
        key
        for key in wanted
        if wanted[key].is_floating_point() and key in state and not state[key].is_floating_point()
    ]
    problems = {
        "missing": missing,
        "unexpected": [
            *(_with_nearest(key, missing) for key in unexpected[:LISTED]),
            *unexpected[LISTED:],
        ],
        "other shapes:": [
            f"{key} {_shape(state[key])} instead of {_shape(wanted[key])}" for key in shapes
        ],
        "other numbers:": [
            f"{key} {_kind(state[key])} instead of {_kind(wanted[key])}" for key in kinds
        ],
    }
    if any(problems.values()):
        listed = (f"{what} {_listed(keys)}" for what, keys in problems.items() if keys)
        raise InputError(f"{start} does not fit: {'; '.join(listed)}")
    fitting = OrderedDict((key, state[key]) for key in wanted if key in state)
    # Modules ask it which version of them the tensors are of.
    fitting._metadata = getattr(expected, "_metadata", None)
    backbone.load_state_dict(fitting, strict=False)


def _is_safetensors(path: Path) -> bool:
    with contextlib.suppress(struct.error), path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return length < path.stat().st_size and file.read(1) == b"{"
    return False


def _with_nearest(key: str, missing: Collection[str]) -> str:
    nearest = difflib.get_close_matches(key, missing, n=1, cutoff=0.8)
    return f"{key} (instead of {nearest[0]}?)" if nearest else key


def _shape(value: torch.Tensor) -> str:
    return "×".join(map(str, value.shape)) or "scalar"


def _kind(value: torch.Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    rest = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {rest} more" if rest > 0 else "")
