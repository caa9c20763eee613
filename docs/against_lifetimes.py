"""Tell where lifetimes answers alike, wrongly or not at all: `python docs/against_lifetimes.py`."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np

from clv.core.types import Bools, Floats
from clv.numerics import gammagamma, outlook
from clv.numerics.bgnbd import BGNBDParams
from clv.numerics.gammagamma import GammaGammaParams
from clv.numerics.mbgnbd import MBGNBDParams
from clv.numerics.paretonbd import ParetoNBDParams

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lifetimes

PAGE = Path(__file__).resolve().parent / "against-lifetimes.md"
DRAWS, SEED = 1_000, 1
#: Of a probability or number, relative to it; of a log-likelihood, to 1 plus its size.
ALIKE = 1e-8
#: Nearer to 1 than this, a or s is "all but 1".
NEAR = 1e-3
#: Away from where a closed form divides 0 by 0: too little to show, and costs as many digits.
NUDGE, DIGITS, MOST_TERMS = mpmath.mpf(10) ** -20, 60, 1_000_000
ANSWERS = ("log-likelihood", "P(alive)", "purchases expected")

Row = dict[str, float]
#: The exact answers of one draw, one each for `ANSWERS`.
Exact = Callable[[Any, Row], tuple[mpmath.mpf, ...]]


class Model(NamedTuple):
    """One model here and there.

    Attributes
    ----------
    title, kind, fitter : its name, its parameters here, and lifetimes' class
    dropout : the two last parameters
    exact : closed forms in many digits
    cases : what may trouble closed forms, first match first
    """

    title: str
    kind: Any
    fitter: Any
    dropout: tuple[str, str]
    exact: Exact
    cases: dict[str, Callable[[dict[str, Floats]], Bools]]


class Found(NamedTuple):
    """What became of one answer's draws, (n,) each.

    Attributes
    ----------
    case : which of the model's cases each draw is, -1 for none
    finite, right : whether lifetimes' answer is
    ours : whether ours is right
    """

    case: np.ndarray
    finite: Bools
    right: Bools
    ours: Bools


def draw(model: Model) -> dict[str, Floats]:
    """Parameters from end to end of their use, histories in days, and a time t ahead."""
    rng = np.random.default_rng(SEED)

    def between(low: float, high: float) -> Floats:
        return np.exp(rng.uniform(np.log(low), np.log(high), DRAWS))

    def some(share: float) -> Bools:
        return rng.uniform(size=DRAWS) < share

    r, alpha, a, b = (between(*ends) for ends in ((0.05, 20), (0.5, 500), (0.05, 20), (0.05, 20)))
    beta = between(0.5, 500)
    a = np.where(some(0.08), 1.0, a)
    a = np.where(some(0.08), 1.0 + between(1e-12, NEAR), a)
    b = np.where(some(0.2) & (a < 1), 1.0 - a, b)
    T = np.round(between(1, 20_000))
    x = np.where(some(0.3), 0.0, np.round(between(1, 10_000)))
    silence = np.minimum(T, T / (x + 1.0) * between(0.1, 10))
    t_x = np.where(x > 0, np.where(some(0.1), T, T - silence), 0.0)
    t = np.round(between(1, 2_000))
    shapes = dict(zip(model.dropout, (a, beta if model.dropout[1] == "beta" else b), strict=True))
    return {"r": r, "alpha": alpha, **shapes, "x": x, "t_x": t_x, "T": T, "t": t}


def theirs(model: Model, fitter: Any, row: Row) -> tuple[float, ...]:
    """The answers lifetimes gives of one customer."""
    fitter.params_ = {name: row[name] for name in model.kind._fields}
    shapes, seen = list(fitter.params_.values()), [np.array([row[v]]) for v in ("x", "t_x", "T")]
    if model.kind is ParetoNBDParams:
        loglik = fitter._conditional_log_likelihood(shapes, *seen)[0]
    else:
        loglik = -fitter._negative_log_likelihood(np.log(shapes), *seen, np.ones(1), 0.0)
    alive = fitter.conditional_probability_alive(*seen)
    ahead = fitter.conditional_expected_number_of_purchases_up_to_time(row["t"], *seen)
    return float(loglik), float(np.ravel(alive)[0]), float(np.ravel(ahead)[0])


def ours(model: Model, row: Row) -> tuple[float, ...]:
    """The answers given here."""
    p, seen = (
        model.kind(*(row[v] for v in model.kind._fields)),
        [[row[v]] for v in ("x", "t_x", "T")],
    )
    loglik = p.loglik(*(np.array(column) for column in seen))
    answers = loglik, outlook.p_alive(p, *seen), outlook.expected_purchases(p, row["t"], *seen)
    return tuple(float(answer[0]) for answer in answers)


def betageometric(chances_at_first: int) -> Exact:
    """Closed forms of the BG/NBD or MBG/NBD."""

    def exact(_: Any, row: Row) -> tuple[mpmath.mpf, ...]:
        r, alpha, a, b, x, t_x, T, t = (mpmath.mpf(v) for v in row.values())
        a, R, A, s = a + NUDGE, r + x, alpha + T, x + chances_at_first
        active = mpmath.beta(a, b + s) * A**-R
        dropped = mpmath.beta(a + 1, b + s - 1) * (alpha + t_x) ** -R if s > 0 else 0
        scale = mpmath.loggamma(R) - mpmath.loggamma(r) + r * mpmath.log(alpha)
        loglik = scale - mpmath.log(mpmath.beta(a, b)) + mpmath.log(active + dropped)
        alive, C = active / (active + dropped), a + b + s - 1
        # Pfaff's form of the papers' 2F1(r+x, b+s; a+b+s-1; t/(A+t)) (A/(A+t))^(r+x).
        still = mpmath.hyp2f1(R, a - 1, C, -t / A, maxterms=MOST_TERMS)
        ahead = C / (a - 1) * (1 - still)
        return loglik, alive, alive * ahead

    return exact


def pareto(_: Any, row: Row) -> tuple[mpmath.mpf, ...]:
    """Closed forms of the Pareto/NBD."""
    r, alpha, s, beta, x, t_x, T, t = (mpmath.mpf(v) for v in row.values())
    s = s + NUDGE
    R, power, far, apart = r + x, r + x + s, max(alpha, beta), abs(alpha - beta)
    second = R if alpha < beta else s + 1

    def gauss(u: mpmath.mpf) -> mpmath.mpf:
        # Euler's form of note 009's 2F1(r+s+x, second; r+s+x+1; z) / (far+u)^(r+s+x).
        z = apart / (far + u)
        value = mpmath.hyp2f1(1, power + 1 - second, power + 1, z, maxterms=MOST_TERMS)
        return value * (1 - z) ** (1 - second) * (far + u) ** -power

    active = (alpha + T) ** -R * (beta + T) ** -s
    dropped = s / power * (gauss(t_x) - gauss(T))
    scale = mpmath.loggamma(R) - mpmath.loggamma(r)
    scale += r * mpmath.log(alpha) + s * mpmath.log(beta)
    alive, B = active / (active + dropped), beta + T
    lasting = B / (s - 1) * (1 - (B / (B + t)) ** (s - 1))
    return scale + mpmath.log(active + dropped), alive, alive * R / (alpha + T) * lasting


def near_one(name: str) -> dict[str, Callable[[dict[str, Floats]], Bools]]:
    return {
        f"{name} = 1": lambda d: d[name] == 1,
        f"{name} within {NEAR:g} of 1": lambda d: np.abs(d[name] - 1) <= NEAR,
    }


MODELS = (
    Model(
        "BG/NBD",
        BGNBDParams,
        lifetimes.BetaGeoFitter,
        ("a", "b"),
        betageometric(0),
        near_one("a")
        | {
            "x = 0 and a + b = 1": lambda d: (d["x"] == 0) & (d["a"] + d["b"] == 1),
            "x = 0 and a + b < 1": lambda d: (d["x"] == 0) & (d["a"] + d["b"] < 1),
            "x of 50 or more": lambda d: d["x"] >= 50,
        },
    ),
    Model(
        "MBG/NBD",
        MBGNBDParams,
        lifetimes.ModifiedBetaGeoFitter,
        ("a", "b"),
        betageometric(1),
        near_one("a") | {"x of 50 or more": lambda d: d["x"] >= 50},
    ),
    Model(
        "Pareto/NBD",
        ParetoNBDParams,
        lifetimes.ParetoNBDFitter,
        ("s", "beta"),
        pareto,
        near_one("s")
        | {
            "t_x = T": lambda d: (d["x"] > 0) & (d["t_x"] == d["T"]),
            "x of 50 or more": lambda d: d["x"] >= 50,
        },
    ),
)


def alike(one: float, other: float, answer: str) -> bool:
    """Whether two answers agree to `ALIKE`; all probabilities too small for a double do."""
    size = 1.0 + abs(other) if answer == "log-likelihood" else abs(other)
    return bool(np.isfinite(one) and abs(one - other) <= ALIKE * size + 1e-300)


def compare(model: Model) -> list[Found]:
    """What became of each of `ANSWERS`; whoever differs is judged by the closed form in digits."""
    drawn, fitter = draw(model), model.fitter()
    case = np.full(DRAWS, -1)
    for i, holds in reversed(list(enumerate(model.cases.values()))):
        case[holds(drawn)] = i
    finite, right, mine = (np.ones((len(ANSWERS), DRAWS), dtype=bool) for _ in range(3))
    with warnings.catch_warnings(), mpmath.workdps(DIGITS):
        warnings.simplefilter("ignore")
        for i in range(DRAWS):
            row = {name: float(column[i]) for name, column in drawn.items()}
            there, here = theirs(model, fitter, row), ours(model, row)
            finite[:, i] = np.isfinite(there)
            if all(alike(*both) for both in zip(there, here, ANSWERS, strict=True)):
                continue
            exact = [float(value) for value in model.exact(model, row)]
            right[:, i] = [alike(*both) for both in zip(there, exact, ANSWERS, strict=True)]
            mine[:, i] = [alike(*both) for both in zip(here, exact, ANSWERS, strict=True)]
    return [Found(case, *rows) for rows in zip(finite, right, mine, strict=True)]


def compare_spend() -> list[tuple[str, Floats, Floats]]:
    """The Gamma-Gamma's answers, theirs and ours: one closed form without a pole or a power."""
    rng = np.random.default_rng(SEED)
    p, q, gamma, m = (
        np.exp(rng.uniform(np.log(low), np.log(high), DRAWS))
        for low, high in ((0.05, 100), (1.01, 50), (0.1, 1_000), (0.01, 10_000))
    )
    x = np.round(np.exp(rng.uniform(0, np.log(10_000), DRAWS)))
    fitter, there, here = lifetimes.GammaGammaFitter(), np.empty((2, DRAWS)), np.empty((2, DRAWS))
    for i in range(DRAWS):
        g, spent = GammaGammaParams(p[i], q[i], gamma[i]), (x[i : i + 1], m[i : i + 1])
        fitter.params_ = {"p": g.p, "q": g.q, "v": g.gamma}
        there[0, i] = -fitter._negative_log_likelihood(np.log(g), *spent, np.ones(1), 0.0)
        there[1, i] = fitter.conditional_expected_average_profit(*spent)[0]
        here[:, i] = gammagamma.loglik(g, *spent)[0], gammagamma.expected_value(g, *spent)[0]
    return list(zip(("log-likelihood", "value expected"), there, here, strict=True))


def tables() -> tuple[str, str]:
    """What became of all draws, and in which cases lifetimes fails, as Markdown."""
    all_of, by_case = [], []
    for model in MODELS:
        for answer, found in zip(ANSWERS, compare(model), strict=True):
            wrong = found.finite & ~found.right
            counts = (int(v.sum()) for v in (found.right, ~found.finite, wrong, ~found.ours))
            all_of.append((model.title, answer, *counts))
            for i, case in enumerate([*model.cases, "none of these"]):
                here = found.case == (i if i < len(model.cases) else -1)
                failed = int((here & ~found.finite).sum()), int((here & wrong).sum())
                if any(failed):
                    by_case.append((model.title, answer, case, int(here.sum()), *failed))
    for answer, there, here in compare_spend():
        same = sum(alike(*both, answer) for both in zip(there, here, strict=True))
        failed = int((~np.isfinite(there)).sum())
        all_of.append(("Gamma-Gamma", answer, same, failed, DRAWS - same - failed, 0))
    return (
        _table(("model", "answer", "alike", "not finite", "wrong", "ours wrong"), all_of),
        _table(("model", "answer", "case", "draws", "not finite", "wrong"), by_case),
    )


def filled(page: str) -> str:
    """The page with the tables as they are now."""
    for name, table in zip(("draws", "cases"), tables(), strict=True):
        block = f"<!-- {name} -->\n{table}\n<!-- /{name} -->"
        page = re.sub(
            rf"<!-- {name} -->.*<!-- /{name} -->", lambda _, b=block: b, page, flags=re.DOTALL
        )
    return page


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
