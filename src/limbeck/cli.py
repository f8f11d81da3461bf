"""The command line: parse, and run one stage."""

import argparse
import ast
import gc
import importlib
import inspect
import logging
import multiprocessing
import os
import re
import signal
import sys
import types
import typing
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from limbeck import __version__
from limbeck.runtime.atomic import check_outputs
from limbeck.runtime.errors import InputError, Stopped
from limbeck.runtime.failures import explain, explain_torch
from limbeck.runtime.memory import keep_freed_memory
from limbeck.runtime.origin import describe_process
from limbeck.runtime.startup import postpone_torch_compiler
from limbeck.study.settings import STAGE_KEYS, parse_settings

STAGES = Path(__file__).with_name("stages")
# "name : type" of a docstring's section Parameters, and the indented lines below it.
PARAMETER = re.compile(r"^(\w+) : .+\n((?:[ ]{4}.+\n?)+)", re.MULTILINE)

logger = logging.getLogger(__name__)


def command_names() -> list[str]:
    """Return the names of all subcommands, in alphabetical order."""
    return sorted(path.stem for path in STAGES.glob("[a-z]*.py"))


def command_summary(name: str) -> str:
    """Return the first line of a subcommand's docstring, without importing the subcommand."""
    return ast.get_docstring(ast.parse((STAGES / f"{name}.py").read_text())).splitlines()[0]


def overview_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line without a subcommand; it can only show help."""
    parser = argparse.ArgumentParser(
        prog="limbeck",
        description="One command for each rule of the workflow, others for whole studies.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name in command_names():
        commands.add_parser(name, help=command_summary(name))
    return parser


def command_parser(name: str) -> tuple[argparse.ArgumentParser, Callable]:
    """Return the parser of one subcommand, and its function.

    The flags are the function's parameters: required without a default, several values for a list,
    choices for a `typing.Literal`, JSON for settings. Their help stands in the docstring.
    """
    function = getattr(importlib.import_module(f"limbeck.stages.{name}"), name)
    meanings = parameter_meanings(function)
    parser = argparse.ArgumentParser(
        prog=f"limbeck {name}", description=command_summary(name), allow_abbrev=False
    )
    for parameter in inspect.signature(function).parameters.values():
        required = parameter.default is inspect.Parameter.empty
        parser.add_argument(
            f"--{parameter.name.replace('_', '-')}",
            required=required,
            default=None if required else parameter.default,
            help=meanings[parameter.name],
            **_reader(parameter.annotation),
        )
    return parser, function


def _reader(annotation: object) -> Mapping:
    """Return argparse's converter for a type."""
    if isinstance(annotation, types.UnionType):
        annotation, _ = typing.get_args(annotation)
    if typing.get_origin(annotation) is list:
        return {"nargs": "+", "type": typing.get_args(annotation)[0]}
    if typing.get_origin(annotation) is typing.Literal:
        return {"choices": typing.get_args(annotation)}
    if annotation is bool:
        return {"action": "store_true"}
    if annotation is int:
        return {"type": _whole_number}
    if annotation in (float, str, Path):
        return {"type": annotation}
    return {}


def _whole_number(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value}: must be >= 0")
    return value


_whole_number.__name__ = "whole number"  # In argparse's message for what is none.


def check_flags(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Refuse a flag that is given twice, of which the second would win without a word."""
    flags = [word.partition("=")[0] for word in words if word.startswith("--")]
    for flag, count in Counter(flags).items():
        if count > 1:
            parser.error(f"argument {flag}: given {count} times; give it once")


def check_paths(function: Callable, values: Mapping[str, object]) -> None:
    """Raise InputError unless a command can write its outputs, and none of them is an input.

    What a parameter of type Path is stands in the docstring: an output is "to write", a store is
    one. A checkpoint is read and written.
    """
    meanings = parameter_meanings(function)
    inputs, files, stores = [], [], []
    for parameter in inspect.signature(function).parameters.values():
        value = values[parameter.name]
        paths = [value] if isinstance(value, Path) else value
        if not isinstance(paths, list) or not all(isinstance(path, Path) for path in paths):
            continue
        meaning = meanings[parameter.name]
        if "tore to write" in meaning:
            stores += paths
        elif "to write" in meaning or parameter.name == "checkpoint":
            files += paths
        else:
            inputs += paths
    check_outputs(inputs, files, stores)


def parameter_meanings(function: Callable) -> dict[str, str]:
    """Return each parameter's description in a function's docstring, as one line."""
    docstring = inspect.getdoc(function) + "\n"
    return {key: " ".join(text.split()) for key, text in PARAMETER.findall(docstring)}


def call(function: Callable, arguments: Mapping[str, object]) -> None:
    """Call a subcommand's function, its settings read from JSON."""
    annotations = {
        name: parameter.annotation
        for name, parameter in inspect.signature(function).parameters.items()
    }
    function(
        **{
            name: parse_settings(annotations[name], value)
            if annotations[name] in STAGE_KEYS
            else value
            for name, value in arguments.items()
        }
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status.

    Bad input, files that cannot be read or written and what torch lacks end with one line and
    status 1, a job that was told to stop with one line and the status of a process that the
    signal ended.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or arguments[0] not in command_names():
        overview_parser().parse_args(arguments)
    name, *rest = arguments
    if reason := unfit_surroundings():
        return _say(name, f"error: {reason}", 1)
    parser, function = command_parser(name)
    check_flags(parser, rest)
    values = vars(parser.parse_args(rest))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    if not sys.stderr.isatty():
        logger.info("limbeck %s, %s", name, describe_process())
    try:
        check_paths(function, values)
        call(function, values)
    except InputError as error:
        return _say(name, f"error: {error}", 1)
    except Stopped as reason:
        return _say(name, f"stopped: {reason}", 128 + reason.number)
    except MemoryError as error:
        return _say(name, f"error: not enough memory ({error}); give the job more", 1)
    except RuntimeError as error:
        if reason := explain_torch(error):
            return _say(name, f"error: {reason}", 1)
        raise
    except OSError as error:
        if error.errno is None:
            raise
        return _say(name, f"error: {explain(error)}", 1)
    return 0


def unfit_surroundings() -> str:
    """Say why no command can run here, empty where one can."""
    if sys.flags.optimize > 1:
        return (
            "PYTHONOPTIMIZE = 2, or -OO, takes away the docstrings that flags are made of; set "
            "PYTHONOPTIMIZE to 1 or less"
        )
    try:
        os.getcwd()
    except FileNotFoundError:
        return "the working directory is gone; change into one that is there"
    return ""


def _say(command: str, message: str, status: int) -> int:
    print(f"limbeck {command}: {message}", file=sys.stderr)
    return status


def run() -> None:
    """Run the console command.

    Most of a short job's time goes into importing large libraries and releasing them. Collecting
    garbage rarely makes the import shorter, and there is nothing to release: outputs are closed.
    """
    gc.set_threshold(50_000)
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:  # It was closed: `>&-`.
            setattr(sys, stream, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    os.environ["MPLBACKEND"] = "agg"  # Of a notebook that calls this it is one that jobs lack.
    # By default Python 3.14 starts a process that calls libraries' locks leaked at this end.
    multiprocessing.set_start_method("fork", force=True)
    keep_freed_memory()
    postpone_torch_compiler()
    try:
        status = main()
    except KeyboardInterrupt:
        print("limbeck: stopped by SIGINT", file=sys.stderr)
        status = 128 + signal.SIGINT
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
