"""A conversation with a process that nobody trusts: every length is checked, and every read and write has a deadline."""

import json
import os
import select
import time
from typing import Any

from grading.launch import Process
from grading.protocol import LENGTHS, MAX_HEADER_BYTES, checked_header, frame

Header = dict[str, Any]  # of a request, or of an answer, in which anything may stand


class StudentDied(Exception):
    """The student's process ended or was ended; ``timed_out`` tells which.

    ``why`` says so to a person, where the message has the words of a notebook. ``cell`` is what it was running, if that
    was a cell; None where that knew of hidden lines, and so chose which it is.
    """

    def __init__(self, message: str, timed_out: bool = False, why: str = "") -> None:
        super().__init__(message)
        self.timed_out = timed_out
        self.why = why or message
        self.cell: str | None = ""


class Pipe:
    """A conversation with one process in which neither side can hold up this one.

    Parameters
    ----------
    process : grading.launch.Process
    limit : int
        Bytes of one answer.

    Attributes
    ----------
    bytes_read : int
        Of all answers.
    """

    def __init__(self, process: Process, limit: int) -> None:
        self.process, self.limit, self.buffer = process, limit, bytearray()
        self.bytes_read = 0
        self.polls: dict[int, select.poll] = {}
        for stream, event in ((process.requests, select.POLLOUT), (process.answers, select.POLLIN)):
            os.set_blocking(stream, False)
            self.polls[stream] = select.poll()
            self.polls[stream].register(stream, event)

    def ask(self, header: Header, body: bytes, deadline: float) -> tuple[Header, bytes]:
        """Send a request and return the answer's header and bytes; raise StudentDied."""
        self.write(frame(header, body), deadline)
        header_size, body_size = LENGTHS.unpack(self.read(LENGTHS.size, deadline))
        for size, most in ((header_size, MAX_HEADER_BYTES), (header_size + body_size, self.limit)):
            if size > most:  # how many they are is the student's to choose, and said nowhere
                raise StudentDied(f"an answer has more than {most} bytes")
        try:
            answer = json.loads(checked_header(self.read(header_size, deadline)))
        except (ValueError, RecursionError) as error:
            raise StudentDied("an answer is not what the protocol knows") from error
        body = self.read(body_size, deadline)
        if not isinstance(answer, dict):
            raise StudentDied("an answer is not what the protocol knows")
        return answer, body

    def write(self, data: bytes, deadline: float) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self.process.requests, left[: 1 << 16]) :]
            except BlockingIOError:
                self.wait(self.process.requests, deadline)
            except OSError as error:
                raise StudentDied("the process ended") from error

    def read(self, size: int, deadline: float) -> bytes:
        while len(self.buffer) < size:
            self.wait(self.process.answers, deadline)
            try:
                part = os.read(self.process.answers, 1 << 18)
            except BlockingIOError:
                continue
            except OSError as error:
                raise StudentDied("the process ended") from error
            if not part:
                raise StudentDied("the process ended")
            self.buffer += part
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        self.bytes_read += size
        return data

    def wait(self, stream: int, deadline: float) -> None:
        if not self.polls[stream].poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise StudentDied("still running", timed_out=True)
