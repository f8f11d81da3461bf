"""The command line: parse, and run one subcommand."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence

from limbeck import __version__, commands
from limbeck.commands import COMMANDS, FLAGS
from limbeck.errors import InputError


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    summary = commands.__doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="limbeck", description=summary)
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (function, flags) in COMMANDS.items():
        summary = function.__doc__.splitlines()[0]
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        for flag in flags:
            optional = flag.startswith("[")
            several = {"nargs": "+"} if flag.endswith("+") else {}
            flag = flag.strip("[]+")
            subparser.add_argument(flag, required=not optional, **FLAGS[flag], **several)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; bad input ends with one line and exit status 1."""
    args = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        COMMANDS[args.command][0](args)
    except InputError as error:
        print(f"limbeck {args.command}: error: {error}", file=sys.stderr)
        return 1
    return 0


def run() -> None:
    """Run the console command.

    Most of a short job's time goes into importing large libraries and releasing them. Collecting
    garbage rarely makes the import shorter, and there is nothing to release: outputs are closed.
    """
    gc.set_threshold(50_000)
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
