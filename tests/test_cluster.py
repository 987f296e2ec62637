"""fleet.py on a Dask cluster: the same grades, whatever is killed, and a sentence for each cluster that can't grade."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import graded_class
import pytest
from courses import ROOT
from distributed import Client, LocalCluster
from graded_class import a_class, assert_whole, command, everything, finished, stored, the_sample_class, work
from waiting import PATIENCE, wait_until

from grading import fleet
from grading.assignment import NbGraderException
from grading.result import GradedSubmission
from grading.work import OtherVersion

course_of, expected, undisturbed = graded_class.course_of, graded_class.expected, graded_class.undisturbed  # fixtures


@pytest.fixture(scope="session")
def cluster():
    with LocalCluster(
        n_workers=8, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as started:
        yield started


def test_grades_are_the_same_on_a_cluster(tmp_path, expected, cluster, course_of):
    course = course_of(tmp_path, the_sample_class())
    for _ in fleet.autograde(course, course.students(), fleet.DaskEngine(cluster.scheduler_address), work(course)):
        pass
    assert everything(course) == expected


def test_a_node_with_other_code_does_not_grade(tmp_path, cluster, course_of):
    course = course_of(tmp_path, a_class(2))
    other = replace(work(course), version="grading/ of last year")
    with pytest.raises(OtherVersion, match="of last year. Use one checkout"):
        list(fleet.autograde(course, course.students(), fleet.DaskEngine(cluster.scheduler_address), other))
    assert stored(course) == []


def test_a_worker_with_another_grader_is_refused_before_any_grade_is_taken_back(cluster, monkeypatch):
    monkeypatch.setattr(fleet, "version", lambda: __import__("os").getpid())  # another one in each process
    with pytest.raises(OtherVersion, match="Use one checkout and one set of requirements everywhere."):
        fleet.DaskEngine(cluster.scheduler_address)


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_gets_a_sentence(tmp_path, course_of):
    course = course_of(tmp_path, a_class(1))
    ran = command(course, "autograde", "initialization", "--scheduler", "tcp://127.0.0.1:1")
    _, errors = ran.communicate(timeout=PATIENCE)
    assert ran.returncode == 1 and "Traceback" not in errors, errors
    assert "tcp://127.0.0.1:1" in errors


@pytest.mark.slow
def test_a_cluster_without_workers_gets_a_sentence():
    with LocalCluster(n_workers=0, processes=True, dashboard_address=":0", silence_logs=50) as started:
        with pytest.raises(NbGraderException, match="has no worker.*PYTHONPATH=. dask worker tcp:"):
            fleet.DaskEngine(started.scheduler_address)


@pytest.mark.slow
def test_a_worker_that_can_not_import_the_grader_gets_a_sentence(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with LocalCluster(n_workers=0, processes=True, dashboard_address=":0", silence_logs=50) as started:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", started.scheduler_address, "--no-dashboard"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        worker = subprocess.Popen([*command, "--no-nanny"], cwd=tmp_path, env=environment, **quiet)
        try:
            started.wait_for_workers(1, timeout=PATIENCE)
            with pytest.raises(
                NbGraderException, match="The worker tcp:.* can't import the grader. Nothing was graded."
            ):
                fleet.DaskEngine(started.scheduler_address)
        finally:
            worker.kill()
            worker.wait()


@pytest.mark.slow
def test_a_cluster_whose_last_worker_is_gone_is_not_waited_for(monkeypatch):
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as started:
        with fleet.DaskEngine(started.scheduler_address) as engine:
            monkeypatch.setattr(fleet, "CLUSTER_TIMEOUT", 1)
            started.scale(0)
            wait_until(lambda: not engine.client.scheduler_info()["workers"])
            flow = fleet.InFlight(engine, time.sleep)
            with pytest.raises(NbGraderException, match="has no worker"):
                list(flow.send(["ada"], 1000))
                list(flow.finish())


# ------------------------------------------------------------------------ interruptions


def test_a_node_of_a_cluster_is_killed(tmp_path, cluster, course_of, undisturbed):
    course = course_of(tmp_path, a_class(32, 0.4))
    counted = Counter()
    engine = fleet.DaskEngine(cluster.scheduler_address)
    nodes = list(engine.client.run(os.getpid).values())
    assert len(set(nodes)) == 8
    for student, graded in fleet.autograde(course, course.students(), engine, work(course)):
        assert isinstance(graded, GradedSubmission)
        counted[student] += 1
        if counted.total() == 5:
            os.kill(nodes[0], signal.SIGKILL)
    assert counted == Counter(course.students())
    assert everything(course) == undisturbed


def test_the_scheduler_of_a_cluster_is_killed(tmp_path, course_of, undisturbed):
    course = course_of(tmp_path, a_class(32, 0.4))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    dask, quiet = (
        [sys.executable, "-m", "distributed.cli.dask_scheduler"],
        {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL},
    )
    with contextlib.ExitStack() as stack:
        file = tmp_path / "scheduler.json"
        scheduler = subprocess.Popen([*dask, "--port", "0", "--no-dashboard", "--scheduler-file", file], **quiet)
        stack.callback(scheduler.wait)
        stack.callback(scheduler.kill)
        wait_until(lambda: file.exists() and file.read_text())  # it is there before anything is written into it
        address = json.loads(file.read_text())["address"]
        options = ["--nworkers", "2", "--nthreads", "1", "--no-dashboard"]
        nodes = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", address, *options],
            env=environment,
            cwd=tmp_path,
            **quiet,
        )
        stack.callback(nodes.wait)
        stack.callback(nodes.terminate)
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=PATIENCE)
        ran = command(course, "autograde", "initialization", "--scheduler", address)
        wait_until(lambda: len(stored(course)) >= 5)
        scheduler.kill()
        _, errors = ran.communicate(timeout=PATIENCE)
        assert ran.returncode == 1 and "Traceback" not in errors, errors
        assert "The cluster's scheduler is gone." in errors
        assert_whole(course)
    finished(course, undisturbed)
