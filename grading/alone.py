"""Calls a function in a process of its own for each call, with limits on memory, processor time and the clock.

Every such process is forked from a warm one that has loaded what the function
needs, and that itself never sees what the calls are about. Nothing of a call is
left for the next, and what ends a process ends that call alone.
"""

import contextlib
import errno
import gc
import json
import os
import pickle
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass

from grading.protocol import LENGTHS, frame
from grading.sandbox import NoSandbox

STATUS = 4  # bytes: how a process ended, behind its answer
SHOWN = 300  # characters of an error that are kept
OURS = errno.ENOMEM, errno.EAGAIN  # what an error of the system says where the call itself took too much


@dataclass(frozen=True)
class Room:
    """What one call may use.

    Attributes
    ----------
    memory : int
        Bytes of address space, besides what the warm process has.
    cpu : int
        Seconds of the processor.
    clock : float
        Seconds by the clock.
    answer : int
        Bytes of its answer.
    """

    memory: int = 1 << 30
    cpu: int = 60
    clock: float = 300.0
    answer: int = 64 << 20


class Ended(Exception):
    """A call did not come to its end; the message says which limit it met, or what went wrong."""


class Alone:
    """A warm process, started when it is first needed and again where it was killed.

    Parameters
    ----------
    prepare : callable
        Is called once, in the warm process, and returns the function: of what a call gives it, to what JSON can hold and
        some bytes.
    arguments : tuple
        What ``prepare`` is called with.
    room : Room
    """

    def __init__(self, prepare, arguments=(), room=Room()):
        self.settings, self.room = pickle.dumps((prepare, arguments, room)), room
        self.starting, self.door = threading.Lock(), None

    def call(self, *arguments):
        """Call the function in a process of its own.

        Returns
        -------
        object
            What JSON can hold.
        bytes

        Raises
        ------
        Ended
            If the process could not finish.
        OSError, NoSandbox
            What this machine is the reason of, and not the call.
        """
        request = pickle.dumps(arguments)
        for _ in range(2):  # what it was forked from may have been killed, for whatever reason
            mine, theirs = socket.socketpair()
            with mine:
                with theirs:
                    door = self.opened()
                    try:
                        socket.send_fds(door, [b"-"], [theirs.fileno()])
                    except OSError:
                        self.close(door)
                        continue
                with contextlib.suppress(OSError):  # it ended before it had read all
                    mine.sendall(request)
                    mine.shutdown(socket.SHUT_WR)
                data = everything(mine, self.room.answer + STATUS)
            if data is None:
                raise Ended(f"its answer has more than {self.room.answer >> 20} MB")
            if len(data) >= STATUS:
                return opened(data[:-STATUS], int.from_bytes(data[-STATUS:], "little", signed=True), self.room)
            self.close(door)
        raise Ended("the process was killed, and so was the one that it was forked from: memory may be short")

    def opened(self):
        """Return the door of the warm process."""
        with self.starting:
            if self.door is None:
                self.door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    program = [sys.executable, "-c", "from grading.alone import serve; serve()"]
                    path = os.pathsep.join(path or os.getcwd() for path in sys.path)
                    process = subprocess.Popen(program, stdin=theirs, env=os.environ | {"PYTHONPATH": path})
                weakref.finalize(self.door, end, process)
                settings, there = socket.socketpair()
                with settings:
                    with there:
                        socket.send_fds(self.door, [b"-"], [there.fileno()])
                    with contextlib.suppress(OSError):
                        settings.sendall(self.settings)
            return self.door

    def close(self, door=None):
        """End the warm process, if that is still the one with this door."""
        with self.starting:
            if self.door is not None and door in (None, self.door):
                self.door.close()
                self.door = None


def end(process):
    process.kill()
    process.wait()


def everything(connection, limit=None):
    """Return all that comes through a connection, or None where that is more than ``limit`` bytes."""
    data = bytearray()
    while limit is None or len(data) <= limit:
        part = connection.recv(1 << 20)
        if not part:
            return bytes(data)
        data += part
    return None


def opened(answer, status, room):
    """Return what a process answered; raise what kept it from that."""
    if status:
        raise Ended(why(status, room))
    size, _ = LENGTHS.unpack_from(answer)
    header, body = json.loads(answer[LENGTHS.size : LENGTHS.size + size]), answer[LENGTHS.size + size :]
    match header:
        case {"ended": text}:
            raise Ended(text)
        case {"trouble": [number, text]}:
            raise NoSandbox(text) if number is None else OSError(number, text)
        case {"value": value}:
            return value, body


def why(status, room):
    """Return what ended a process, from what the system says of its end."""
    reasons = {
        -signal.SIGXCPU: f"it took more than {room.cpu:g} s of the processor",
        -signal.SIGALRM: f"it took more than {room.clock:g} s by the clock",
        -signal.SIGKILL: "its process was killed: memory may be short",
    }
    return reasons.get(status) or f"its process ended with {status}"


# ----------------------------------------------------------------- in the warm process


def serve():
    """Prepare, and then fork a process for each connection that comes through standard input, until nobody is there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this one decides
    door = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    prepare, arguments, room = pickle.loads(everything(next_one(door)))
    try:
        function = prepare(*arguments)
    except Exception as error:  # noqa: BLE001 - whoever calls is told
        function = raising(error)
    gc.collect()
    gc.freeze()  # what is here now stays, and no fork needs to look through it
    running, events = {}, select.poll()
    events.register(door, select.POLLIN)
    while True:
        for descriptor, _ in events.poll():
            if descriptor in running:
                child, connection = running.pop(descriptor)
                events.unregister(descriptor)
                os.close(descriptor)
                status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                with connection, contextlib.suppress(OSError):  # nobody may wait for it any more
                    connection.sendall(status.to_bytes(STATUS, "little", signed=True))
            else:
                connection = next_one(door)
                if connection is None:
                    for child, _ in running.values():
                        os.kill(child, signal.SIGKILL)
                    return
                child = os.fork()
                if child == 0:
                    door.close()
                    for _, other in running.values():  # its end has to be seen, however long this one runs
                        other.close()
                    answer(connection, function, room)
                handle = os.pidfd_open(child)
                running[handle] = child, connection
                events.register(handle, select.POLLIN)


def next_one(door):
    _, connections, _, _ = socket.recv_fds(door, 1, 1)
    return socket.socket(fileno=connections[0]) if connections else None


def raising(error):
    def function(*arguments):
        raise error

    return function


def answer(connection, function, room):
    """Limit this process, call the function, answer, and end."""
    try:
        signal.setitimer(signal.ITIMER_REAL, room.clock)
        most = address_space() + room.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (room.cpu, room.cpu + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        gc.disable()  # it ends soon
        connection.sendall(came_of(function, pickle.loads(everything(connection)), room))
        os._exit(0)
    finally:
        os._exit(1)


def came_of(function, arguments, room):
    """Return a function's answer as bytes, or why there is none."""
    try:
        value, body = function(*arguments)
        return frame({"value": value}, body)
    except MemoryError:
        return frame({"ended": f"it took more than {room.memory >> 20} MB of memory"})
    except RecursionError:
        return frame({"ended": "it is nested too deeply"})
    except OSError as error:
        if error.errno in OURS:
            return frame({"ended": f"it took more than {room.memory >> 20} MB of memory"})
        return frame({"trouble": [error.errno, str(error)]})
    except NoSandbox as error:
        return frame({"trouble": [None, str(error)]})
    except Exception as error:  # noqa: BLE001 - a defect of ours must not stop the others
        return frame({"ended": f"{type(error).__name__}: {str(error)[:SHOWN]}"})


def address_space():
    """Return the bytes of address space that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
