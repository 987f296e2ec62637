"""Run the tests again and again on a machine that is busy: a verdict that hangs on its speed shows here.

``python tests/soak.py`` runs ``make test`` ten times and ``make test-all`` three times, with a busy
loop beside them for each core, and prints a line for each run. It stops at the first that fails;
what that one printed is in ``build/soak/``.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def spin():
    while True:
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--test", type=int, default=10, metavar="N", help="runs of make test")
    parser.add_argument("--test-all", type=int, default=3, metavar="N", help="runs of make test-all")
    parser.add_argument("--busy", type=int, default=os.cpu_count(), metavar="N", help="busy loops beside them")
    arguments = parser.parse_args()
    logs = ROOT / "build" / "soak"
    logs.mkdir(parents=True, exist_ok=True)
    for _ in range(arguments.busy):
        multiprocessing.Process(target=spin, daemon=True).start()
    for target, runs in (("test", arguments.test), ("test-all", arguments.test_all)):
        for number in range(1, runs + 1):
            log, started = logs / f"{target}-{number}.log", time.monotonic()
            with open(log, "w") as file:
                ran = subprocess.run(["make", target], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
            last = next((line for line in reversed(log.read_text().splitlines()) if " in " in line), "").strip("= ")
            print(f"make {target} {number}/{runs}: {time.monotonic() - started:.0f} s, {last}", flush=True)
            if ran.returncode:
                sys.exit(f"It failed: {log.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
