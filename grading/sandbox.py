"""Starts a worker in a sandbox: no network, no view of the course, and limits on what it may use.

Two maintained sandboxes are known, behind one interface. `Bubblewrap` needs the
distribution's package and user namespaces. `Sandlock` confines a process with
Landlock and seccomp, and needs nothing but pip and a kernel from 6.7 on; it
looks at every file that is opened, so that a worker starts three times slower.
"""

import contextlib
import functools
import itertools
import os
import platform
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import warnings
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from grading.protocol import frame

INSIDE = WORKER, GUARD, WARM, _ = [
    Path(__file__).with_name(f"{name}.py") for name in ("worker", "guard", "warm", "protocol")
]
DISKS = 4  # times what a folder may hold: where no file system counts it, a worker that takes more is ended
LOOK = 0.1  # seconds from one look at it to the next
STARTING = 60  # seconds for a worker to start, on a machine under load
COVERED = "/scratch/", "/tmp/", "/dev/shm/"  # folders that are empty for each worker
SYSTEM = {f"{top}/{name}" for top in ("", "/usr", "/usr/local") for name in ("bin", "lib", "lib32", "lib64")}
SYSTEM |= {"/usr/share", *(f"/etc/ld.so.{name}" for name in ("cache", "conf", "conf.d"))}
WIDE = {"/usr", "/usr/local"}  # what the system's own Python calls its home; nbgrader's exchange lies there, too
INSTALL = "python -m pip install sandlock   (Linux 6.7 or newer), or   apt-get install bubblewrap"


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    cell, call, test, total : float
        Seconds by the clock: for one cell, for one call of a function, for all that one test asks for, and for all
        cells together. When those are used, only what the cells define is run, and tests keep their own time.
    cpu : int
        Seconds of the processor.
    memory : int
        Bytes of address space.
    processes, files : int
        Threads, and open files.
    disk : int
        Bytes in each folder that can be written to.
    answer : int
        Bytes of one answer.
    """

    cell: float = 10.0
    call: float = 5.0
    test: float = 20.0
    total: float = 60.0
    cpu: int = 60
    memory: int = 2 << 30
    processes: int = 32
    files: int = 64
    disk: int = 32 << 20
    answer: int = 64 << 20

    def of_a_process(self):
        """Return what the kernel can hold a process to, by the names of the resource module."""
        return {
            "RLIMIT_AS": self.memory,
            "RLIMIT_CPU": self.cpu,
            "RLIMIT_FSIZE": self.disk,
            "RLIMIT_NOFILE": self.files,
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_CORE": 0,
        }


class NoSandbox(RuntimeError):
    """No sandbox works on this machine; the message says what to install."""


@dataclass
class Process:
    """A running worker.

    Attributes
    ----------
    requests, answers : int
        File descriptors: to write to, and to read from.
    kill : callable
        Ends the worker and all that it started. The next one is started when they and what they wrote are gone.
    files : dict of str to bytes
        What lies in its folder already, by its path.
    """

    requests: int
    answers: int
    kill: Callable
    files: dict = field(default_factory=dict)

    def end(self):
        """End the worker and all that it started."""
        self.kill()
        for descriptor in (self.requests, self.answers):
            os.close(descriptor)


@dataclass(frozen=True)
class Preload:
    """What a warm sandbox has loaded before the first worker is forked.

    Attributes
    ----------
    imports : tuple of str
        Statements that take long. One that fails is left to whoever needs it.
    files : tuple of (str, bytes)
        What lies beside the notebook, by its path: modules that are imported, and what they read.
    quick : tuple of str
        Statements that take no time, which every worker has run.
    """

    imports: tuple = ()
    files: tuple = ()
    quick: tuple = ()


class Sandbox(Protocol):
    """Starts workers of which each sees, uses and leaves nothing but what `Limits` and the docs say.

    Attributes
    ----------
    name : str
        What the output calls it, and by which it is asked for.
    """

    name: str

    def start(self, limits: Limits, preload: Preload = Preload()) -> Process:
        """Start a worker, which waits for requests. Raise OSError where this machine can't."""
        ...

    def get_ready(self, limits: Limits, preload: Preload) -> None:
        """Do beforehand what can be done before workers are asked for: here nothing."""


def environment(folder="/tmp"):
    """Return the variables of a worker: few, and none of this process's own; what IPython keeps lies in a folder."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "PYTHONBREAKPOINT": "0",  # nobody is there to talk to a debugger
        "IPYTHONDIR": f"{folder}/ipython",
        "NBGRADER_EXECUTION": "autograde",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",  # the order of a set is the same in every run
        "MALLOC_PERTURB_": "165",  # freed memory is not left as it was, and never looks like zeros
    }


def folders_in(scratch):
    """Make two folders for a worker that has no /tmp of its own: its own files', and one for what IPython keeps."""
    folders = [os.path.join(scratch, name) for name in ("files", "kept")]
    for folder in folders:
        os.mkdir(folder)
    return folders


def command(program, *arguments):
    """Return the command that runs one of our files: without the user's own packages and start-up files."""
    return [sys.executable, "-P", "-s", "-B", str(program), *arguments]


@functools.cache
def readable():
    """Return what a worker needs to read: the system's libraries, Python with its packages, and the worker.

    Python itself says where its packages lie: files in them may name other folders.
    """
    program = "import sys, sysconfig; print(*sys.path, sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), sep='\\0')"
    asked = [sys.executable, "-P", "-s", "-B", "-c", program]
    said = subprocess.run(asked, env=environment(), stdout=subprocess.PIPE, text=True, check=True).stdout
    found = []
    for path in sorted(SYSTEM.union(said.rstrip("\n").split("\0"), map(str, INSIDE)) - WIDE):
        if path and os.path.exists(path) and not any(Path(path).is_relative_to(other) for other in found):
            found.append(path)
    return found


def keep_out_of(*places):
    """Raise where student code could read one of some places of a course, because it lies in what a worker reads."""
    for place, path in itertools.product(places, readable()):
        if Path(place).resolve().is_relative_to(Path(path).resolve()):
            raise NoSandbox(
                f"{place} belongs to the course and lies in {path}, which belongs to the Python that runs the grader: student "
                "code reads all of that, and would read the gradebook and the solutions. Nothing was graded. Make an "
                "environment elsewhere, for example with `python -m venv .venv` inside the course, and install the grader there."
            )


def taken_over(process, kill):
    """Return a program that was just started as a `Process`, with pipes that are closed when it ends."""
    requests, answers = (os.dup(stream.fileno()) for stream in (process.stdin, process.stdout))
    process.stdin.close()
    process.stdout.close()
    return Process(requests, answers, kill)


class Sandlock(Sandbox):
    """https://github.com/multikernel/sandlock: Landlock and seccomp, with a supervisor of its own."""

    name = "sandlock"

    def __init__(self):
        import sandlock

        self.sandlock = sandlock

    def start(self, limits, preload=Preload()):
        sandlock, scratch = self.sandlock, tempfile.TemporaryDirectory(prefix="worker-", ignore_cleanup_errors=True)
        files, kept = folders_in(scratch.name)
        pipes = sandlock.StdioMode.PIPED
        box = sandlock.Sandbox(
            fs_readable=[*readable(), "/dev/urandom", "/dev/random", "/dev/zero"],
            fs_writable=[files, kept, "/dev/null"],
            workdir=files,
            cwd=files,
            fs_storage=scratch.name,
            max_disk=limits.disk,
            on_exit=sandlock.BranchAction.ABORT,
            on_error=sandlock.BranchAction.ABORT,
            max_memory=2 * limits.memory,
            max_processes=limits.processes,
            no_coredump=True,
            clean_env=True,
            env=environment(kept),
            uid=1000,
            gid=1000,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 0.9.0 wrongly warns that gid has no effect
            process = box.popen(
                command(GUARD, lock(ALLOW).hex()), stdin=pipes, stdout=pipes, stderr=sandlock.StdioMode.NULL
            )

        over = threading.Event()
        watched = process.pid, os.pidfd_open(process.pid), scratch.name, limits, over
        threading.Thread(target=watch, args=watched, daemon=True).start()

        def kill():
            over.set()
            process.kill()
            process.wait()
            scratch.cleanup()

        return taken_over(process, kill)


def watch(worker, process, scratch, limits, over):
    """End a worker that has more threads, or takes more of the disk, than it may: sandlock does not count them."""
    with contextlib.suppress(OSError):  # it has ended
        while not over.wait(LOOK):
            if threads_of(worker) > limits.processes or disk_of(worker, scratch, limits.disk) > DISKS * limits.disk:
                break
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, signal.SIGKILL)
    os.close(process)


def threads_of(process):
    return os.stat(f"/proc/{process}/task").st_nlink - 2


def disk_of(process, folder, most):
    """Return the bytes of a disk that a process holds: what is in a folder, and what it has removed and has not let go."""
    entries, files = 0, {}
    for parent, *names in os.walk(folder):
        for name in itertools.chain(*names):
            with contextlib.suppress(FileNotFoundError):
                about = os.lstat(os.path.join(parent, name))
                entries, files[about.st_ino] = entries + 1, 512 * about.st_blocks
    for name in os.listdir(f"/proc/{process}/fd"):
        with contextlib.suppress(FileNotFoundError):
            about = os.stat(f"/proc/{process}/fd/{name}")
            if about.st_nlink == 0:
                files[about.st_ino] = 512 * about.st_blocks
    with open(f"/proc/{process}/maps") as maps:
        for *_, inode, name in (line.split(maxsplit=5) for line in maps if line.endswith(" (deleted)\n")):
            if name != "/dev/zero (deleted)\n":  # memory
                files.setdefault(int(inode), most)  # it does not tell how large it is
    return (entries << 12) + sum(files.values())  # an empty one takes something, too


def bubblewrapped(program, disk, helpers=(), options=(), **pipes):
    """Start a program in bubblewrap: namespaces, bind mounts of what it may read, and empty folders to write to.

    Parameters
    ----------
    program : list of str
    disk : int
        Bytes in each folder that can be written to.
    helpers : sequence of (str, bytes)
        Files that appear in the folder ``/helpers``.
    options : sequence of str
        More options of bubblewrap.
    pipes
        Standard input and output, as `subprocess.Popen` takes them.
    """
    tmpfs = ["--size", str(disk), "--tmpfs"]
    binds = [option for path in readable() for option in ("--ro-bind", path, path)]
    contents = {name: in_memory(content) for name, content in helpers}
    binds += [option for name, file in contents.items() for option in ("--file", str(file), f"/helpers/{name}")]
    try:
        return subprocess.Popen(
            [
                "bwrap",
                "--unshare-all",
                "--unshare-user",
                "--uid",
                "1000",
                "--gid",
                "1000",
                "--cap-drop",
                "ALL",
                "--die-with-parent",
                "--new-session",
                *options,
                "--proc",
                "/proc",
                "--dev",
                "/dev",
                *tmpfs,
                "/dev/shm",
                *tmpfs,
                "/tmp",
                *tmpfs,
                "/scratch",
                *binds,
                "--remount-ro",
                "/",
                "--remount-ro",
                "/dev",
                "--chdir",
                "/scratch",
                "--",
                *program,
            ],
            env=environment(),
            bufsize=0,
            stderr=subprocess.DEVNULL,
            pass_fds=[*contents.values()],
            process_group=0,
            **pipes,
        )
    finally:
        for file in contents.values():
            os.close(file)


def end(process):
    """End bubblewrap with all in it, also where it was just started and what it has forked would not end with it yet."""
    if process.poll() is None:  # and only where it was started: in a fork of that process it seems to have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def in_memory(content):
    """Return the descriptor of a file without a name that holds ``content``."""
    descriptor = os.memfd_create("content")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


class Bubblewrap(Sandbox):
    """https://github.com/containers/bubblewrap, started anew for each worker, as the child of `guard.py`."""

    name = "bubblewrap"

    def start(self, limits, preload=Preload()):
        program = command(GUARD, lock(ASK).hex(), str(limits.processes), str(limits.disk))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = bubblewrapped(program, limits.disk, options=["--disable-userns", "--as-pid-1"], **pipes)
        return taken_over(process, functools.partial(end, process))


class WarmBubblewrap(Sandbox):
    """bubblewrap once for many workers, one after the other: `warm.py` forks each, in namespaces of its own."""

    name = "warm bubblewrap"

    def __init__(self):
        self.warm = {}  # each by its limits, the files in it, and what every worker has loaded

    def start(self, limits, preload=Preload()):
        theirs, ours = zip(os.pipe(), reversed(os.pipe()))
        line, end_of_line = socket.socketpair()
        try:
            self.ask_for(limits, preload, [*theirs, end_of_line.fileno()])
        except BaseException:
            line.close()
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            end_of_line.close()
            for descriptor in theirs:
                os.close(descriptor)
        return Process(*ours, line.close, dict(preload.files))

    def get_ready(self, limits, preload):
        """Have the sandbox stand that workers will be asked of; one that has ended is replaced."""
        self.warm_one(limits, preload)

    def warm_one(self, limits, preload):
        """Return a sandbox that stands."""
        key = limits.disk, limits.processes, preload.files, preload.quick
        if key in self.warm and self.warm[key].has_ended():
            del self.warm[key]
        if len(self.warm) > 1 and key not in self.warm:
            self.warm.clear()  # another assignment
        if key not in self.warm:
            self.warm[key] = Warm(limits, preload)
        return self.warm[key]

    def ask_for(self, limits, preload, descriptors):
        """Have a worker use these pipes, for as long as somebody holds its line."""
        for _ in range(2):  # what ended one may have done so just now
            with contextlib.suppress(ConnectionError):
                return self.warm_one(limits, preload).ask_for(preload.imports, descriptors)
        raise ConnectionError(f"{self.name} ends as soon as it is started")


class Warm:
    """A sandbox in which `warm.py` waits to fork workers: behind its other door such that have loaded what takes long."""

    def __init__(self, limits, preload):
        (self.door, theirs), (self.other, others) = (
            socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)
        )
        for door in (self.door, self.other):
            door.settimeout(STARTING)
        with theirs, others:
            hidden = [path for path in readable() if path.startswith(COVERED) and os.path.isdir(path)]
            program = command(WARM, str(limits.disk), str(limits.processes), *hidden)
            self.process = bubblewrapped(program, limits.disk, preload.files, stdin=theirs, stdout=others)
        self.ended = os.pidfd_open(self.process.pid)
        weakref.finalize(self, leave, self.process, self.door, self.other, self.ended)
        self.door.send(lock(ASK))
        self.door.send("\n".join(preload.quick).encode())

    def ask_for(self, imports, descriptors):
        """Send the pipes of a worker, whole or not at all: several processes may ask through one door."""
        socket.send_fds(self.other if imports else self.door, ["\n".join(imports).encode() or b"-"], descriptors)

    def has_ended(self):
        """Whether its process has ended, or nobody is at the other end of a door; not only who started it may ask."""
        events = select.poll()
        events.register(self.ended, select.POLLIN)
        events.register(self.door, 0)
        events.register(self.other, 0)
        return bool(events.poll(0))


def leave(process, door, other, ended):
    door.close()
    other.close()
    os.close(ended)
    end(process)


# What no worker needs: what makes processes, leads out of a namespace or into another process; what is kept outside of
# all that a process is held to, or for the next student; what reaches others; and what opens much of the kernel to attack.
FORBIDDEN = {  # the numbers of system calls on x86_64, and on aarch64
    "fork, vfork": ("57-58", ""),
    "unshare, setns, mount, umount2": ("165-166 272 308", "39-40 97 268"),
    "ptrace, process_vm_readv, process_vm_writev, kcmp": ("101 310-312", "117 270-272"),
    "shared memory, semaphores and queues of System V": ("29-31 64-71 220", "186-197"),
    "queues of POSIX": ("240-245", "180-185"),
    "memfd_create": ("319", "279"),
    "add_key, request_key, keyctl": ("248-250", "217-219"),
    "socket, connect, bind, listen": ("41-42 49-50", "198 200-201 203"),
    "inotify, fanotify": ("253 294 300", "26 262"),
    "io_setup, vmsplice": ("206 278", "0 75"),
    "bpf, userfaultfd, perf_event_open": ("298 321 323", "241 280 282"),
}
# As if the file system had no such thing: attributes of files, and fallocate, which passes by the limit on a file's size.
LACKING = {"setxattr to fremovexattr": ("188-199", "5-16"), "fallocate": ("285", "47")}
SPECIAL = {"socketpair": (53, 199), "clone": (56, 220)}
# Later ones have one number everywhere, and are unknown but for pidfd_open, close_range, faccessat2, epoll_pwait2,
# futex_waitv, fchmodat2, futex_wake, futex_wait and futex_requeue. The C library does without: also without clone3,
# whose flags lie in memory, where no filter sees them.
LATER, KNOWN = 424, (434, 436, 439, 441, 449, 452, 454, 455, 456)
ALLOW, ASK = 0x7FFF0000, 0x7FC00000  # what a filter may answer to a new thread


@functools.cache
def lock(threads):
    """Return a seccomp filter, as classic BPF, that forbids processes, sockets, and what else a worker has no need of.

    It is written out here: of the libraries for it none is maintained on PyPI, and one of the system's would leave
    open what it does not know. See seccomp(2).
    """
    column = ["x86_64", "aarch64"].index(platform.machine())
    architecture = [0xC000003E, 0xC00000B7][column]
    socketpair, clone = (numbers[column] for numbers in SPECIAL.values())
    load, equal, least, more, bits, keep, answer = 0x20, 0x15, 0x35, 0x25, 0x45, 0x54, 0x06
    kill, forbid, unknown, lacking = 0x80000000, 0x00050001, 0x00050026, 0x0005005F  # EPERM, ENOSYS, EOPNOTSUPP
    number, machine, first, second = 0, 4, 16, 24  # where they lie
    x32, unix, stream, kind, thread = 0x40000000, 1, 1, 0xF, 0x00010000
    spans = [
        (*map(int, (span.split("-") * 2)[:2]), said)
        for kinds, said in ((FORBIDDEN, forbid), (LACKING, lacking))
        for numbers in kinds.values()
        for span in numbers[column].split()
    ]
    program = [
        (load, 0, 0, machine),
        (equal, 1, 0, architecture),
        (answer, 0, 0, kill),
        (load, 0, 0, number),
        (least, 0, 1, x32),
        (answer, 0, 0, forbid),
        *(step for one in KNOWN for step in ((equal, 0, 1, one), (answer, 0, 0, ALLOW))),
        (least, 0, 1, LATER),
        (answer, 0, 0, unknown),
        *(
            step
            for lowest, highest, said in spans
            for step in ((least, 0, 2, lowest), (more, 1, 0, highest), (answer, 0, 0, said))
        ),
        (equal, 0, 7, socketpair),  # what Python's event loops wake themselves with
        (load, 0, 0, first),
        (equal, 0, 4, unix),
        (load, 0, 0, second),
        (keep, 0, 0, kind),
        (equal, 0, 1, stream),
        (answer, 0, 0, ALLOW),
        (answer, 0, 0, forbid),
        (equal, 1, 0, clone),
        (answer, 0, 0, ALLOW),
        (load, 0, 0, first),
        (bits, 0, 1, thread),
        (answer, 0, 0, threads),
        (answer, 0, 0, forbid),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in program)


class Unconfined(Sandbox):
    """No sandbox at all, for the few who run the grader in one of their own."""

    name = "no sandbox"

    def start(self, limits, preload=Preload()):
        scratch = tempfile.TemporaryDirectory(prefix="worker-", ignore_cleanup_errors=True)
        files, kept = folders_in(scratch.name)
        process = subprocess.Popen(
            command(WORKER),
            cwd=files,
            env=environment(kept),
            bufsize=0,
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

        def kill():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            scratch.cleanup()

        return taken_over(process, kill)


SANDBOXES = {kind.name: kind for kind in (WarmBubblewrap, Bubblewrap, Sandlock, Unconfined)}


@functools.cache
def named(name):
    """Return this process's sandbox of that name."""
    return SANDBOXES[name]()


@functools.cache
def available(limits=Limits(), preload=Preload()):
    """Return the first sandbox that works on this machine; raise NoSandbox with what to install.

    What it is tried with stands ready then.
    """
    reasons = []
    for kind in (WarmBubblewrap, Bubblewrap, Sandlock):  # the quickest first
        try:
            box = named(kind.name)
            process = box.start(limits, preload)
            try:
                if answers(process):
                    return box
            finally:
                process.end()
            reasons.append(f"{kind.name} can't start a process here")
        except (ImportError, OSError, RuntimeError, KeyError) as error:
            reasons.append(f"{kind.name}: {error}")
    raise NoSandbox(
        f"There is no sandbox to run submissions in ({'; '.join(reasons)}). Install one: {INSTALL}. "
        "Or say --unsafe-no-sandbox, where nothing on this machine is worth protecting from your students."
    )


def answers(process, seconds=20):
    """Whether a new worker answers, and that it could begin."""
    os.write(
        process.requests, frame({"do": "begin", "files": [], "there": [], "wanted": [], "limits": {}, "answer": 0})
    )
    ready, _, _ = select.select([process.answers], [], [], seconds)
    said = os.read(process.answers, 1 << 16) if ready else b""
    return said != b"" and b'"error"' not in said
