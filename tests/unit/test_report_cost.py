"""What a study cost, from records and from Slurm's accounting."""

from dataclasses import replace

import pytest
from art_transfer.errors import StudyError
from art_transfer.files import write_json
from art_transfer.report.cost import COST, cost, cost_figure, read_accounting
from art_transfer.report.style import styled
from art_transfer.report_settings import CostRecord

# as sacct --parsable2 prints it: a job on a GPU, one that was requeued, one that two runs shared
SACCT = """\
11|3600|14400|billing=4,cpu=4,gres/gpu=2,mem=16000M,node=1||720000
11.batch|3600|14400|cpu=4,mem=16000M,node=1|81920K|
11.0|3600|14400|cpu=4,gres/gpu=2,mem=16000M,node=1|9175040K|720000
12|60|120|billing=2,cpu=2,mem=8000M,node=1||
12|120|240|billing=2,cpu=2,mem=8000M,node=1||
12.0|120|240|cpu=2,mem=8000M,node=1|1.50G|
13|40|40|billing=1,cpu=1,mem=8000M,node=1||
"""


def record(tmp_path, name, what="run", **changes):
    """A record as a run or an extraction of features leaves it, and what names it."""
    path = tmp_path / f"{name}.json"
    said = {
        "device": {"kind": "cpu", "name": "EPYC", "count": 64},
        "seconds": 1800.0,
        "images_per_second": 33.0,
        "peak_memory_mb": 900,
        "jobs": [],
    }
    said |= {"settings": {"threads": 2}} if what == "run" else {"threads": 2}
    write_json(path, said | changes)
    method = "fine_tuning" if what == "run" else ""
    return CostRecord(str(path), what, "museum", "type", "vgg19", "imagenet", method, "1")


def test_without_slurm_the_programs_own_clock_counts(tmp_path):
    gpu = {"kind": "gpu", "name": "A100", "count": 2}
    records = [
        record(tmp_path, "a"),
        record(tmp_path, "b", device=gpu),
        record(tmp_path, "c", "features"),
    ]
    table = cost(records, {})
    assert list(table) == COST
    assert table["what"].tolist() == ["run", "run", "features", "total"]
    assert table["hours"].tolist() == [0.5, 0.5, 0.5, 1.5]
    assert table["cpu_hours"].tolist() == [1.0, 1.0, 1.0, 3.0]  # two threads, not 64 processors
    assert table["gpu_hours"].tolist() == [0, 1.0, 0, 1.0]
    assert table["source"].tolist()[:3] == ["record"] * 3
    assert table["energy_wh"].isna().all()
    total = table.iloc[-1]
    assert total["jobs"] == 3 and total["peak_memory_mb"] == 900


def test_the_accounting_counts_every_start_and_the_jobs_that_failed(tmp_path):
    used = read_accounting(SACCT)
    records = [
        record(tmp_path, "a", jobs=["11"]),
        record(tmp_path, "b", jobs=["12", "13"]),
        record(tmp_path, "c", jobs=["13"]),
    ]
    table = cost(records, used)
    assert table["source"].tolist()[:3] == ["sacct"] * 3
    assert table["gpu_hours"].tolist() == [2.0, 0, 0, 2.0]
    seconds = (table["hours"] * 3600).round(2).tolist()
    assert seconds == [3600, 180 + 20, 20, 3820]  # the two runs of job 13 share it
    assert (table["cpu_hours"] * 3600).round(2).tolist()[:3] == [14400, 360 + 20, 20]
    assert table["peak_memory_mb"].tolist() == [8960, 1536, 900, 8960]
    assert table["energy_wh"].tolist()[0] == 200
    assert table["energy_wh"].isna().tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("tres", "hours"),
    [
        ("cpu=4,mem=16000M", 2.0),
        ("cpu=4,gres/gpu:a100=1", 1.0),
        ("gres/gpu=3,gres/gpu:a100=3", 3.0),
    ],
)
def test_gpus_count_where_the_site_accounts_for_each_kind_or_for_none(tmp_path, tres, hours):
    used = read_accounting(f"11|3600|14400|{tres}||\n11.0|3600|14400|{tres}|100K|\n")
    gpu = {"kind": "gpu", "name": "A100", "count": 2}
    table = cost([record(tmp_path, "a", device=gpu, jobs=["11"])], used)
    assert table["gpu_hours"].tolist()[0] == hours and table["source"].tolist()[0] == "sacct"
    assert table["peak_memory_mb"].tolist()[0] == 900  # Slurm did not look when it was high


def test_runs_that_shared_a_job_have_as_much_of_it_as_they_took(tmp_path):
    used = read_accounting("7|37000|74000|cpu=2||3700000\n")
    records = [
        record(tmp_path, "long", jobs=["7"], seconds=36000.0),
        record(tmp_path, "short", jobs=["7"], seconds=30.0),
    ]
    table = cost(records, used)
    assert table["hours"].tolist() == pytest.approx([10.2692, 0.0086, 37000 / 3600], abs=1e-4)
    assert table["cpu_hours"].tolist() == pytest.approx(2 * table["hours"], abs=1e-5)
    assert table["jobs"].tolist() == [1, 1, 1]  # the total too: it was one job
    long, short, total = table["energy_wh"]
    assert (long / short, total) == pytest.approx((1200, 3700000 / 3600))


def test_a_job_that_the_accounting_has_forgotten_falls_back_to_the_record(tmp_path):
    table = cost([record(tmp_path, "a", jobs=["12", "99"])], read_accounting(SACCT))
    assert table["source"].tolist()[0] == "record" and table["hours"].tolist()[0] == 0.5


def test_a_record_without_its_numbers_is_a_message(tmp_path):
    broken = record(tmp_path, "a")
    write_json(broken.path, {"seconds": 3})
    with pytest.raises(StudyError, match=r"a\.json: the key 'device' is missing"):
        cost([broken], {})


def test_many_methods_have_a_colour_each_and_a_legend_that_fits(tmp_path):
    records = [replace(record(tmp_path, f"m{n}"), method=f"method_{n}") for n in range(20)]
    with styled():
        made = cost_figure(cost(records, {}), {"vgg19": "VGG19"})
        made.canvas.draw()
    bars = {bar.get_facecolor() for bar in made.axes[0].patches}
    box = made.legends[0].get_window_extent()
    assert len(bars) == len(made.legends[0].get_texts()) >= 20
    assert made.bbox.y0 <= box.y0 and box.y1 <= made.bbox.y1


def test_the_figure_shows_gpu_hours_where_there_were_gpus(tmp_path):
    gpu = {"kind": "gpu", "name": "A100", "count": 1}
    records = [record(tmp_path, "a", device=gpu), record(tmp_path, "b", "features", device=gpu)]
    for shown, unit in ((records, "GPU-hours"), ([record(tmp_path, "c")], "CPU-hours")):
        table = cost(shown, {})
        with styled():
            made = cost_figure(table, {"vgg19": "VGG19"})
            made.canvas.draw()
        (axes,) = made.axes
        legend = [text.get_text() for text in made.legends[0].get_texts()]
        assert legend == ["fine tuning", "features"][: len(shown)]
        assert axes.get_xlabel() == unit
        assert [label.get_text() for label in axes.get_yticklabels()] == ["VGG19"]
        assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(
            table["gpu_hours" if unit == "GPU-hours" else "cpu_hours"].iloc[-1]
        )
