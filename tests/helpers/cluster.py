"""A SLURM cluster on loopback: one machine's daemons in a mount namespace of their own.

slurmctld, slurmdbd (on MariaDB) and one slurmd for each virtual node run as they do on a cluster,
from a configuration in a temporary folder that only their namespace sees as /etc/slurm. Nothing of
the host's is changed, and everything is ended by its process id, by the kernel if need be.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd", "mariadb-install-db")
START_SECONDS = 60
LIFE_SECONDS = 3600

SLURM_CONF = """
ClusterName=limbeck
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
JobAcctGatherType=jobacct_gather/cgroup
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,bf_interval=2
PriorityType=priority/basic
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={dbd_port}
AccountingStorageEnforce=associations
ReturnToService=1
SlurmctldTimeout=30
SlurmdTimeout=30
InactiveLimit=0
KillWait=5
MinJobAge=300
Waittime=0
MessageTimeout=30
UnkillableStepTimeout=30
SlurmdParameters=config_overrides
GresTypes=gpu
RebootProgram=/bin/true
{nodes}
PartitionName=batch Nodes={cpu_nodes} Default=YES PriorityTier=1 MaxTime=720 PreemptMode=REQUEUE
PartitionName=scavenge Nodes={cpu_nodes} PriorityTier=1 MaxTime=720 PreemptMode=CANCEL
PartitionName=urgent Nodes={cpu_nodes} PriorityTier=9 MaxTime=720 PreemptMode=OFF
PartitionName=accel Nodes={gpu_nodes} PriorityTier=1 MaxTime=720 PreemptMode=OFF
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
    " CPUs=8 RealMemory=64000{gres}"
)

DBD_CONF = """
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={dbd_port}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={sql_port}
StorageUser=root
StorageLoc=slurm_acct
"""

CGROUP_CONF = """
CgroupPlugin=cgroup/v1
CgroupAutomount=no
ConstrainRAMSpace=yes
AllowedSwapSpace=0
ConstrainDevices=no
ConstrainCores=no
"""


def missing() -> str | None:
    """Return why no cluster can be started here, or None."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    if absent:
        return f"no {', '.join(absent)}: apt install slurmctld slurmd slurmdbd munge mariadb-server"
    if os.geteuid() != 0:
        return "a SLURM cluster of one's own needs root"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        return "the cluster needs a mount namespace of its own, which is not allowed here"
    if not Path("/sys/fs/cgroup/memory").is_dir():
        return "the cluster needs control groups of version 1 at /sys/fs/cgroup"
    return None


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def wait_for(condition: Callable[[], object], seconds: float, what: str):
    """Return the first true value of `condition`; TimeoutError after so many seconds."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} within {seconds} s")
        time.sleep(0.2)
    return found


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


class Cluster:
    """Four nodes, of which two have a GPU device, and a user's accounts.

    Parameters
    ----------
    folder : Path
        An empty folder for its configuration, logs and state.
    name : str
        Starts its nodes' names, by which control groups of two clusters on one machine differ.
    """

    def __init__(self, folder: Path, name: str):
        self.folder = folder
        self.host = socket.gethostname().split(".")[0]
        self._cpu_nodes = [f"{name}-c1", f"{name}-c2"]
        self._gpu_nodes = [f"{name}-g1", f"{name}-g2"]
        nodes = self._cpu_nodes + self._gpu_nodes
        ctld, dbd, self._sql_port, *slurmd = _free_ports(3 + len(nodes))
        self._ports = {"ctld_port": ctld, "dbd_port": dbd, "sql_port": self._sql_port}
        self._slurmd_ports = dict(zip(nodes, slurmd, strict=True))
        self._daemons: dict[str, subprocess.Popen] = {}
        self._namespace: int | None = None

    def start(self) -> None:
        """Bring the cluster up; a few seconds."""
        self._configure()
        # Clients look for munge's socket and the configuration, the last mounted, in these places.
        places = {"run": "/run/munge", "etc": "/etc/slurm"}
        mounts = [
            f"mkdir -p {place} && mount --bind {self.folder}/{name} {place}"
            for name, place in places.items()
        ]
        holder = subprocess.Popen(
            [
                "setpriv",
                "--pdeathsig",
                "KILL",
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
            ]
            + [f"{' && '.join(mounts)} && exec sleep {LIFE_SECONDS}"]
        )
        self._daemons["namespace"] = holder
        self._namespace = holder.pid
        wait_for(lambda: self.run("test", "-f", "/etc/slurm/cgroup.conf").returncode == 0, 10, "ns")
        data = self.folder / "mysql"
        self._daemon(
            "munged",
            ["munged", "--foreground", "--force", f"--key-file={self.folder}/munge.key"]
            + ["--socket=/run/munge/munge.socket.2", f"--pid-file={self.folder}/munged.pid"]
            + [f"--log-file={self.folder}/munged.log", f"--seed-file={self.folder}/munge.seed"],
        )
        wait_for((self.folder / "run/munge.socket.2").exists, START_SECONDS, "munged")
        # Two databases delete each other's temporary tables where they share a folder for them.
        temporary = f"--tmpdir={self.folder}"
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={data}", temporary, "--user=root"]
            + ["--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            capture_output=True,
        )
        self._daemon(
            "mariadbd",
            ["mariadbd", "--no-defaults", f"--datadir={data}", temporary, "--user=root"]
            + [f"--socket={self.folder}/mysql.socket", f"--port={self._sql_port}"]
            + ["--bind-address=127.0.0.1", f"--pid-file={self.folder}/mysql.pid"]
            + ["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"],
        )
        self._wait_for_port(self._sql_port, "MariaDB")
        self.start_database()
        manager = ["sacctmgr", "-i", "add"]
        self.check(*manager, "cluster", "limbeck")
        self.check(*manager, "account", "vision", "cluster=limbeck")
        self.check(*manager, "user", getpass.getuser(), "account=vision", "defaultaccount=vision")
        self.start_controller()
        for node in self._slurmd_ports:
            self.start_node(node)
        self._wait_until_idle()

    def _configure(self) -> None:
        etc = self.folder / "etc"
        for name in ("etc", "run", "state", "mysql"):
            (self.folder / name).mkdir(parents=True)
        nodes, devices = [], []
        for node, port in self._slurmd_ports.items():
            (self.folder / f"spool.{node}").mkdir()
            gres = ""
            if node in self._gpu_nodes:
                gres = " Gres=gpu:1"
                device = self.folder / f"{node}-gpu0"
                subprocess.run(["mknod", device, "c", "1", "3"], check=True)
                devices.append(f"NodeName={node} Name=gpu File={device}")
            nodes.append(NODE.format(name=node, host=self.host, gres=gres, port=port))
        names = {
            "cpu_nodes": ",".join(self._cpu_nodes),
            "gpu_nodes": ",".join(self._gpu_nodes),
        }
        values = {"folder": self.folder, "host": self.host, **self._ports, **names}
        (etc / "slurm.conf").write_text(SLURM_CONF.format(**values, nodes="\n".join(nodes)))
        (etc / "gres.conf").write_text("\n".join(devices) + "\n")
        (etc / "cgroup.conf").write_text(CGROUP_CONF)
        dbd = etc / "slurmdbd.conf"
        dbd.touch(mode=0o600)
        dbd.write_text(DBD_CONF.format(**values))
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))

    def _daemon(self, name: str, command: Sequence[str]) -> None:
        with open(self.folder / f"{name}.out", "a") as out:
            self._daemons[name] = subprocess.Popen(
                self.inside("setpriv", "--pdeathsig", "KILL", *command),
                env={**os.environ, "PATH": _path()},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_for_port(self, port: int, what: str) -> None:
        def answers() -> bool:
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        wait_for(answers, START_SECONDS, what)

    def _wait_until_idle(self) -> None:
        def idle() -> bool:
            states = self.run("sinfo", "--noheader", "--Node", "--format=%t").stdout.split()
            return bool(states) and set(states) == {"idle"}

        wait_for(idle, START_SECONDS, "idle nodes")

    def start_database(self) -> None:
        """Start slurmdbd, on the database as it is."""
        self._daemon("slurmdbd", ["slurmdbd", "-D"])
        self._wait_for_port(self._ports["dbd_port"], "slurmdbd")

    def start_controller(self) -> None:
        """Start slurmctld, with the state it had."""
        self._daemon("slurmctld", ["slurmctld", "-D"])
        self._wait_for_port(self._ports["ctld_port"], "slurmctld")

    def start_node(self, node: str) -> None:
        """Start the slurmd of one node."""
        self._daemon(node, ["slurmd", "-D", "-N", node])

    def wait_until_saved(self, job: str) -> None:
        """Wait until the controller's files hold the state that a job has now."""
        mark = f"saved {time.monotonic_ns()}"
        self.check("scontrol", "update", f"jobid={job}", f"comment={mark}")
        state = self.folder / "state/job_state"
        wait_for(
            lambda: state.exists() and mark.encode() in state.read_bytes(),
            START_SECONDS,
            "saved state",
        )

    def stop(self, name: str, signal_number: int = signal.SIGTERM) -> None:
        """End one daemon, a node among them."""
        process = self._daemons.pop(name)
        if process.poll() is None:
            process.send_signal(signal_number)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def inside(self, *command: str, folder: Path = Path("/")) -> list[str]:
        """Return a command line that runs in a folder of the cluster's namespace."""
        enter = ["nsenter", "--mount", "--target", str(self._namespace)]
        return [*enter, "env", f"--chdir={folder}", *command]

    def run(self, *command: str, env: Mapping | None = None, folder: Path = Path("/")):
        """Run a command as a user of the cluster does."""
        line = self.inside(*map(str, command), folder=folder)
        return subprocess.run(line, env=env, capture_output=True, text=True)

    def check(self, *command: str) -> str:
        """Run a command that must end well, and return what it printed."""
        result = self.run(*command)
        if result.returncode:
            raise RuntimeError(f"{' '.join(command)}: {result.stderr or result.stdout}")
        return result.stdout

    def jobs(self, states: str = "all") -> list[dict[str, str]]:
        """List jobs, the newest last: ``id``, ``state`` and ``node``."""
        lines = self.check(
            "squeue", "--noheader", "--sort=i", f"--states={states}", "--format=%i|%T|%N"
        ).splitlines()
        return [dict(zip(("id", "state", "node"), line.split("|"), strict=True)) for line in lines]

    def close(self) -> None:
        """Cancel all jobs and end all daemons, the last started first."""
        if self._namespace is not None and "slurmctld" in self._daemons:
            self.run("scancel", "--user", getpass.getuser())
            with_jobs = lambda: not self.jobs("running,completing")  # noqa: E731
            try:
                wait_for(with_jobs, 20, "end of the jobs")
            except (TimeoutError, RuntimeError) as error:
                print(error, file=sys.stderr)
        for name in reversed(list(self._daemons)):
            self.stop(name)
