"""`snakemake` and `limbeck` in forks of one process that has imported their libraries once.

A tiny study is a hundred jobs, each of which would import torch for a second or two. Limbeck itself
is imported in each fork, from the checkout that the command runs in.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import threadpoolctl

MAINS = {"snakemake": ("snakemake.cli", "main"), "limbeck": ("limbeck.cli", "run")}
LIBRARIES = (
    *("snakemake.cli", "snakemake.report.html_reporter", "smart_open", "torch", "torchvision"),
    *("zarr", "pandas", "openTSNE", "sklearn.decomposition", "statsmodels.stats.multitest"),
    *("matplotlib.pyplot", "scipy.stats", "scipy.spatial", "sklearn.datasets"),
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
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    # With all threads, so that a fork can have any number of them.
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    process = subprocess.Popen([sys.executable, __file__, folder], env=environment, **pipes)

    def end():
        process.stdin.close()
        process.wait()
        holder.cleanup()

    atexit.register(end)
    for name in MAINS:
        text = COMMAND.format(python=sys.executable, socket=str(folder / SOCKET))
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    assert process.stdout.readline() == b"ready\n"
    return folder


def run(
    pools: threadpoolctl.ThreadpoolController,
    arguments: list[str],
    folder: str,
    environment: dict[str, str],
) -> None:
    """Run a command in this process, and end it."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    sys.argv = arguments
    # Libraries read their number of threads once, when they are loaded.
    if "OMP_NUM_THREADS" in environment:
        pools.limit(limits=int(environment["OMP_NUM_THREADS"]))
    module, function = MAINS[Path(arguments[0]).name]
    status = 0
    try:
        getattr(importlib.import_module(module), function)()
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve(folder: Path) -> None:
    """Import the libraries as `limbeck` does, and serve until standard input is closed."""
    from limbeck.runtime.startup import postpone_torch_compiler

    postpone_torch_compiler()
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "limbeck"]:
        del sys.modules[name]
    pools = threadpoolctl.ThreadpoolController()  # Finds them once for all forks.
    gc.freeze()  # Collecting would write to, and so copy, the memory that forks share.
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / SOCKET))
    listener.listen(64)
    print("ready", flush=True)
    running = selectors.DefaultSelector()
    running.register(listener, selectors.EVENT_READ, lambda: start(listener, running, pools))
    running.register(sys.stdin, selectors.EVENT_READ, lambda: os._exit(0))
    while True:
        for key, _ in running.select():
            key.data()


def start(
    listener: socket.socket,
    running: selectors.BaseSelector,
    pools: threadpoolctl.ThreadpoolController,
) -> None:
    """Fork for a command, and watch both the fork and who asked for it."""
    caller, _ = listener.accept()
    descriptors = socket.recv_fds(caller, 1, 3)[1]
    request = json.loads(caller.makefile().readline())
    process = os.fork()
    if process == 0:
        os.setsid()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
        run(pools, *request)
    for descriptor in descriptors:
        os.close(descriptor)
    ended = os.pidfd_open(process)

    def end():
        for watched in (ended, caller):
            running.unregister(watched)
        os.close(ended)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        with contextlib.suppress(OSError), caller:
            caller.sendall(f"{status}\n".encode())

    def kill():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)

    running.register(ended, selectors.EVENT_READ, end)
    running.register(caller, selectors.EVENT_READ, kill)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
