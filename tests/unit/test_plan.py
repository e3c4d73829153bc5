"""The bill says what changed, from what to what, what it costs and what stays."""

import json
from pathlib import Path

import pytest
from art_transfer import config
from art_transfer.plan.bill import bill, lines
from art_transfer.plan.dry_run import dry_run
from art_transfer.plan.jobs import Job, Made
from art_transfer.plan.price import Prices
from art_transfer.plan.reasons import changes, reasons
from art_transfer.study import Study
from builders import small_config
from hypothesis import given
from hypothesis import strategies as st

RUNS = "results/small/runs/museum/type/demo_plain"
CODE = {"head.py": "aa", "art_transfer/files.py": "bb", "keras": "3.15.0"}


def made(settings: object = None, inputs: tuple[str, ...] = (), **code: str) -> Made:
    return Made((json.dumps(CODE | code), json.dumps(settings or {})), frozenset(inputs))


def job(rule: str = "head", init: str = "files", **more: object) -> Job:
    """A job that makes a run, or another one; by default nothing about it changed."""
    folder = f"{RUNS}/{init}/{'off_the_shelf' if rule == 'head' else rule}/seed-1"
    names = {"wildcards": (init,), "before": made(), "now": made()}
    names["outputs"] = (f"{folder}/run.json", f"{folder}/model.keras")
    return Job(rule, **{**names, **more})


def words(found: Job) -> list[str]:
    return [str(reason) for reason in reasons(found)]


def test_a_setting_is_named_with_its_old_and_its_new_value():
    old, new = ({"method": {"epochs": n, "patience": 7}} for n in (20, 30))
    assert words(job(before=made(old), now=made(new))) == ["method.epochs: 20 -> 30"]


def test_swapped_settings_are_both_named():
    old, new = {"rate": 0.1, "momentum": 0.9}, {"rate": 0.9, "momentum": 0.1}
    found = words(job(before=made(old), now=made(new)))
    assert found == ["momentum: 0.9 -> 0.1", "rate: 0.1 -> 0.9"]


def test_the_module_that_changed_is_named_and_a_library_with_its_versions():
    now = made(**{"art_transfer/files.py": "cc", "keras": "3.16.0"})
    assert words(job(now=now)) == [
        "code changed in art_transfer/files.py",
        'keras: "3.15.0" -> "3.16.0"',
    ]


def test_inputs_are_told_apart_by_what_became_of_them():
    before, now = made(inputs=("a.csv", "b.csv")), made(inputs=("a.csv", "c.csv"))
    found = words(job(before=before, now=now, changed=frozenset({"a.csv"})))
    assert found == ["contents changed of a.csv", "more inputs: c.csv", "fewer inputs: b.csv"]


def test_what_was_never_made_and_what_is_not_here_are_told_apart():
    missing = frozenset({f"{RUNS}/files/off_the_shelf/seed-1/model.keras"})
    assert words(job(before=None, missing=missing)) == ["never made"]
    assert words(job(missing=missing)) == [f"not here, and needed: {next(iter(missing))}"]


def test_a_job_that_only_follows_has_no_reason_of_its_own():
    assert reasons(job(after=frozenset({"x"}))) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_two_values_have_changes_exactly_if_they_differ(one, two):
    same = json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)
    assert (list(changes(one, two)) == []) is same


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(config.typed(config.load(small_config(), tmp_path)))


def record(study: Study, init: str, method: str, seconds: float, kind: str = "gpu") -> dict:
    """What run.json says of a finished run."""
    run = next(r for r in study.runs if (r.init, r.method, r.task) == (init, method, "type"))
    settings = json.loads(json.dumps(study.training(run), default=vars))
    return {"settings": settings, "seconds": seconds, "device": {"kind": kind}}


def test_a_run_costs_what_it_cost_before(study):
    known = [
        record(study, "files", "off_the_shelf", 3600),
        record(study, "random", "fine_tuning", 9),
    ]
    cost = Prices(study, known).of(job().folder)
    assert (cost.hours, cost.device, cost.like) == (1.0, "gpu", 1)


def test_a_new_run_costs_what_like_runs_cost_on_average(study):
    known = [
        record(study, init, "fine_tuning", s) for init, s in (("random", 1800), ("files", 5400))
    ]
    cost = Prices(study, known).of(f"{RUNS}/photo_net/fine_tuning/seed-1")
    assert (cost.hours, cost.like) == (1.0, 2)


def test_a_run_like_no_other_has_no_price(study):
    known = [record(study, "files", "off_the_shelf", 3600)]
    assert Prices(study, known).of(f"{RUNS}/files/fine_tuning/seed-1") is None
    folders = [f"results/small/{run.folder}" for run in study.runs]
    new = job("fine_tuning", before=None, missing=frozenset({"x"}))
    stale = Job("fine_tune", new.wildcards, new.outputs, None, made(), missing=new.missing)
    found = bill([stale], folders, Prices(study, known))
    assert found["unpriced"] == 1 and found["hours"] == {}
    assert any("1 of them are like no finished run" in line for line in lines(found, "s"))


def test_the_bill_adds_up_and_says_what_stays(study):
    known = [record(study, "files", "off_the_shelf", 3600)]
    folders = [f"results/small/{run.folder}" for run in study.runs]
    stale = job(before=made({"epochs": 1}), now=made({"epochs": 2}))
    table = Job("table", ("t",), ("t.csv",), made(), made(), after=frozenset(stale.outputs[:1]))
    found = bill([stale, table], folders, Prices(study, known))
    assert found["hours"] == {"gpu": 1.0}
    assert found["stays"] == {"runs": len(folders) - 1, "of": len(folders)}
    text = "\n".join(lines(found, "results/small"))
    assert "head: 1 job\n    epochs: 1 -> 2  (files)" in text
    assert "table: 1 job\n    follows from others  (t)" in text
    assert "2 jobs; 1 runs to train, about 1 GPU-hours" in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3600 * 110.4, "110"), (3600 * 1234.5, "1,234"), (3600 * 2.345, "2.3"), (36, "0.01")],
)
def test_hours_are_written_as_people_write_them(study, seconds, said):
    known = [record(study, "files", "off_the_shelf", seconds)]
    found = bill([job(before=made({"epochs": 1}))], [job().folder], Prices(study, known))
    assert f"1 runs to train, about {said} GPU-hours" in "\n".join(lines(found, "results/small"))


def test_runs_that_repeat_only_for_a_lost_checkpoint_are_listed_with_what_follows(study):
    parent = job("fine_tuning", init="random")
    model = parent.outputs[1]
    lost = Job("fine_tune", ("p",), parent.outputs, made(), made(), missing=frozenset({model}))
    child = job(init="photo_net", after=frozenset({model}))
    edited = job(before=made({"epochs": 1}), now=made({"epochs": 2}), after=frozenset({model}))
    folders = [f"results/small/{run.folder}" for run in study.runs]
    found = bill([lost, child, edited], folders, Prices(study, []))
    assert found["lost_checkpoints"] == sorted([lost.folder, child.folder])
    assert any("2 runs are repeated only" in line for line in lines(found, "s"))


def test_nothing_to_do_is_said_so(study):
    found = bill([], ["a", "b"], Prices(study, []))
    assert list(lines(found, "results/small"))[-1] == (
        "results/small: nothing to be done; all 2 runs stay"
    )


def test_an_option_that_snakemake_does_not_have_is_told(capsys):
    with pytest.raises(SystemExit):
        dry_run(["all", "--no-such-option"])
    assert "--no-such-option" in capsys.readouterr().err
