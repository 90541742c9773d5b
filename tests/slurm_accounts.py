"""A Slurm that keeps accounts of its jobs, as most sites do: slurmdbd over a MariaDB of its own."""

from pathlib import Path

from slurm_cluster import COMMANDS, DAEMONS, Cluster, free_ports

ACCOUNT = "lab"
STORED = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={folder}/munge.socket
AccountingStoreFlags=job_comment
AccountingStorageEnforce=associations
"""
SLURMDBD = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=root
StorageLoc=accounts
"""


class ClusterWithAccounts(Cluster):
    """A cluster whose `sacct` answers, and where a job needs an account."""

    programs = (*DAEMONS, *COMMANDS, "slurmdbd", "sacctmgr", "sacct", "mariadbd")
    packages = f"{Cluster.packages}, slurmdbd, mariadb-server"

    def more_settings(self) -> str:
        (self.port,) = free_ports(1)
        return STORED.format(folder=self.folder, port=self.port)

    def start_accounts(self) -> None:
        """Start the database and slurmdbd, and give root an account."""
        data = self.folder / "database"
        (database,) = free_ports(1)
        conf = self.folder / "slurmdbd.conf"
        conf.touch(mode=0o600)
        words = SLURMDBD.format(folder=self.folder, port=self.port, database=database)
        conf.write_text(words, encoding="utf-8")
        self.run("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}")
        # Without grants it asks nobody who he is; it listens to this machine alone.
        options = [f"--datadir={data}", f"--socket={self.folder}/database.socket"]
        options += [f"--port={database}", f"--pid-file={self.folder}/database.pid"]
        more = ["--bind-address=127.0.0.1", "--user=root", "--skip-grant-tables"]
        self.daemon("mariadbd", "--no-defaults", *options, *more)
        self.wait((self.folder / "database.pid").exists)
        self.daemon("slurmdbd", "-D")
        self.wait(lambda: bool(self.said("sacctmgr", "-n", "list", "account")))
        for what in ("cluster tests", f"account {ACCOUNT}", f"user root account={ACCOUNT}"):
            self.run("sacctmgr", "-i", "add", *what.split())

    def accounted(self, of: Path) -> list[dict[str, str]]:
        """Jobs of runs in a folder as `sacct` knows them, in the order of their numbers."""
        names = ("JobID", "WorkDir", "Account", "State", "ReqMem", "Comment")
        keys = ("number", "folder", "account", "state", "memory", "comment")
        said = self.said("sacct", "-X", "-n", "-P", f"--format={','.join(names)}")
        jobs = [dict(zip(keys, line.split("|"), strict=True)) for line in said.splitlines()]
        mine = [job for job in jobs if Path(job["folder"]).is_relative_to(of)]
        return sorted(mine, key=lambda job: int(job["number"]))
