"""seccomp.py: what the kernel does for no worker, and what answers need of it, in every sandbox that there is."""

import errno
import socket

import boxes
import pytest
from boxes import REFUSED, look

box, student = boxes.box, boxes.student  # fixtures


def test_no_privilege_can_be_gained(student):
    assert look(student, "import os\nos.setuid(0)\nreturn os.getuid()") in REFUSED
    assert look(student, "import os\nos.mkdir('d')\nos.chroot('d')\nreturn 'chroot'") in REFUSED
    code = "import ctypes\nreturn ctypes.CDLL(None).unshare(0x10000000)"
    assert look(student, code) in (-1, *REFUSED)


# What no limit of a process counts, what looks into other processes, and what opens large parts of the kernel.
CALLS = {
    "ptrace": "ptrace(0, 0, None, None)",  # whoever started this process may look into it
    "process_vm_readv": "process_vm_readv(os.getpid(), None, 0, None, 0, 0)",
    "shared memory of System V": "shmget(0, 4096, 0o1600)",
    "somebody's shared memory": "shmat(0, None, 0)",
    "semaphores of System V": "semget(0, 1, 0o1600)",
    "queues of System V": "msgget(0, 0o1600)",
    "queues of POSIX": "mq_open(b'/mine', os.O_CREAT | os.O_RDWR, 0o600, None)",
    "memory as a file": "memfd_create(b'mine', 0)",
    "memory as a secret file": "syscall(447, 0)",
    "memory in a pipe": "vmsplice(1, None, 0, 0)",
    "watches on files": "inotify_init1(0)",
    "rules about files": "syscall(444, None, 0, 1)",  # landlock_create_ruleset
    "another's descriptors": "syscall(438, os.pidfd_open(os.getpid()), 1, 0)",  # pidfd_getfd
    "io_uring": "syscall(425, 1, None)",
    "what is newer than this list": "syscall(500)",
}


@pytest.mark.parametrize("call", CALLS)
def test_calls_that_no_answer_needs_are_refused(student, call):
    code = f"import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nreturn libc.{CALLS[call]}, ctypes.get_errno()"
    outcome, number = look(student, code)
    assert outcome == -1 and number in (errno.EPERM, errno.ENOSYS)


def test_there_are_no_sockets_but_pairs_of_the_same_process(student):
    code = """
        import socket
        opened = []
        for family in range(64):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
                for make in (socket.socket, socket.socketpair):
                    try:
                        opened.append((make(family, kind), make.__name__, family, int(kind)))
                    except OSError:
                        pass
        try:
            opened[0][0][0].bind(chr(0) + "mine")
        except PermissionError:
            return [what for _, *what in opened]
    """
    assert look(student, code) == [["socketpair", socket.AF_UNIX, socket.SOCK_STREAM]]


def test_attributes_and_room_of_a_file_are_nothing_that_its_size_does_not_tell(student):
    code = """
        import ctypes, os
        file = os.open("file", os.O_CREAT | os.O_RDWR)
        libc, found = ctypes.CDLL(None, use_errno=True), []
        for call in (lambda: libc.fallocate(file, 1, ctypes.c_long(0), ctypes.c_long(1 << 30)),  # more than it may have
                     lambda: libc.fsetxattr(file, b"user.mine", b"x" * 4000, 4000, 0)):
            found.append([call(), ctypes.get_errno()])
        os.posix_fallocate(file, 0, 1 << 20)  # the C library writes where the kernel can't
        return found, os.stat(file).st_blocks >= 2048
    """
    assert look(student, code) == ([[-1, errno.EOPNOTSUPP]] * 2, True)


def test_what_answers_need_of_the_kernel_is_there(student):
    code = """
        import asyncio, concurrent.futures, mmap, os, shutil, sqlite3, subprocess, tempfile
        import numpy as np
        async def late(value):
            await asyncio.sleep(0.001)
            return value
        found = [asyncio.run(late(1)), asyncio.run(asyncio.to_thread(lambda: 2))]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            found.append(sum(pool.map(int, "0111")))
        with sqlite3.connect("base") as base:
            base.execute("create table t (n)")
            base.execute("insert into t values (4)")
        found += base.execute("select n from t").fetchone()
        np.arange(9.0).tofile("numbers")
        np.memmap("numbers", float, "r+")[5] = 5
        shutil.copy2("numbers", "copy")
        found.append(int(np.fromfile("copy")[5]))
        with tempfile.TemporaryDirectory() as folder:
            shutil.move("copy", folder + "/moved")
            found.append(os.path.getsize(folder + "/moved") // 12)
        memory = mmap.mmap(-1, 4096)
        memory[0] = 7
        return found + [memory[0]]
    """
    assert look(student, code) == [1, 2, 3, 4, 5, 6, 7]
