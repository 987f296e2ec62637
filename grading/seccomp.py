"""The system calls that no worker may make, and the filter that is made of them: see seccomp(2).

It is written out here: of the libraries for it none is maintained on PyPI, and one of the system's would leave open
what it does not know.
"""

import errno
import functools
import platform
import struct

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
UNSUPPORTED = {"setxattr to fremovexattr": ("188-199", "5-16"), "fallocate": ("285", "47")}
SOCKETPAIR, CLONE = (53, 199), (56, 220)
# Later ones have one number everywhere, and are unknown but for pidfd_open, close_range, faccessat2, epoll_pwait2,
# futex_waitv, fchmodat2, futex_wake, futex_wait and futex_requeue. The C library does without: also without clone3,
# whose flags lie in memory, where no filter sees them.
FIRST_LATER_CALL, KNOWN_LATER_CALLS = 424, (434, 436, 439, 441, 449, 452, 454, 455, 456)

# From the kernel's headers: seccomp.h, audit.h, bpf_common.h, net.h, sched.h
RET_ALLOW, RET_USER_NOTIF, RET_KILL_PROCESS, RET_ERRNO = 0x7FFF0000, 0x7FC00000, 0x80000000, 0x00050000
RET_FORBIDDEN, RET_UNKNOWN, RET_UNSUPPORTED = (
    RET_ERRNO | number for number in (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP)
)
MACHINES, ARCHITECTURES = ["x86_64", "aarch64"], [0xC000003E, 0xC00000B7]
LOAD, IF_EQUAL, IF_AT_LEAST, IF_ABOVE, IF_ANY_BIT, MASK, RETURN = 0x20, 0x15, 0x35, 0x25, 0x45, 0x54, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24  # where they lie
X32_BIT, AF_UNIX, SOCK_STREAM, SOCK_TYPE_MASK, CLONE_THREAD = 0x40000000, 1, 1, 0xF, 0x00010000

Step = tuple[int, int, int, int]  # what is done, the steps that are left out where that holds, and where not, a number


@functools.cache
def seccomp_filter(new_thread: int) -> bytes:
    """Return a seccomp filter, as classic BPF, that forbids processes, sockets, and what else a worker has no need of.

    Parameters
    ----------
    new_thread : int
        What it answers to a new thread: ``RET_ALLOW`` or ``RET_USER_NOTIF``.
    """
    machine = MACHINES.index(platform.machine())
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, RET_KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
        (IF_AT_LEAST, 0, 1, X32_BIT),
        (RETURN, 0, 0, RET_FORBIDDEN),
        *(step for call in KNOWN_LATER_CALLS for step in ((IF_EQUAL, 0, 1, call), (RETURN, 0, 0, RET_ALLOW))),
        (IF_AT_LEAST, 0, 1, FIRST_LATER_CALL),
        (RETURN, 0, 0, RET_UNKNOWN),
        *refuse(FORBIDDEN, machine, RET_FORBIDDEN),
        *refuse(UNSUPPORTED, machine, RET_UNSUPPORTED),
        (IF_EQUAL, 0, 7, SOCKETPAIR[machine]),  # what Python's event loops wake themselves with
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (IF_EQUAL, 0, 4, AF_UNIX),
        (LOAD, 0, 0, SECOND_ARGUMENT),
        (MASK, 0, 0, SOCK_TYPE_MASK),
        (IF_EQUAL, 0, 1, SOCK_STREAM),
        (RETURN, 0, 0, RET_ALLOW),
        (RETURN, 0, 0, RET_FORBIDDEN),
        (IF_EQUAL, 1, 0, CLONE[machine]),
        (RETURN, 0, 0, RET_ALLOW),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (IF_ANY_BIT, 0, 1, CLONE_THREAD),
        (RETURN, 0, 0, new_thread),
        (RETURN, 0, 0, RET_FORBIDDEN),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in program)


def refuse(calls: dict[str, tuple[str, str]], machine: int, answer: int) -> list[Step]:
    """Return the steps that give the calls of a table an answer."""
    spans = [(span.split("-") * 2)[:2] for numbers in calls.values() for span in numbers[machine].split()]
    return [
        step
        for lowest, highest in spans
        for step in ((IF_AT_LEAST, 0, 2, int(lowest)), (IF_ABOVE, 1, 0, int(highest)), (RETURN, 0, 0, answer))
    ]
