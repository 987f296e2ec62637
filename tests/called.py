"""What test_isolation.py calls in processes of their own. It imports little, as a warm process has to, too."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grading.sandbox import NoSandbox


def ready():
    return run


def ready_beside_another():
    subprocess.Popen(["sleep", "60"])
    return run


def not_ready(*call):
    return run(*call)


def defective():
    return be_wrong


def run(name, *arguments):
    return globals()[name](*arguments)


def double(value):
    return 2 * value, b"bytes"


def echo(data):
    return None, data


def who():
    return [os.getpid(), os.getppid()], b""


def what_is_there():
    return [os.listdir(tempfile.gettempdir()), os.environ["TMPDIR"] == tempfile.gettempdir()], b""


def wait_for(path):
    while not Path(path).exists():
        time.sleep(0.01)
    return "seen", b""


# --------------------------------------------------------------------- what takes too much


def ask_for_memory():
    return None, bytes(1 << 30)


def fill_memory():
    kept = []
    while True:
        kept.append(bytes(1 << 16))


def spin():
    while True:
        pass


def sleep():
    time.sleep(60)


def nest(depth=0):
    return nest(depth + 1)


# ------------------------------------------------------------------------ what goes wrong


def fall():
    ctypes.string_at(0)


def die():
    os.kill(os.getpid(), signal.SIGKILL)
    sleep()


def kill_the_warm_one():
    os.kill(os.getppid(), signal.SIGKILL)
    sleep()


def leave(status):
    os._exit(status)


def be_wrong(*arguments):
    raise KeyError("a defect")


def fail(number, file=None):
    raise OSError(number, os.strerror(number), file)


def fail_with_a_sentence():
    raise OSError("A sentence of its own.")


def find_no_sandbox():
    raise NoSandbox("There is none.")


# -------------------------------------------------------------------------- what is left


def start_and_sleep():
    subprocess.Popen(["sh", "-c", "setsid sleep 60; true"], start_new_session=True)
    sleep()


def leave_much(then):
    """Leave a process in a session of its own that has one below it, and files in folders that are deep, or closed."""
    program = "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True); print(flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    subprocess.Popen([sys.executable, "-c", program], start_new_session=True, **pipes).stdout.readline()
    (Path(tempfile.mkdtemp()) / "file").write_text("of this call")
    here = os.open(tempfile.mkdtemp(), os.O_DIRECTORY)
    for _ in range(1100):
        os.mkdir("a", dir_fd=here)
        here, above = os.open("a", os.O_DIRECTORY, dir_fd=here), here
        os.close(above)
    closed = tempfile.mkdtemp()
    (Path(closed) / "file").touch()
    os.chmod(closed, 0)
    return run(*then)
