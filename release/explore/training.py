"""Gradient descent on many networks at once, on all cores, for explore.ipynb."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from IPython.display import HTML, display
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from networks import Gradients, Networks, backward, cost, forward, quietly, together

SHARE = 20_000  # numbers in one layer of the networks of one thread: with fewer, threads wait for each other


@dataclass(frozen=True)
class Training:
    """What gradient descent made of some networks.

    Attributes
    ----------
    networks : Networks
        After the last step.
    iteration : numpy.ndarray of int
        The iterations at which the cost was written down.
    cost : numpy.ndarray, shape (iterations, networks)
    ratio : numpy.ndarray, shape (iterations, networks, layers)
        The size of the next step of a layer's weights, in units of the size of these weights; see `update_ratio`.
    kept : dict of int to Networks
        The networks at the iterations that were asked for.
    """

    networks: Networks
    iteration: np.ndarray
    cost: np.ndarray
    ratio: np.ndarray
    kept: dict[int, Networks]

    def __getitem__(self, which: slice | np.ndarray) -> Training:
        kept = {iteration: networks[which] for iteration, networks in self.kept.items()}
        return Training(self.networks[which], self.iteration, self.cost[:, which], self.ratio[:, which], kept)


def train_each(stacks: dict[str, Networks], X: np.ndarray, Y: np.ndarray, **how: Any) -> dict[str, Training]:
    """Train several stacks of networks at once, and tell them apart afterwards; see `train`.

    Parameters
    ----------
    stacks : dict of str to Networks
    X : numpy.ndarray, shape (n_0, m)
    Y : numpy.ndarray, shape (1, m)

    Returns
    -------
    dict of str to Training
    """
    run, ends = train(together(*stacks.values()), X, Y, **how), np.cumsum([len(stack) for stack in stacks.values()])
    return {name: run[end - len(stack) : end] for (name, stack), end in zip(stacks.items(), ends)}


def train(
    networks: Networks,
    X: np.ndarray,
    Y: np.ndarray,
    learning_rate: ArrayLike = 0.01,
    num_iterations: int = 15000,
    every: int = 100,
    keep: Collection[int] = (),
) -> Training:
    """Train each network by gradient descent on all examples, on all cores, with a progress bar.

    All is computed in the type of the networks' numbers; see `Networks.astype`.

    Parameters
    ----------
    networks : Networks
        They are left as they are.
    X : numpy.ndarray, shape (n_0, m)
    Y : numpy.ndarray, shape (1, m)
    learning_rate : float or sequence of float
        One for all networks, or one for each.
    num_iterations : int
    every : int
        The cost and the ratio of update to weight are written down at every so many iterations.
    keep : collection of int
        Iterations at which to keep the networks, too.

    Returns
    -------
    Training
    """
    X, Y, rates = (np.asarray(values, dtype=networks.W[0].dtype) for values in (X, Y, learning_rate))
    rates = np.broadcast_to(rates, len(networks))
    size = max(len(W[0]) for W in networks.W) * X.shape[1]
    shares = min(len(networks), os.cpu_count() or 1, math.ceil(len(networks) * size / SHARE))
    parts = np.array_split(np.arange(len(networks)), shares)
    done, over = [0.0] * len(parts), threading.Event()

    def descend(number: int, part: np.ndarray) -> Training:
        def step(iteration: int) -> None:
            done[number] = iteration / num_iterations
            if over.is_set():
                raise CancelledError

        return gradient_descent(networks[part], X, Y, rates[part], num_iterations, every, keep, step)

    # The threads are ours: the ones that a matrix product may start would only get in their way.
    with threadpool_limits(1), ThreadPoolExecutor(shares) as pool, Progress(f"{len(networks)} networks") as bar:
        futures = [pool.submit(descend, number, part) for number, part in enumerate(parts)]
        try:
            while wait(futures, timeout=0.3).not_done:
                bar.show(float(np.mean(done)))
        finally:
            over.set()  # an interrupted cell ends with its threads: they stop, too
    return joined([future.result() for future in futures])


def joined(runs: Sequence[Training]) -> Training:
    """Return several `Training` of the same length as one."""
    return Training(
        together(*(run.networks for run in runs)),
        runs[0].iteration,
        np.concatenate([run.cost for run in runs], axis=1),
        np.concatenate([run.ratio for run in runs], axis=1),
        {iteration: together(*(run.kept[iteration] for run in runs)) for iteration in runs[0].kept},
    )


@quietly
def gradient_descent(
    networks: Networks,
    X: np.ndarray,
    Y: np.ndarray,
    rates: ArrayLike,
    num_iterations: int,
    every: int = 100,
    keep: Collection[int] = (),
    step: Callable[[int], object] = lambda iteration: None,
) -> Training:
    """Train in this thread; see `train`. ``step`` is called with the iteration whenever the cost is written down."""
    networks = networks.copy()
    rates = np.asarray(rates)[:, None, None]
    iterations, costs, ratios, kept = [], [], [], {}
    for iteration in range(num_iterations + 1):
        z, activations = forward(networks, X)
        gradients = backward(networks, z, activations, Y)
        if iteration % every == 0 or iteration == num_iterations:
            iterations.append(iteration)
            costs.append(cost(z, Y))
            ratios.append(update_ratio(networks, gradients, rates))
            step(iteration)
        if iteration in keep:
            kept[iteration] = networks.copy()
        if iteration < num_iterations:
            for W, b, (dW, db, _) in zip(networks.W, networks.b, gradients):
                W -= rates * dW
                b -= rates * db
    return Training(networks, np.array(iterations), np.array(costs), np.array(ratios), kept)


def update_ratio(networks: Networks, gradients: list[Gradients], rates: np.ndarray) -> np.ndarray:
    """Return how large the next step of each layer's weights is, in units of these weights.

    Both are measured by their root mean square.

    Returns
    -------
    numpy.ndarray, shape (networks, layers)
    """
    layers = [
        np.sqrt(np.square(rates * dW).mean(axis=(-1, -2)) / np.square(W).mean(axis=(-1, -2)))
        for W, (dW, _, _) in zip(networks.W, gradients)
    ]
    return np.stack(layers, axis=-1)


class Progress:
    """A bar that is shown while something takes longer than two seconds; in the end it says how long it took.

    Parameters
    ----------
    what : str
        What is being trained.
    """

    def __init__(self, what: str) -> None:
        self.what, self.started = what, time.monotonic()
        self.handle: Any = None

    def __enter__(self) -> Progress:
        return self

    def show(self, share: float) -> None:
        if time.monotonic() - self.started > 2:
            bar = HTML(
                f'<progress aria-label="Training {self.what}" value="{share:.3f}"></progress> Training {self.what}'
            )
            if self.handle is None:
                self.handle = display(bar, display_id=True)
            else:
                self.handle.update(bar)

    def __exit__(self, *error: object) -> None:
        if self.handle is not None:
            seconds = time.monotonic() - self.started
            self.handle.update(HTML(f"{'Stopped' if error[0] else 'Trained'} {self.what} in {seconds:.0f} seconds."))
