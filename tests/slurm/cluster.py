"""A real Slurm on this machine, for tests: controller, accounting, three nodes, pretended GPUs.

Everything lies in one folder and below ``/etc/slurm``, where the step inside a job looks for its
configuration; ``stop`` ends every process that was started and leaves ``/etc/slurm`` as it was.
A machine that has a Slurm of its own is left alone. What tests that were killed left in
``/etc/slurm`` is known by its first line, and written over once its controller has ended.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd", "sbatch", "sacct")
ETC = Path("/etc/slurm")
NODES = {"cpu1": "", "cpu2": "", "gpu1": " Gres=gpu:2"}
PORTS = {"slurmctld": 26817, "slurmdbd": 26819, "mariadb": 23306, "cpu1": 26821}

OURS = "# Written by tests/slurm/cluster.py, for as long as these tests run.\n"

SLURM = (
    OURS
    + """
ClusterName=museum
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
KillWait=5
MinJobAge=300
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdSpoolDir={folder}/spool-%n
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmdLogFile={folder}/slurmd-%n.log
SchedulerParameters=sched_interval=2,bf_interval=2,sched_min_interval=100000
PriorityType=priority/basic
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
GresTypes=gpu
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={slurmdbd}
AccountingStoragePass={folder}/munge/socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
{nodes}
PartitionName=cpu Nodes=cpu1,cpu2 Default=YES PriorityTier=10 PreemptMode=OFF
PartitionName=gpu Nodes=gpu1 PriorityTier=10 PreemptMode=OFF
PartitionName=spare Nodes=cpu1,cpu2 PriorityTier=1 GraceTime=20
"""
)

NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 RealMemory=16000"
    "{gres}"
)

GRES = "NodeName=gpu1 Name=gpu Count=2 File=/dev/tty[0-1]\n"

DATABASE = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={slurmdbd}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={mariadb}
StorageUser=root
StorageLoc=slurm_acct_db
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
"""


def missing() -> str:
    """Why there can be no cluster here; empty if there can."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking:
        return f"Slurm's programs are not installed: {', '.join(lacking)}"
    if os.geteuid() != 0:
        return "a cluster can be started by root only"
    settings = ETC / "slurm.conf"
    if settings.exists() and not settings.read_text().startswith(OURS):
        return f"{settings}: this machine has a Slurm of its own"
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORTS["slurmctld"])) == 0:
            return "another run of these tests has its cluster up"
    return ""


def run(*command: str) -> str:
    """A command's output; its errors too if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


class Cluster:
    """A running cluster in ``folder``: nodes cpu1, cpu2 and gpu1 of 4 CPUs and 16 GB each."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._running = folder, {}
        self._host = os.uname().nodename

    def start(self) -> None:
        """Start everything; about ten seconds."""
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        (self.folder / "state").mkdir()
        self._configure()
        self._start_munge()
        self._start_database()
        self._daemon("slurmdbd", "slurmdbd", "-D")
        self._until("sacctmgr", "-n", "list", "cluster")
        run("sacctmgr", "-i", "add", "cluster", "museum")
        run("sacctmgr", "-i", "add", "account", "art", "Description=tests", "Organization=tests")
        run("sacctmgr", "-i", "add", "user", "root", "Account=art", "AdminLevel=Admin")
        self._daemon("slurmctld", "slurmctld", "-D")
        for name in NODES:
            self.start_node(name)
        self._until("srun", "--immediate=2", "-p", "gpu", "-A", "art", "true")

    def stop(self) -> None:
        """Stop everything that was started, newest first, and take the configuration away."""
        if "slurmctld" in self._running:  # a node that is ended leaves its jobs running
            subprocess.run(["scancel", "--user=root"], check=False)
            with suppress(RuntimeError):
                self._until("sh", "-c", '[ -z "$(squeue --noheader)" ]', seconds=30)
        for name in reversed(list(self._running)):
            self.end(name)
        for name in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
            (ETC / name).unlink(missing_ok=True)

    def start_node(self, name: str) -> None:
        """Start a node's daemon."""
        (self.folder / f"spool-{name}").mkdir(exist_ok=True)
        self._daemon(name, "slurmd", "-D", "-N", name)

    def lose_node(self, name: str) -> None:
        """Let a node vanish as one does that loses its power: its daemon and all of its jobs."""
        jobs = run("squeue", "-h", "-w", name, "-o", "%A").split()
        self.end(name, signal.SIGKILL)
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
                environment = (process / "environ").read_bytes()
            except OSError:
                continue
            step = command.startswith(tuple(f"slurmstepd: [{job}.".encode() for job in jobs))
            if step or f"SLURMD_NODENAME={name}\0".encode() in environment:
                os.kill(int(process.name), signal.SIGKILL)

    def end(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End a daemon, and the jobs' own processes that it leaves behind on a node."""
        process = self._running.pop(name)
        process.send_signal(how)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _configure(self) -> None:
        ETC.mkdir(exist_ok=True)
        words = {"folder": self.folder, "host": self._host, **PORTS}
        nodes = "\n".join(
            NODE.format(name=name, host=self._host, port=PORTS["cpu1"] + number, gres=gres)
            for number, (name, gres) in enumerate(NODES.items())
        )
        (ETC / "gres.conf").write_text(GRES)
        (ETC / "slurmdbd.conf").write_text(DATABASE.format(**words))
        (ETC / "slurmdbd.conf").chmod(0o600)
        (ETC / "slurm.conf").write_text(SLURM.format(nodes=nodes, **words))

    def _start_munge(self) -> None:
        munge = self.folder / "munge"
        munge.mkdir(mode=0o755)
        (munge / "key").write_bytes(os.urandom(128))
        (munge / "key").chmod(0o400)
        files = [f"--{kind}-file={munge}/{kind}" for kind in ("key", "pid", "log", "seed")]
        self._daemon(
            "munged", "munged", "--foreground", "--force", f"--socket={munge}/socket", *files
        )
        self._until("munge", "-n", f"--socket={munge}/socket")

    def _start_database(self) -> None:
        data = f"--datadir={self.folder}/mariadb"
        run(
            "mariadb-install-db",
            "--no-defaults",
            data,
            "--user=root",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )
        socket = f"--socket={self.folder}/mariadb.socket"
        self._daemon(
            "mariadb",
            "mariadbd",
            "--no-defaults",
            "--user=root",
            data,
            socket,
            f"--port={PORTS['mariadb']}",
            "--bind-address=127.0.0.1",
            f"--pid-file={self.folder}/mariadb.pid",
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-name-resolve",
        )
        self._until("mariadb-admin", "--no-defaults", socket, "-u", "root", "ping")

    def _daemon(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _until(self, *command: str, seconds: float = 60) -> None:
        """Wait until a command succeeds."""
        end = time.monotonic() + seconds
        while True:
            try:
                run(*command)
                return
            except RuntimeError as error:
                if time.monotonic() > end:
                    raise RuntimeError(f"{error}; logs are in {self.folder}") from error
                time.sleep(0.3)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster for the block; everything it started is stopped, however the block ends."""
    made = Cluster(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


if __name__ == "__main__":  # python tests/slurm/cluster.py FOLDER: until Ctrl-C
    if why := missing():
        sys.exit(why)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with cluster(Path(sys.argv[1]).resolve()) as started:
        print(f"up, in {started.folder}", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
