"""How far a job is: rises with its stages, and reaches the end with the last of them."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from clv import ops
from clv.ops.work.share import BACKTEST, FOLDS, PUBLISH, RUN, SHOP, TABLE, Share

WEIGHTS = {"read": 1.0, "fit": 8.0, "write": 1.0}
steps = st.lists(
    st.tuples(st.sampled_from(["started", "note", "finished"]), st.sampled_from([*WEIGHTS, "?"]))
)


def heard(weights=WEIGHTS):
    told = []
    return Share(weights, lambda stage, part: told.append((stage, part))), told


@given(steps)
def test_whatever_comes_it_never_falls_nor_passes_one(steps):
    share, told = heard()
    for what, stage in steps:
        if what == "note":
            share.note("working")
        elif what == "started":
            share.started(stage)
        else:
            share.finished(stage, 0.1)
    parts = [part for _, part in told]
    assert parts == sorted(parts)
    assert all(0 <= part <= 1 for part in parts)


def test_stages_count_by_their_usual_time():
    share, told = heard()
    for stage in WEIGHTS:
        share.started(stage)
        share.finished(stage, 1.0)
    assert [part for _, part in told] == [0, 0.1, 0.1, 0.9, 0.9, 1.0]


def test_notes_move_it_within_their_stage():
    share, told = heard()
    share.started("fit")
    for n in range(200):
        share.note(f"model {n}")
    parts = [part for _, part in told]
    assert parts == sorted(parts)
    assert parts[0] == 0.1
    assert 0.8 < parts[-1] < 0.9
    assert told[-1][0] == "fit: model 199"


def test_a_stage_passed_over_is_behind():
    share, told = heard()
    share.started("write")
    assert told == [("write", 0.9)]


def test_weights_name_stages_as_the_work_does():
    source = "".join(path.read_text() for path in Path(ops.__file__).parent.rglob("*.py"))
    named = {*RUN, *TABLE, *BACKTEST, *FOLDS, *SHOP, *PUBLISH}
    assert [stage for stage in named if f'stage("{stage}")' not in source] == []
