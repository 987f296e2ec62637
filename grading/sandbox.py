"""Starts a worker in a sandbox: no network, no view of the course, and limits on what it may use.

Two maintained sandboxes are known, behind one interface. `Bubblewrap` needs the
distribution's package and user namespaces. `Sandlock` confines a process with
Landlock and seccomp, and needs nothing but pip and a kernel from 6.7 on; it
looks at every file that is opened, so that a worker starts three times slower.
"""

import contextlib
import functools
import os
import platform
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import warnings
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from grading.protocol import frame

WORKER, WARM, PROTOCOL = (Path(__file__).with_name(f"{name}.py") for name in ("worker", "warm", "protocol"))
STARTING = 60  # seconds for a worker to start, on a machine under load
COVERED = "/scratch/", "/tmp/", "/dev/shm/"  # folders that are empty for each worker
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
        Seconds of the processor, for one process.
    memory : int
        Bytes of address space, for one process.
    processes, files : int
        Processes, and open files in each.
    disk : int
        Bytes in the scratch folder.
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


def environment():
    """Return the variables of a worker: few, and none of this process's own."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "PYTHONBREAKPOINT": "0",  # nobody is there to talk to a debugger
        "IPYTHONDIR": "/tmp/ipython",
        "NBGRADER_EXECUTION": "autograde",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",  # the order of a set is the same in every run
        "MALLOC_PERTURB_": "165",  # freed memory is not left as it was, and never looks like zeros
    }


def command(program, *arguments):
    """Return the command that runs one of our files: without the user's own packages and start-up files."""
    return [sys.executable, "-P", "-s", "-B", str(program), *arguments]


@functools.cache
def readable():
    """Return what a worker needs to read: the system's libraries, Python with its packages, and the worker.

    Python itself says where its packages lie: files in them may name other folders.
    """
    system = ["/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"]
    program = "import sys, sysconfig; print(*sys.path, sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), sep='\\0')"
    asked = [sys.executable, "-P", "-s", "-B", "-c", program]
    said = subprocess.run(asked, env=environment(), stdout=subprocess.PIPE, text=True, check=True).stdout
    found = []
    for path in sorted({*system, *said.rstrip("\n").split("\0"), str(WORKER), str(WARM), str(PROTOCOL)}):
        if path and os.path.exists(path) and not any(Path(path).is_relative_to(other) for other in found):
            found.append(path)
    return found


def keep_out_of(folder):
    """Raise where student code could read a folder, because Python's environment contains it."""
    for path in readable():
        if Path(folder).resolve().is_relative_to(Path(path).resolve()):
            raise NoSandbox(
                f"The course {folder} lies in {path}, which belongs to the Python that runs the grader: student code reads "
                "all of it, and would read the gradebook and the solutions. Nothing was graded. Make an environment elsewhere, "
                "for example with `python -m venv .venv` inside the course, and install the grader there."
            )


def taken_over(process, kill):
    """Return a program that was just started as a `Process`, with pipes that are closed when it ends."""
    requests, answers = (os.dup(stream.fileno()) for stream in (process.stdin, process.stdout))
    process.stdin.close()
    process.stdout.close()
    return Process(requests, answers, kill)


class Sandlock:
    """https://github.com/multikernel/sandlock: Landlock and seccomp, with a supervisor of its own."""

    name = "sandlock"

    def __init__(self):
        import sandlock

        self.sandlock = sandlock

    def start(self, limits, preload=None):
        sandlock, scratch = self.sandlock, tempfile.TemporaryDirectory(prefix="worker-", ignore_cleanup_errors=True)
        files = Path(scratch.name) / "files"
        files.mkdir()
        files = str(files)
        pipes = sandlock.StdioMode.PIPED
        box = sandlock.Sandbox(
            fs_readable=[*readable(), "/dev/urandom", "/dev/random", "/dev/zero"],
            fs_writable=[files, "/dev/null"],
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
            env=environment(),
            uid=1000,
            gid=1000,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 0.9.0 wrongly warns that gid has no effect
            process = box.popen(command(WORKER), stdin=pipes, stdout=pipes, stderr=sandlock.StdioMode.NULL)

        def kill():
            process.kill()
            process.wait()
            scratch.cleanup()

        return taken_over(process, kill)


def bubblewrapped(program, disk, helpers=(), options=(), files=(), **pipes):
    """Start a program in bubblewrap: namespaces, bind mounts of what it may read, and empty folders to write to.

    Parameters
    ----------
    program : list of str
    disk : int
        Bytes in each folder that can be written to.
    helpers : sequence of (str, bytes)
        Files that appear in the folder ``/helpers``.
    options, files : sequence
        More options of bubblewrap, and the file descriptors that they speak of.
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
            pass_fds=[*contents.values(), *files],
            **pipes,
        )
    finally:
        for file in contents.values():
            os.close(file)


def in_memory(content):
    """Return the descriptor of a file without a name that holds ``content``."""
    descriptor = os.memfd_create("content")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


class Bubblewrap:
    """https://github.com/containers/bubblewrap, started anew for each worker."""

    name = "bubblewrap"

    def start(self, limits, preload=None):
        filter_ = in_memory(no_new_process())
        try:
            options = ["--disable-userns", "--seccomp", str(filter_)]
            process = bubblewrapped(
                command(WORKER),
                limits.disk,
                (),
                options,
                [filter_],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        finally:
            os.close(filter_)

        def kill():
            process.kill()
            process.wait()

        return taken_over(process, kill)


@dataclass(frozen=True)
class Preload:
    """What a warm sandbox has loaded before the first worker is forked.

    Attributes
    ----------
    imports : tuple of str
        Statements; one that fails is left to whoever needs it.
    files : tuple of (str, bytes)
        What lies beside the notebook, by its path: modules that are imported, and what they read.
    """

    imports: tuple = ()
    files: tuple = ()


class WarmBubblewrap:
    """bubblewrap once for many workers, one after the other: `warm.py` forks each, in namespaces of its own."""

    name = "warm bubblewrap"

    def __init__(self):
        self.warm = {}  # each by the bytes of its folders and by what it has loaded

    def start(self, limits, preload=Preload()):
        theirs, ours = zip(os.pipe(), reversed(os.pipe()))
        line, end_of_line = socket.socketpair()
        try:
            self.ask_for(limits.disk, preload, [*theirs, end_of_line.fileno()])
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

    def get_ready(self, limits, *preloads):
        """Have the sandboxes stand that workers will be asked of."""
        for preload in preloads:
            self.warm_one(limits.disk, preload)

    def warm_one(self, disk, preload):
        """Return a sandbox that stands."""
        if len(self.warm) > 1 and (disk, preload) not in self.warm:
            self.warm.clear()  # another assignment: one sandbox that has loaded nothing, and one with its modules
        if (disk, preload) not in self.warm:
            self.warm[disk, preload] = Warm(disk, preload)
        return self.warm[disk, preload]

    def ask_for(self, disk, preload, descriptors):
        """Have a worker use these pipes, for as long as somebody holds its line."""
        try:
            self.warm_one(disk, preload).ask_for(descriptors)
        except OSError:  # whatever ended it, another one is quickly made
            self.warm.pop((disk, preload), None)
            self.warm_one(disk, preload).ask_for(descriptors)


class Warm:
    """A sandbox in which `warm.py` waits to fork workers."""

    def __init__(self, disk, preload):
        self.door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.door.settimeout(STARTING)
        with theirs:
            hidden = [path for path in readable() if path.startswith(COVERED) and os.path.isdir(path)]
            program = command(WARM, str(disk), *hidden)
            self.process = bubblewrapped(program, disk, preload.files, stdin=theirs, stdout=subprocess.DEVNULL)
        weakref.finalize(self, end, self.process, self.door)
        self.door.send(no_new_process())
        self.door.send("\n".join(preload.imports).encode())

    def ask_for(self, descriptors):
        socket.send_fds(self.door, [b"-"], descriptors)


def end(process, door):
    door.close()
    process.kill()
    process.wait()


def no_new_process():
    """Return a seccomp filter, as classic BPF, that allows threads and forbids processes and ways out.

    The kernel's own limit, RLIMIT_NPROC, does not bind root. See seccomp(2).
    """
    # fork, vfork; what could leave a namespace, look into another process, or keep something for the next student:
    # unshare, setns, mount, umount2, ptrace, process_vm_readv and _writev, add_key, request_key, keyctl; and what
    # opens large parts of the kernel to attack: bpf, userfaultfd, perf_event_open, io_uring_setup.
    architecture, clone, clone3, others = {
        "x86_64": (0xC000003E, 56, 435, (57, 58, 272, 308, 165, 166, 101, 310, 311, 248, 249, 250, 321, 323, 298, 425)),
        "aarch64": (0xC00000B7, 220, 435, (97, 268, 40, 39, 117, 270, 271, 217, 218, 219, 280, 282, 241, 425)),
    }[platform.machine()]
    load, equal, greater, bits, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, kill, forbid, unknown = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026  # EPERM, ENOSYS
    number, machine, first_argument, x32, thread = 0, 4, 16, 0x40000000, 0x00010000
    program = [
        (load, 0, 0, machine),
        (equal, 1, 0, architecture),
        (answer, 0, 0, kill),
        (load, 0, 0, number),
        (greater, 0, 1, x32),
        (answer, 0, 0, forbid),
        *(step for other in others for step in ((equal, 0, 1, other), (answer, 0, 0, forbid))),
        # clone3 hides its flags in memory; without it the C library takes clone, whose flags can be read.
        (equal, 0, 1, clone3),
        (answer, 0, 0, unknown),
        (equal, 1, 0, clone),
        (answer, 0, 0, allow),
        (load, 0, 0, first_argument),
        (bits, 0, 1, thread),
        (answer, 0, 0, allow),
        (answer, 0, 0, forbid),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in program)


class Unconfined:
    """No sandbox at all, for the few who run the grader in one of their own."""

    name = "no sandbox"

    def start(self, limits, preload=None):
        scratch = tempfile.TemporaryDirectory(prefix="worker-", ignore_cleanup_errors=True)
        process = subprocess.Popen(
            command(WORKER),
            cwd=scratch.name,
            env=environment(),
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
def available():
    """Return the first sandbox that works on this machine; raise NoSandbox with what to install."""
    reasons = []
    for kind in (WarmBubblewrap, Bubblewrap, Sandlock):  # the quickest first
        try:
            box = named(kind.name)
            process = box.start(Limits())
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
