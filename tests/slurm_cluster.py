"""A Slurm of two nodes on this machine: started in a folder of its own, and ended whole."""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "squeue", "scontrol", "srun", "scancel", "sinfo", "setpriv")
NODES = ("node1", "node2")
START_S = 60
PORTS = range(10000, 30000)
"""Below those that a system gives to connections, one of which could take a daemon's in between."""
MARK = "LIQUIDBIOPSY_TEST_CLUSTER"
"""Variable that all processes of a cluster have, by which they are found and ended."""

# Without control groups, so that it runs in a container: processes are followed by their parents,
# and memory is looked at once a second. A node that says nothing for 30 s is down (a busy machine
# may well be silent for 10), and a job that is queued again waits 10 s more. The nodes have memory
# and processors enough whatever the machine has, as many as the rule asks for that takes most, and
# the emptier one is given the next job.
CONF = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
SlurmdParameters=config_overrides
SlurmctldPort={ports[0]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SlurmdTimeout=30
KillWait=2
MessageTimeout=30
MinJobAge=7200
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,defer_batch
MpiDefault=none
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=4 RealMemory=12000
NodeName=node2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=4 RealMemory=12000
PartitionName=all Nodes=node1,node2 Default=YES LLN=YES MaxTime=INFINITE State=UP
"""


# The plugin asks less and less often how its jobs are; here the answer comes when one has ended, at
# the latest after 20 s. What it says is Slurm's own.
SQUEUE = """\
#!/bin/sh
active() {{ "{squeue}" --noheader --format=%i --name "$1" | wc -l; }}
for word; do [ "$before" = --name ] && name=$word; before=$word; done
first=$([ -z "$name" ] || active "$name")
second=0
while [ "${{first:-0}}" -gt 0 ] && [ $second -lt 20 ] && [ "$(active "$name")" -ge "$first" ]; do
    sleep 1
    second=$((second + 1))
done
exec "{squeue}" "$@"
"""


class NoSlurm(Exception):
    """Slurm is not on this machine, or does not start on it; the message says why."""


class Cluster:
    """munged, slurmctld and two slurmd; `environment` is what a user of it has."""

    programs: tuple[str, ...] = (*DAEMONS, *COMMANDS)
    packages = "slurm-wlm, munge"

    def __init__(self, folder: Path) -> None:
        absent = [p for p in self.programs if not _program(p)]
        if absent:
            raise NoSlurm(f"not on this machine: {', '.join(absent)} (Debian: {self.packages})")
        if os.geteuid() != 0:
            raise NoSlurm("slurmd starts as root alone")
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        others = {n: v for n, v in os.environ.items() if not n.startswith(("SLURM", "SBATCH"))}
        self.environment = {
            **others,
            "PATH": f"{folder / 'bin'}:{others['PATH']}",
            "SLURM_CONF": str(folder / "slurm.conf"),
            MARK: str(folder),
        }

    def start(self) -> None:
        """Start all daemons and wait until both nodes take jobs."""
        (self.folder / "state").mkdir()
        (self.folder / "bin").mkdir()
        conf_file = self.folder / "slurm.conf"
        # The plugin calls srun without SLURM_CONF.
        self.command("srun", f'#!/bin/sh\nSLURM_CONF={conf_file} exec {_program("srun")} "$@"\n')
        self.command("squeue", SQUEUE.format(squeue=_program("squeue")))
        key = self.folder / "munge.key"
        key.touch(mode=0o400)
        key.write_bytes(secrets.token_bytes(128))
        host = socket.gethostname().split(".")[0]
        conf = CONF.format(folder=self.folder, host=host, ports=free_ports(3))
        conf_file.write_text(conf + self.more_settings(), encoding="utf-8")
        own = ("key-file=munge.key", "socket=munge.socket", "pid-file=munge.pid")
        more = ("log-file=munge.log", "seed-file=munge.seed")
        named = (option.split("=") for option in (*own, *more))
        options = [f"--{name}={self.folder / file}" for name, file in named]
        self.daemon("munged", "--foreground", "--force", *options)
        self.wait((self.folder / "munge.socket").exists)
        self.start_accounts()
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        self.wait(lambda: self.idle() == set(NODES))

    def more_settings(self) -> str:
        """What slurm.conf has besides; nothing where no accounts are kept."""
        return ""

    def start_accounts(self) -> None:
        """Start what keeps accounts, before the controller; here nothing does."""

    def start_controller(self) -> None:
        self.daemon("slurmctld", "-D")

    def stop_controller(self) -> None:
        """End the controller as a restart does: killed, it forgets the jobs of the last seconds."""
        self.processes["slurmctld"].terminate()
        self.processes["slurmctld"].wait()

    def start_node(self, node: str) -> None:
        self.daemon("slurmd", "-D", "-N", node, name=node, SLURMD_NODENAME=node)

    def kill_node(self, node: str) -> None:
        """Kill a node and all that runs on it, without warning."""
        on_it = [p for p in self.mine() if f"SLURMD_NODENAME={node}" in _environment(p)]
        for number in (signal.SIGSTOP, signal.SIGKILL):  # all at once: none tells of another's end
            for pid in on_it:
                _send(pid, number)
        self.processes[node].wait()

    def said(self, *command: str) -> str:
        """What a command of Slurm says; nothing where the controller does not answer."""
        program, *arguments = command
        done = subprocess.run(
            [_program(program), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout if done.returncode == 0 else ""

    def run(self, program: str, *arguments: str) -> None:
        """Run a program as `said` does; it must succeed.

        Raises
        ------
        NoSlurm
            It failed.
        """
        done = subprocess.run(
            [_program(program), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            raise NoSlurm(f"{program} {' '.join(arguments)}: {done.stdout[-300:]}")

    def idle(self) -> set[str]:
        """Names of the nodes that wait for jobs."""
        return set(self.said("sinfo", "-h", "-N", "-t", "idle", "-o", "%N").split())

    def jobs(self, of: Path) -> dict[str, dict[str, str]]:
        """Jobs of runs in a folder, by number, those that have ended included."""
        names = ("folder", "state", "nodes", "memory", "limit", "comment")
        lines = self.said("squeue", "-h", "-t", "all", "-o", "%i|%Z|%T|%N|%m|%l|%k").splitlines()
        cells = sorted((line.split("|") for line in lines), key=lambda job: int(job[0]))
        jobs = {number: dict(zip(names, rest, strict=True)) for number, *rest in cells}
        return {n: job for n, job in jobs.items() if Path(job["folder"]).is_relative_to(of)}

    def restarts(self, number: str) -> int:
        """How often Slurm itself has started a job again."""
        (times,) = re.findall(
            r" Restarts=(\d+)", self.said("scontrol", "-o", "show", "job", number)
        )
        return int(times)

    def wait_for(self, of: Path, *running: str, seconds: float = 900) -> dict[str, str]:
        """Nodes by number of the jobs with these names, once all of them run."""
        deadline = time.monotonic() + seconds
        while True:
            jobs = {n: j for n, j in self.jobs(of).items() if j["state"] == "RUNNING"}
            found = {w: n for w in running for n, job in jobs.items() if w in job["comment"]}
            if len(found) == len(running):
                return {number: jobs[number]["nodes"] for number in found.values()}
            assert time.monotonic() < deadline, f"not running: {running}, but {self.jobs(of)}"
            time.sleep(0.2)

    def mine(self) -> list[int]:
        """Processes of this cluster, the jobs it runs included."""
        mark = f"{MARK}={self.folder}"
        pids = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()]
        return [p for p in pids if p != os.getpid() and mark in _environment(p)]

    def stop(self) -> None:
        """End everything that was started, the jobs too."""
        for _ in range(20):
            if not (left := self.mine()):
                break
            for pid in left:
                _send(pid, signal.SIGKILL)
            time.sleep(0.1)
        for process in self.processes.values():
            process.wait()

    def daemon(self, program: str, *arguments: str, name: str = "", **more: str) -> None:
        with open(self.folder / f"{name or program}.out", "ab") as output:
            # It ends with this process, even if that is killed.
            self.processes[name or program] = subprocess.Popen(
                [_program("setpriv"), "--pdeathsig", "KILL", _program(program), *arguments],
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def command(self, name: str, words: str) -> None:
        """Put a command before Slurm's own of that name."""
        script = self.folder / "bin" / name
        script.write_text(words, encoding="utf-8")
        script.chmod(0o755)

    def wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_S
        while not until():
            ended = any(process.poll() is not None for process in self.processes.values())
            if ended or time.monotonic() > deadline:
                raise NoSlurm(self._why_not())
            time.sleep(0.1)

    def _why_not(self) -> str:
        """What the daemons said last."""
        logs = sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("*.out"))
        last = [(f.name, f.read_text(errors="replace").strip().splitlines()[-2:]) for f in logs]
        return "Slurm does not start here: " + "; ".join(f"{n}: {w}" for n, w in last if w)


def _program(name: str) -> str:
    """Path of a program, also where it is not on a user's PATH; blank where there is none."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin") or ""


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on, others for each process that asks."""
    free: list[int] = []
    while len(free) < number:
        port = secrets.choice([p for p in PORTS if p not in free])
        with contextlib.suppress(OSError), socket.socket() as tried:
            tried.bind(("", port))
            free.append(port)
    return free


def _environment(pid: int) -> list[str]:
    return _of_process(pid, "environ")


def _of_process(pid: int, what: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/{what}").read_text(errors="replace").split("\0")
    except OSError:  # it has ended
        return []


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
