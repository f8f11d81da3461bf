"""Networks of users: a callable in a file beside their config, or in an installed package.

The folders of `limbeck.networks.user_code` are searched after Python's own path.
"""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import torch
from torch import nn

from limbeck.networks.user_code import VARIABLE, find_file, search_folders
from limbeck.runtime.errors import InputError, suggest

LONGEST = 200


def build(name: str, classes: int, channels: int) -> nn.Module:
    """Call ``<package.module>:<callable>`` with ``num_classes``, and ``in_channels`` if it has it.

    Raises
    ------
    InputError
        If there is no such module or callable, if it fails, or does not return a network of known
        sizes.
    """
    function = _import(name)
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        parameters = {}
    arguments = {"num_classes": classes, "in_channels": channels}
    any_name = any(value.kind is value.VAR_KEYWORD for value in parameters.values())
    if "num_classes" not in parameters and not any_name:
        raise InputError(
            f"model = {name}: takes {', '.join(parameters) or 'no arguments'}; it must take "
            "num_classes, and may take in_channels"
        )
    if "in_channels" not in parameters:
        del arguments["in_channels"]
    try:
        network = function(**arguments)
    except Exception as error:
        raise InputError(f"model = {name}: {_describe(error)}") from error
    if not isinstance(network, nn.Module):
        raise InputError(
            f"model = {name}: returns a {type(network).__name__}; it must return a torch.nn.Module"
        )
    if any(nn.parameter.is_lazy(parameter) for parameter in network.parameters()):
        raise InputError(f"model = {name}: has lazy modules; give their sizes")
    return network


def _import(name: str) -> Callable:
    module, _, attribute = name.partition(":")
    top = module.partition(".")[0]
    for folder in map(str, search_folders()):
        if folder not in sys.path:
            sys.path.append(folder)
    importlib.invalidate_caches()
    file = find_file(module, search_folders())
    # A folder without __init__.py has no file of its own.
    first = find_file(top, search_folders()) or file
    if first is not None:
        _check_origin(name, first, importlib.util.find_spec(top))
    try:
        # A module keeps the tensors that it makes: on the meta device they would have no numbers.
        with torch.device("cpu"):
            loaded = importlib.import_module(module)
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module}.".startswith(f"{missing}."):
            places = ", ".join(map(str, search_folders())) or f"none, {VARIABLE} is not set"
            raise InputError(
                f"model = {name}: no module {missing}, neither installed nor in a folder of the "
                f"study's networks ({places})"
            ) from None
        raise InputError(f"model = {name}: {_describe(error)}") from error
    if file is not None:
        _check_origin(name, file, loaded.__spec__)
    function = getattr(loaded, attribute, None)
    if not callable(function):
        own = [key for key, value in vars(loaded).items() if callable(value) and key[0] != "_"]
        raise InputError(
            f"model = {name}: no callable {attribute} in {loaded.__file__}; "
            f"{suggest(attribute, own)}"
        )
    return function


def _check_origin(name: str, file: Path, spec: ModuleSpec | None) -> None:
    """Refuse a user's file in whose place Python imports another, whose code is not hashed."""
    origin = spec.origin if spec else None
    if origin and Path(origin).resolve() != file.resolve():
        raise InputError(
            f"model = {name}: {file} cannot be imported, because {spec.name} is {origin}; rename it"
        )


def _describe(error: Exception) -> str:
    """Say in one line what a user's code raised, and where."""
    text = " ".join(str(error).split())[:LONGEST]
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame
        for frame in frames
        if any(Path(frame.filename).is_relative_to(folder) for folder in search_folders())
    ]
    frame = (own or frames)[-1]
    place = "" if frame.filename == __file__ else f"{frame.filename}, line {frame.lineno}: "
    return f"{place}{type(error).__name__}: {text}"
