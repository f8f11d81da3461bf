"""The command line: parse, and run one subcommand."""

import argparse
import errno
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence

from limbeck import __version__, commands
from limbeck.commands import COMMANDS, FLAGS
from limbeck.runtime.errors import InputError, Stopped
from limbeck.runtime.startup import postpone_torch_compiler


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
    """Run one subcommand and return its exit status.

    Bad input and a full disk end with one line and status 1, a job that was told to stop with one
    line and the status of a process that SIGTERM ended.
    """
    args = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        COMMANDS[args.command][0](args)
    except InputError as error:
        return _say(args.command, f"error: {error}", 1)
    except Stopped as reason:
        return _say(args.command, f"stopped: {reason}", 128 + signal.SIGTERM)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        message = f"error: {error.filename}: {error.strerror}; nothing of it was written, make room"
        return _say(args.command, message, 1)
    return 0


def _say(command: str, message: str, status: int) -> int:
    print(f"limbeck {command}: {message}", file=sys.stderr)
    return status


def run() -> None:
    """Run the console command.

    Most of a short job's time goes into importing large libraries and releasing them. Collecting
    garbage rarely makes the import shorter, and there is nothing to release: outputs are closed.
    """
    gc.set_threshold(50_000)
    postpone_torch_compiler()
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
