"""Targets of others, churn, time, and logs without signal: sections of the page beside value."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.accuracy.judge import ASIDE, CAME_MEAN, LAST_MEAN, OURS, Verdict
from benchmarks.accuracy.shown import MISSED, REACHED, by_row, days, form, mean, mean_of, table
from benchmarks.accuracy.timing import AIM_SECONDS, Timed

#: Mission S2's targets: relative error on the holdout below, precision on the tenth of most value
#: above.
S2_MAPE = 0.15
S2_PRECISION = 0.85
S2_FIGURES = ("total_mape", "decile_mape", "buyers_mape")
#: A mean is no worse than another within this part of it.
SAME = 0.01
#: What forecasts that are all the same can be compared by.
OF_MEANS = {"mae": "MAE", "rmse": "RMSE", "deviance": "deviance"}


def s2(verdicts: Sequence[Verdict]) -> str:
    """S2's targets beside what was reached, of each row."""
    rows = []
    for row, some in by_row(verdicts).items():
        errors = [(mean(some, OURS, figure), S2_MAPE) for figure in S2_FIGURES]
        cells = [_marked(value, value < aim) for value, aim in errors]
        precision = mean(some, OURS, "top_decile_precision")
        best = max(
            (who for who in some[0].figures if who != OURS and who not in ASIDE),
            key=lambda who: mean(some, who, "top_decile_precision"),
            default=None,
        )
        other = f"{mean(some, best, 'top_decile_precision'):.1%} ({best})" if best else "-"
        rows.append(
            [f"{row} ({days(some)})", *cells, _marked(precision, precision > S2_PRECISION), other]
        )
    aim, precise = f"< {S2_MAPE:.0%}", f"> {S2_PRECISION:.0%}"
    head = ["", f"MAPE of the total ({aim})", f"of tenths ({aim})", f"of each buyer ({aim})"]
    return table([*head, f"precision on the top tenth ({precise})", "best of the others"], rows)


def s2_missed(verdicts: Sequence[Verdict]) -> tuple[int, int, int]:
    """Rows that miss the targets of precision and of the total's error, and rows."""
    rows = by_row(verdicts).values()
    precise = [mean(some, OURS, "top_decile_precision") > S2_PRECISION for some in rows]
    near = [mean(some, OURS, "total_mape") < S2_MAPE for some in rows]
    return precise.count(False), near.count(False), len(precise)


def _marked(value: float, good: bool) -> str:
    return f"{value:.1%}" + ("" if good else f" {MISSED}")


def churn(verdicts: Sequence[Verdict]) -> str:
    """How true the told chances of no purchase were, of each row."""
    rows = []
    for row, some in by_row(verdicts).items():
        brier, plain, share, error = (
            mean_of([v.churn[figure] for v in some])
            for figure in ("brier", "brier_of_base_rate", "base_rate", "error")
        )
        rows.append(
            [
                f"{row} ({days(some)})",
                f"{share:.1%}",
                f"{brier:.3f}" if brier < plain else f"**{brier:.3f}**",
                f"{plain:.3f}",
                f"{1.0 - brier / plain:+.0%}" if plain > 0 else "-",
                f"{error:.3f}",
                f"{max(v.churn['error'] for v in some):.3f}",
                _fewest(some),
            ]
        )
    head = ["", "did not purchase", "Brier", "of the base rate", "better by"]
    return table([*head, "reliability error", "worst day", "windows"], rows)


def _fewest(verdicts: Sequence[Verdict]) -> str:
    """Past windows that chances were calibrated by, and days on which that was but one."""
    each = [v.churn["windows"] for v in verdicts]
    told = str(each[0]) if len(set(each)) == 1 else f"{min(each)} to {max(each)}"
    lone = sum(count <= 1 for count in each)
    return told + (f" (**{lone} on one**)" if lone else "")


def time(verdicts: Sequence[Verdict], timed: Sequence[Timed]) -> list[str]:
    """Seconds of each row's runs, and of the command as a whole."""
    rows = [
        [
            f"{row} ({days(some)})",
            f"{max(v.customers for v in some):,}",
            f"{mean_of([v.seconds for v in some]):.0f}",
            f"{max(v.seconds for v in some):.0f}",
        ]
        for row, some in by_row(verdicts).items()
    ]
    parts = [table(["", "customers", "seconds, mean", "longest"], rows)]
    if timed:
        whole = [
            [f"`{t.command}`", f"{t.seconds:.0f}", REACHED if t.seconds < AIM_SECONDS else MISSED]
            for t in timed
        ]
        aim = f"aim: under {AIM_SECONDS} s"
        parts.insert(0, table(["the command as a whole", "seconds", aim], whole))
    return parts


def silent(verdicts: Sequence[Verdict]) -> list[str]:
    """Ours beside means that everyone could be told, and what it said of the log."""
    rows = []
    for v in verdicts:
        for who in (OURS, LAST_MEAN, CAME_MEAN):
            told = v.figures[who]
            name = f"**{who}**" if who == OURS else who
            cells = [f"{told[k]:,.3f}" if k == "deviance" else f"{told[k]:,.2f}" for k in OF_MEANS]
            rows.append([str(v.case.cutoff) if who == OURS else "", name, *cells])
            rows[-1].append(form("bias", told["bias"]))
    worse = worse_than_mean(verdicts)
    mark = f"{MISSED} on {', '.join(worse)}" if worse else REACHED
    return [
        table(["", "", *OF_MEANS.values(), "bias"], rows),
        f"No worse than {LAST_MEAN}, within {SAME:.0%}: {mark}.",
        "What the run said of it:",
        "\n".join(f"- {v.case.cutoff}: {note(v)}" for v in verdicts),
        f"*{CAME_MEAN}* is known only afterwards: of one number for all none has a lower RMSE.",
    ]


def worse_than_mean(verdicts: Sequence[Verdict]) -> list[str]:
    """Days and figures by which telling everyone the last window's mean would have been better."""
    return [
        f"{v.case.cutoff} by {label} ({over:+.1%})"
        for v in verdicts
        for figure, label in OF_MEANS.items()
        if (over := v.figures[OURS][figure] / v.figures[LAST_MEAN][figure] - 1.0) > SAME
    ]


def note(verdict: Verdict) -> str:
    """What the run had to tell."""
    return " ".join(verdict.notes) or "nothing was said of it."
