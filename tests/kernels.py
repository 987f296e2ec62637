"""Kernels that are forked from a process that has imported IPython: starting one takes longer than what most cells do.

nbgrader, nbclient and the kernel are what they are anywhere; only the process comes another way.
"""

import importlib.metadata
import multiprocessing
import os
import site
import sys
import sysconfig
import tempfile

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "forked"  # for JUPYTER_DEFAULT_PROVISIONER_NAME


class Forked(LocalProvisioner):
    """Start a kernel in a process that is forked from the one that `programs.py` preloads."""

    async def pre_launch(self, **options):
        """Have the kernel listen at files of its own: a port that was free may be taken by the time that it opens it."""
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.parent.transport, self.parent.ip = "ipc", os.path.join(self.folder.name, "kernel")
        return await super().pre_launch(**options)

    async def launch_kernel(self, cmd, env=None, cwd=None, **_):
        kernel = Kernel(cmd, dict(env or os.environ) | {"JPY_PARENT_PID": str(os.getpid())}, str(cwd or os.getcwd()))
        self.process, self.pid, self.pgid, self.cwd = kernel, kernel.pid, kernel.pid, cwd
        return self.connection_info


class Kernel:
    """What jupyter_client asks of a process."""

    stdin = stdout = stderr = None

    def __init__(self, *about):
        self.process = multiprocessing.get_context("forkserver").Process(target=run, args=about)
        self.process.start()
        self.pid = self.process.pid

    def poll(self):
        return self.process.exitcode

    def wait(self):
        self.process.join()
        return self.process.exitcode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.process.kill()


def run(command, environment, folder):
    """Be a kernel, in this process, that finds what a kernel finds which was started from nothing."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(silence, descriptor)
    libraries = [*site.getsitepackages(), *sysconfig.get_paths().values()]
    sys.path[:] = [
        path for path in sys.path if any(path.startswith(place) for place in libraries) or path.endswith(".zip")
    ]
    for name in [name for name in sys.modules if of_the_tests(name)]:
        del sys.modules[name]
    # python -m ipykernel_launcher -f FILE --HistoryManager.hist_file=:memory:
    sys.argv = ["ipykernel_launcher.py", *command[command.index("-f") :]]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


def of_the_tests(name):
    """Say whether a module lies beside this one, or is the grader under test."""
    file = getattr(sys.modules[name], "__file__", None) or ""
    return name.split(".")[0] == "grading" or name != __name__ and file.startswith(os.path.dirname(__file__) + os.sep)


KernelProvisionerFactory.provisioners[NAME] = importlib.metadata.EntryPoint(
    NAME, f"{__name__}:{Forked.__name__}", KernelProvisionerFactory.GROUP_NAME
)
