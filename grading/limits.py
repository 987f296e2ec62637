"""What one submission may use: time, memory, threads, files, and the size of an answer."""

from dataclasses import dataclass


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

    def resource_limits(self) -> dict[str, int]:
        """Return what the kernel can hold a process to, by the names of the resource module."""
        return {
            "RLIMIT_AS": self.memory,
            "RLIMIT_CPU": self.cpu,
            "RLIMIT_FSIZE": self.disk,
            "RLIMIT_NOFILE": self.files,
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_CORE": 0,
        }
