"""Training of zero-inflated lognormal networks, in JAX."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clv.core.errors import DependencyError, FitError
from clv.core.types import Floats

if TYPE_CHECKING:
    from clv.models.learners.ziln import ZILNSettings

#: Steps between looks at the later rows.
STRIDE = 50
#: Progress on them that counts.
PROGRESS = 1e-5
#: Of the first weights that lead to the outputs, against what keeps variances even.
TIMID = 0.1
#: The lognormal's standard deviation is never smaller.
NARROWEST = 1e-3
#: Log-odds of spending, mean and width of the logarithm of spend.
OUTPUTS = 3

Singles = NDArray[np.float32]
Data = tuple[Floats, Floats, Floats]


class Descent(NamedTuple):
    """Compiled once for data of whatever length.

    Attributes
    ----------
    start : layers to the optimiser's state
    stride : layers, state and drawn rows to the next layers and state
    loss : layers and rows to the loss of each network
    """

    start: Callable[..., Any]
    stride: Callable[..., Any]
    loss: Callable[..., Any]


def train(
    rows: Data, check: Data | None, settings: ZILNSettings, seed: int
) -> list[tuple[Floats, Floats]]:
    """Train networks side by side, each until the later rows tell it to stop.

    Parameters
    ----------
    rows, check : inputs (n, k), spend (n,) in units of its mean, weights (n,) of mean 1

    Returns
    -------
    weight (networks, inputs, outputs) and bias (networks, outputs) of each layer

    Raises
    ------
    DependencyError : JAX or optax is not installed
    FitError : the loss runs away
    """
    descent = _descent(settings, decaying=check is None)
    taught = _singles(rows)
    later = _singles(check) if check is not None else tuple(p[: settings.batch] for p in taught)
    rng = np.random.default_rng(seed)
    layers: Any = _first_layers(rng, settings, rows)
    state, kept = descent.start(layers), layers
    best, last = np.full(settings.networks, np.inf), np.zeros(settings.networks)
    total = settings.steps if check is None else settings.most_steps
    for done in range(STRIDE, total + STRIDE, STRIDE):
        drawn = rng.integers(len(taught[1]), size=(settings.networks, STRIDE, settings.batch))
        layers, state = descent.stride(layers, state, tuple(part[drawn] for part in taught))
        told = np.asarray(descent.loss(layers, *later), dtype=np.float64)
        if not np.isfinite(told).all():
            raise FitError("neural network: the loss runs away. Lower the learning rate.")
        if check is None:
            kept = layers
            continue
        better = (told < best - PROGRESS) & (done - last <= settings.patience)
        best, last = np.where(better, told, best), np.where(better, done, last)
        kept = [
            tuple(_replaced(better, new, old) for new, old in zip(*pair, strict=True))
            for pair in zip(layers, kept, strict=True)
        ]
        if (done - last >= settings.patience).all():
            break
    return [(np.asarray(w, np.float64), np.asarray(b, np.float64)) for w, b in kept]


@lru_cache(maxsize=8)
def _descent(settings: ZILNSettings, *, decaying: bool) -> Descent:
    """AdamW with these settings, the learning rate falling to 0 over all steps or not at all."""
    try:
        import jax
        import optax
    except ModuleNotFoundError as missing:
        raise DependencyError(
            f"{missing.name} is not installed: the neural network needs it."
            " pip install 'clv[neural]'"
        ) from None
    pace = settings.learning_rate
    if decaying:
        pace = optax.cosine_decay_schedule(pace, settings.steps)
    rule = optax.adamw(pace, weight_decay=settings.decay)
    loss = partial(_loss, jax)

    def stride(layers: Any, state: Any, drawn: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            layers, state = carry
            change, state = rule.update(jax.grad(loss)(layers, *batch), state, layers)
            return (optax.apply_updates(layers, change), state), None

        return jax.lax.scan(step, (layers, state), drawn)[0]

    return Descent(
        jax.jit(jax.vmap(rule.init)),
        jax.jit(jax.vmap(stride)),
        jax.jit(jax.vmap(loss, in_axes=(0, None, None, None))),
    )


def _first_layers(
    rng: np.random.Generator, settings: ZILNSettings, rows: Data
) -> list[tuple[Singles, Singles]]:
    """Random weights that keep variances even, and outputs that start at what the rows say."""
    inputs, spend, weight = rows
    positive = spend > 0
    some, n = weight[positive], settings.networks
    logs = np.log(spend[positive])
    mean = float(np.average(logs, weights=some))
    deviation = max(NARROWEST, float(np.sqrt(np.average((logs - mean) ** 2, weights=some))))
    odds = np.log((some.sum() + 0.5) / (weight.sum() - some.sum() + 0.5))
    layers = []
    for below, above in pairwise((inputs.shape[1], *settings.hidden, OUTPUTS)):
        weights = rng.normal(0.0, np.sqrt(2.0 / below), (n, below, above))
        layers.append((weights, np.zeros((n, above))))
    layers[-1] = (
        TIMID * layers[-1][0],
        layers[-1][1] + [odds, mean, np.log(np.expm1(deviation))],
    )
    return [(weights.astype(np.float32), bias.astype(np.float32)) for weights, bias in layers]


def _loss(jax: Any, layers: Any, inputs: Any, spend: Any, weight: Any) -> Any:
    """Minus the mean log-likelihood of a zero-inflated lognormal, up to a constant."""
    units = inputs
    for weights, bias in layers[:-1]:
        units = jax.nn.relu(units @ weights + bias)
    odds, mean, width = (units @ layers[-1][0] + layers[-1][1]).T
    deviation = jax.numpy.maximum(jax.nn.softplus(width), NARROWEST)
    positive = spend > 0
    logs = jax.numpy.log(jax.numpy.where(positive, spend, 1.0))
    much = 0.5 * ((logs - mean) / deviation) ** 2 + jax.numpy.log(deviation)
    whether = jax.nn.softplus(jax.numpy.where(positive, -odds, odds))
    return jax.numpy.mean(weight * (whether + jax.numpy.where(positive, much, 0.0)))


def _singles(data: Data) -> tuple[Singles, ...]:
    return tuple(part.astype(np.float32) for part in data)


def _replaced(better: Any, new: Any, old: Any) -> Singles:
    """Of each network the new weights where they are better."""
    new, old = np.asarray(new), np.asarray(old)
    return np.asarray(np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old))
