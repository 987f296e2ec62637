"""Time the assignment's training run against a textbook loop, two libraries and a floor in C.

Every variant does the same work: 15,000 steps of full-batch gradient descent on
the 2-10-5-1 network, from the same He weights, on the same 300 points. The run
stops with an error if one of them arrives at another cost.

    python benchmarks/training.py [--rounds N]
"""

import argparse
import ctypes
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import sklearn
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_info

try:
    import torch
except ImportError:
    torch = None

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import init_utils  # noqa: E402  (found through the line above, from any folder)

LAYERS = (2, 10, 5, 1)
ITERATIONS = 15_000
RECORD_EVERY = 1_000
LEARNING_RATE = 0.01
# The variants add the same numbers in different orders, hence not 0.
COST_RTOL = 1e-9


def he_parameters():
    """Return the weights and biases that every variant starts from.

    Returns
    -------
    dict of str to numpy.ndarray
    """
    np.random.seed(3)
    parameters = {}
    for layer, (n_in, n_out) in enumerate(zip(LAYERS, LAYERS[1:]), start=1):
        parameters[f"W{layer}"] = np.random.randn(n_out, n_in) * np.sqrt(2 / n_in)
        parameters[f"b{layer}"] = np.zeros((n_out, 1))
    return parameters


# -------------------------------------------------------------- the variants
# Each takes the starting parameters, X of shape (2, m) and Y of shape (1, m),
# and returns the costs at iterations 0, 1000, ..., 14000.


def textbook(parameters, X, Y):
    """Train with the formulas as a textbook prints them, one NumPy call each."""
    costs = []
    m = X.shape[1]
    for i in range(ITERATIONS):
        z1 = np.dot(parameters["W1"], X) + parameters["b1"]
        a1 = np.maximum(0, z1)
        z2 = np.dot(parameters["W2"], a1) + parameters["b2"]
        a2 = np.maximum(0, z2)
        z3 = np.dot(parameters["W3"], a2) + parameters["b3"]
        a3 = 1 / (1 + np.exp(-z3))

        log_likelihoods = np.multiply(np.log(a3), Y) + np.multiply(np.log(1 - a3), 1 - Y)
        cost = -1 / m * np.sum(log_likelihoods)
        if i % RECORD_EVERY == 0:
            costs.append(cost)

        grads = {}
        dz3 = 1 / m * (a3 - Y)
        grads["dW3"] = np.dot(dz3, a2.T)
        grads["db3"] = np.sum(dz3, axis=1, keepdims=True)
        da2 = np.dot(parameters["W3"].T, dz3)
        dz2 = np.multiply(da2, np.int64(a2 > 0))
        grads["dW2"] = np.dot(dz2, a1.T)
        grads["db2"] = np.sum(dz2, axis=1, keepdims=True)
        da1 = np.dot(parameters["W2"].T, dz2)
        dz1 = np.multiply(da1, np.int64(a1 > 0))
        grads["dW1"] = np.dot(dz1, X.T)
        grads["db1"] = np.sum(dz1, axis=1, keepdims=True)

        for key in parameters:
            parameters[key] = parameters[key] - LEARNING_RATE * grads["d" + key]
    return costs


def ours(parameters, X, Y, loss_every):
    """Train through the public functions of init_utils, as the notebook does."""
    costs = []
    for i in range(ITERATIONS):
        a3, cache = init_utils.forward_propagation(X, parameters)
        if i % loss_every == 0:
            cost = init_utils.compute_loss(a3, Y)
            if i % RECORD_EVERY == 0:
                costs.append(cost)
        grads = init_utils.backward_propagation(X, Y, cache)
        parameters = init_utils.update_parameters(parameters, grads, LEARNING_RATE)
    return costs


def scikit_learn(parameters, X, Y):
    """Train scikit-learn's classifier, reduced to plain gradient descent."""
    classifier = MLPClassifier(
        hidden_layer_sizes=LAYERS[1:-1],
        activation="relu",
        solver="sgd",
        alpha=0.0,
        learning_rate="constant",
        learning_rate_init=LEARNING_RATE,
        momentum=0.0,
        nesterovs_momentum=False,
        batch_size=X.shape[1],
        shuffle=False,
        max_iter=ITERATIONS,
        tol=0.0,
        n_iter_no_change=ITERATIONS,
        warm_start=True,
    )
    # One step to make it allocate its arrays; then they get our starting values.
    classifier.partial_fit(X.T, Y.ravel(), classes=[0, 1])
    classifier.coefs_ = [parameters[f"W{layer}"].T.copy() for layer in (1, 2, 3)]
    classifier.intercepts_ = [parameters[f"b{layer}"].ravel() for layer in (1, 2, 3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 15,000 steps are the task
        classifier.fit(X.T, Y.ravel())
    return classifier.loss_curve_[1::RECORD_EVERY]


def pytorch(parameters, X, Y):
    """Train with PyTorch: eager mode, float64, autograd and its SGD."""
    torch.set_num_threads(1)  # the arrays are too small to share out
    W1, b1, W2, b2, W3, b3 = weights = [torch.tensor(value, requires_grad=True) for value in parameters.values()]
    optimizer = torch.optim.SGD(weights, lr=LEARNING_RATE)
    X, Y = torch.tensor(X), torch.tensor(Y, dtype=torch.float64)
    costs = []
    for i in range(ITERATIONS):
        a1 = torch.relu(W1 @ X + b1)
        a2 = torch.relu(W2 @ a1 + b2)
        cost = torch.nn.functional.binary_cross_entropy_with_logits(W3 @ a2 + b3, Y)
        if i % RECORD_EVERY == 0:
            costs.append(cost.item())
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    return costs


def fused(library, parameters, X, Y):
    """Train with the loop of fused_loop.c, already compiled into ``library``."""
    flat = np.concatenate([value.ravel() for value in parameters.values()])
    labels = Y.astype(float)
    costs = np.empty(ITERATIONS // RECORD_EVERY)
    arrays = (array.ctypes.data_as(ctypes.c_void_p) for array in (flat, X, labels))
    if library.train(
        *arrays,
        X.shape[1],
        ITERATIONS,
        RECORD_EVERY,
        ctypes.c_double(LEARNING_RATE),
        costs.ctypes.data_as(ctypes.c_void_p),
    ):
        raise MemoryError("fused_loop.c could not allocate its copy of the examples")
    return costs


# ----------------------------------------------------------- the measurement


def compile_fused_loop(folder):
    """Compile fused_loop.c for this processor.

    Parameters
    ----------
    folder : str
        Where to put the library.

    Returns
    -------
    ctypes.CDLL

    Raises
    ------
    OSError, subprocess.CalledProcessError
        If there is no ``cc``, or it does not accept the file.
    """
    library = Path(folder) / "fused_loop.so"
    # -Wno-psabi: no other code is linked, so it may pass vectors around as it likes.
    options = ["-O3", "-march=native", "-Wno-psabi", "-shared", "-fPIC"]
    subprocess.run(["cc", *options, HERE / "fused_loop.c", "-o", library, "-lm"], check=True)
    return ctypes.CDLL(str(library))


def measure(variants, rounds):
    """Run every variant once in each round, so that a slow spell hits all alike.

    Parameters
    ----------
    variants : dict of str to callable
        The first one's costs are those that the others must reproduce.
    rounds : int

    Returns
    -------
    seconds : dict of str to list of float
        One time per round.
    deviation : float
        The largest relative difference of a cost from the first variant's.
    """
    X, Y, _, _ = init_utils.load_dataset()
    seconds = {name: [] for name in variants}
    expected, deviation = None, 0.0
    # A bar that redraws itself would take time from what is being measured.
    with Progress(console=Console(stderr=True), auto_refresh=False) as progress:
        task = progress.add_task("", total=rounds * len(variants))
        for round_number in range(1, rounds + 1):
            for name, train in variants.items():
                progress.update(task, description=f"round {round_number}/{rounds}: {name}", refresh=True)
                parameters = he_parameters()
                start = time.perf_counter()
                costs = train(parameters, X, Y)
                seconds[name].append(time.perf_counter() - start)
                progress.update(task, advance=1, refresh=True)

                costs = np.asarray(costs)
                expected = costs if expected is None else expected
                difference = np.max(np.abs(costs / expected - 1))
                if not difference <= COST_RTOL:  # NaN must fail too
                    sys.exit(
                        f"{name}: a cost differs from the textbook's by {difference:.1e} of its value, "
                        f"allowed is {COST_RTOL:.0e}, so the times cannot be compared."
                    )
                deviation = max(deviation, difference)
    return seconds, deviation


def report(console, seconds):
    """Print the table: medians over the rounds, and medians of the per-round ratios.

    Parameters
    ----------
    console : rich.console.Console
    seconds : dict of str to list of float
        From `measure`; the first entry is the one to compare with.
    """
    baseline = next(iter(seconds.values()))
    table = Table(title=f"{ITERATIONS:,} iterations, median of {len(baseline)} rounds")
    table.add_column("variant")
    for column in ("seconds", "µs/iteration", "times as fast", "(range)"):
        table.add_column(column, justify="right")
    for name, times in seconds.items():
        speedups = [base / own for base, own in zip(baseline, times)]
        table.add_row(
            name,
            f"{median(times):.3f}",
            f"{median(times) / ITERATIONS * 1e6:.1f}",
            f"{median(speedups):.2f}",
            f"{min(speedups):.2f}-{max(speedups):.2f}",
        )
    console.print(table)


def machine():
    """Describe what the times depend on.

    Returns
    -------
    str
    """
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    blas = {f"{pool['internal_api']} with {pool['num_threads']} threads" for pool in pools}
    return (
        f"Python {platform.python_version()}, NumPy {np.__version__}, scikit-learn {sklearn.__version__}, "
        f"{'PyTorch ' + torch.__version__ + ' on 1 thread, ' if torch else ''}"
        f"BLAS: {', '.join(sorted(blas)) or 'unknown'}, {os.cpu_count()} CPUs ({platform.machine()})."
    )


def main():
    """Measure and report every variant that this machine can run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often to run each variant (default: 5)")
    rounds = parser.parse_args().rounds
    if rounds < 1:
        parser.error(f"--rounds is {rounds}, expected 1 or more")

    console = Console(highlight=False)
    say = partial(console.print, soft_wrap=True)  # a sentence is one line, also in a log
    variants = {
        "textbook NumPy": textbook,
        "ours": partial(ours, loss_every=RECORD_EVERY),
        "ours, loss each time": partial(ours, loss_every=1),
        "scikit-learn": scikit_learn,
    }
    if torch:
        variants["PyTorch"] = pytorch
    else:
        say("PyTorch is left out, install it with: pip install -r benchmarks/requirements.txt")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            variants["fused C (floor)"] = partial(fused, compile_fused_loop(folder))
        except (OSError, subprocess.CalledProcessError):
            say("The floor is left out: there is no C compiler named cc, or it could not compile fused_loop.c.")
        seconds, deviation = measure(variants, rounds)

    report(console, seconds)
    say(f"The costs at iterations 0, {RECORD_EVERY}, ... agree with the textbook's to {deviation:.0e} of their value.")
    say(machine())
    if "fused C (floor)" in seconds:
        ratio = median(own / floor for own, floor in zip(seconds["ours"], seconds["fused C (floor)"]))
        say(
            "The floor is the same arithmetic in one pass of compiled code (fused_loop.c), "
            f"with no NumPy call to pay for: ours takes {ratio:.1f} times as long."
        )


if __name__ == "__main__":
    main()
