"""Servers of a test's own: PostgreSQL and JupyterLab."""

import contextlib
import json
import os
import socket
import subprocess
import sys

from waiting import wait_until


class Server:
    def __init__(self, programs, folder, someone):
        self.programs, self.folder, self.someone, self.made = programs, folder, someone, 0

    def __call__(self, program, *arguments):
        subprocess.run(
            [self.programs / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **self.someone,
        )

    def start(self):
        options = f"-c listen_addresses='' -k {self.folder}"
        self("pg_ctl", "start", "-w", "-D", self.folder / "data", "-o", options, "-l", self.folder / "log")

    def database(self):
        self.made += 1
        self("createdb", "-h", self.folder, "-U", "postgres", f"class{self.made}")
        return f"postgresql+psycopg://postgres@/class{self.made}?host={self.folder}"


def is_listening(server, port, log):
    """Whether a server takes connections; one that has ended never will."""
    assert server.poll() is None, log.read_text()
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextlib.contextmanager
def jupyter(folder, home, config=""):
    """Run JupyterLab in a folder, with settings of its own and what nbgrader's configuration says; yield its address."""
    (home / "config").mkdir(parents=True)
    (home / "config" / "nbgrader_config.py").write_text(config)
    settings = {
        # All cells are on the page, wherever it is scrolled to, so that a test can look for them.
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, values in settings.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    # No offer of news, and none of what only authors use.
    hidden = "@jupyterlab/apputils-extension:announcements", "@jupyter/nbgrader:create-assignment"
    (home / "config" / "labconfig").mkdir()
    (home / "config" / "labconfig" / "page_config.json").write_text(
        json.dumps({"disabledExtensions": dict.fromkeys(hidden, True)})
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    names = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = os.environ | {name: str(home / place) for name, place in names.items()}
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        "--no-browser",
        f"--port={port}",
        "--IdentityProvider.token=secret",
        *root,
    ]
    with open(home / "log", "w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: is_listening(server, port, home / "log"))
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()
