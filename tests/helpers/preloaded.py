"""`snakemake` and `limbeck` in forks of one process that has imported their libraries once.

A tiny study is a hundred jobs, each of which would import torch for a second or two. Limbeck itself
is imported in each fork, from the checkout that the command runs in.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import select
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
from pathlib import Path

MAINS = {"snakemake": ("snakemake.cli", "main"), "limbeck": ("limbeck.cli", "run")}
LIBRARIES = (
    *("snakemake.cli", "snakemake.report", "torch", "torchvision", "zarr", "pandas", "openTSNE"),
    *("matplotlib.pyplot", "scipy.stats", "scipy.spatial", "sklearn.datasets", "bokeh.embed"),
    *("sklearn.decomposition", "statsmodels.stats.multitest"),
)
SOCKET = "socket"
# Needs nothing but built-in modules, so that it starts in 20 ms.
COMMAND = """#!{python} -IS
import json, os, socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect({socket!r})
socket.send_fds(client, [b"."], [0, 1, 2])
client.sendall(json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode() + b"\\n")
sys.exit(int(client.makefile().readline() or 1))
"""


@functools.cache
def preloaded_commands() -> Path:
    """Start the process, and return the folder of the commands that ask it to fork."""
    holder = tempfile.TemporaryDirectory(prefix="limbeck-")
    folder = Path(holder.name)
    process = subprocess.Popen([sys.executable, __file__, folder], stdout=subprocess.PIPE)

    def end():
        process.terminate()
        process.wait()
        holder.cleanup()

    atexit.register(end)
    for name in MAINS:
        text = COMMAND.format(python=sys.executable, socket=str(folder / SOCKET))
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    assert process.stdout.readline() == b"ready\n"
    return folder


class Handler(socketserver.StreamRequestHandler):
    """Runs one command; it is killed if who asked for it is gone."""

    def handle(self):
        descriptors = socket.recv_fds(self.request, 1, 3)[1]
        request = json.loads(self.rfile.readline())
        process = os.fork()
        if process == 0:
            os.setsid()
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
            run(*request)
        ended = os.pidfd_open(process)
        if ended not in select.select([ended, self.request], [], [])[0]:
            os.killpg(process, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        self.wfile.write(f"{status}\n".encode())


def run(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Run a command in this process, and end it."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    sys.argv = arguments
    module, function = MAINS[Path(arguments[0]).name]
    status = 1
    try:
        getattr(importlib.import_module(module), function)()
        status = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


class Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """Forks for each request."""

    request_queue_size = 64


def serve(folder: Path) -> None:
    """Import the libraries as `limbeck` does, and serve until this process is ended."""
    from limbeck.runtime.startup import postpone_torch_compiler

    postpone_torch_compiler()
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "limbeck"]:
        del sys.modules[name]
    gc.freeze()  # Collecting would write to, and so copy, the memory that forks share.
    with Server(str(folder / SOCKET), Handler) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
