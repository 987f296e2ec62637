"""pipe.py: any bytes that a process answers are an answer or its end, and silence is over at the deadline."""

import json
import os
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import TREES

from grading import pipe
from grading.decoder import Decoder
from grading.pipe import Pipe, StudentDied
from grading.protocol import LENGTHS, MAX_HEADER_BYTES, MAX_HEADER_PARTS, Malformed


class Liar:
    """A process whose answers are any bytes."""

    def __init__(self, data, close=True):
        self.unread, self.requests = os.pipe()
        self.answers, end = os.pipe()
        self.thread = threading.Thread(target=self.tell, args=(end, data, close), daemon=True)
        self.thread.start()

    @staticmethod
    def tell(end, data, close):
        try:
            while data:
                data = data[os.write(end, data) :]
            if close:
                os.close(end)
        except OSError:
            pass


def ask(data, seconds=0.5, limit=1 << 20, close=True):
    liar = Liar(data, close)
    try:
        header, body = Pipe(liar, limit).ask({"do": "call"}, b"", time.monotonic() + seconds)
        return Decoder(limit).decode(header.get("value"), body)
    finally:
        for descriptor in (liar.answers, liar.requests, liar.unread):
            os.close(descriptor)


def framed(header, body=b""):
    return LENGTHS.pack(len(header), len(body)) + header + body


@settings(max_examples=200)
@given(
    st.binary(max_size=100)
    | st.builds(framed, st.binary(max_size=60), st.binary(max_size=20))
    | st.builds(lambda tree, body: framed(json.dumps(tree).encode(), body), TREES, st.binary(max_size=20))
)
def test_any_bytes_are_an_answer_or_an_end(data):
    try:
        ask(data)
    except (StudentDied, Malformed):
        pass


@pytest.mark.parametrize(
    "data",
    [
        LENGTHS.pack(2**63, 2**63),
        LENGTHS.pack(2**40, 0),
        framed(b"[" * 100_000),
        framed(b"{" * 10),
        framed(b'"x"'),
        framed(b"1e999"),
        framed(b"[]"),
        framed(b'{"value": {"list": ' * 3000),
        b"",
        b"\xff" * 10_000,
    ],
    ids=range(10),
)
def test_a_lie_about_lengths_or_a_torn_header_is_an_end(data):
    with pytest.raises((StudentDied, Malformed)):
        ask(data)


def test_an_answer_that_would_be_too_long_is_not_waited_for():
    with pytest.raises(StudentDied, match="an answer has more than 1048576 bytes"):
        ask(LENGTHS.pack(2, (1 << 20) - 1) + b"{}")


def test_a_header_that_would_be_too_long_is_not_waited_for():
    with pytest.raises(StudentDied, match=f"an answer has more than {MAX_HEADER_BYTES} bytes"):
        ask(LENGTHS.pack(MAX_HEADER_BYTES + 1, 0) + b"{}", limit=2 * MAX_HEADER_BYTES)


@pytest.mark.parametrize("part", [b"{},", b"[],", b"0,", b'{"":0},'])
def test_no_objects_are_made_of_a_header_that_has_too_many(part, monkeypatch):
    monkeypatch.setattr(pipe.json, "loads", lambda text: pytest.fail("they would take sixty times its memory"))
    with pytest.raises(StudentDied, match="an answer is not what the protocol knows"):
        ask(framed(b'{"value": [' + part * MAX_HEADER_PARTS + b"0]}"), seconds=30, limit=MAX_HEADER_BYTES)


@pytest.mark.parametrize("data", [b"", b"\0" * 5, LENGTHS.pack(100, 0), framed(b"{}")[:-1]])
def test_silence_ends_at_the_deadline(data):
    started = time.monotonic()
    with pytest.raises(StudentDied) as death:
        ask(data, seconds=0.3, close=False)
    assert (
        death.value.timed_out and time.monotonic() - started < 3
    )  # ten times the deadline, for a machine that is busy
