"""Tables: exact cells, bold by the paper's rule, escaped names, the way back to the runs."""

import itertools
from dataclasses import replace

import pandas as pd
import pytest
from art_transfer.formats import write_csv
from art_transfer.report.estimates import with_intervals
from art_transfer.report.grid import Cell, Grid, escape_latex, escape_markdown, latex, markdown
from art_transfer.report.runs import read_baselines, read_runs
from art_transfer.report.tables import cells, paper_table
from art_transfer.settings import Run
from test_report_runs import write_run

TITLES = {"museum": "Museum & Co_"}
FIRST = {"museum_net": "run", "random": "random"}


def right(n: int) -> list[bool]:
    return [i < n for i in range(20)]


def made(results, counts: dict[Run, int], **record) -> pd.DataFrame:
    """The cells of runs that got so many of 20 test objects right."""
    splits = [
        write_run(results, run, right(n), first=FIRST.get(run.init, "weights"), **record)
        for run, n in counts.items()
    ]
    return cells(read_runs(counts, results, splits), read_baselines(counts, results))


def grid_of(inits, methods, values, seeds=(1,)) -> dict[Run, int]:
    keys = itertools.product(["vgg19", "resnet50"], inits, methods, seeds)
    return dict(zip((Run("museum", "type", *key) for key in keys), values, strict=True))


def bold(grid: Grid) -> list[list[bool]]:
    return [[cell.bold for cell in row[2:]] for row in grid.groups[0]]


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid.groups[0]]


def test_one_init_gives_table_2_s_form(tmp_path):
    counts = grid_of(["imagenet"], ["off_the_shelf", "fine_tuning"], [18, 16, 15, 19])
    grid = paper_table(made(tmp_path, counts), "A caption", TITLES)
    assert grid.header == [
        *["Task", "Network", "off the shelf", "fine tuning", "Params (millions)", "|x|"]
    ]
    assert texts(grid) == [
        ["type", "VGG19", "90.00", "80.00", "20.0", "512"],
        ["type", "ResNet50", "75.00", "95.00", "20.0", "512"],
        ["type", "Largest class", "50.00", "50.00", "", ""],
        ["type", "Linear, 8 × 8 thumbnail", "60.00", "60.00", "", ""],
    ]
    assert bold(grid)[:2] == [[True, False, False, False], [False, True, False, False]]
    assert not any(itertools.chain(*bold(grid)[2:])), "a baseline is no network"


def test_several_inits_give_table_3_s_form_and_bold_per_method_over_all_inits(tmp_path):
    methods = ["off_the_shelf", "fine_tuning"]
    # vgg19: theta ots, theta ft, theta-hat ots, theta-hat ft; then resnet50
    counts = grid_of(["imagenet", "museum_net"], methods, [10, 12, 14, 13, 14, 18, 9, 17])
    grid = paper_table(made(tmp_path, counts), "A caption", TITLES)
    assert grid.header[2:] == [
        *["θ + off the shelf", "θ̂ + off the shelf", "θ + fine tuning", "θ̂ + fine tuning"]
    ]
    assert texts(grid)[:2] == [
        ["type", "VGG19", "50.00", "70.00", "60.00", "65.00"],
        ["type", "ResNet50", "70.00", "45.00", "90.00", "85.00"],
    ]
    assert bold(grid)[:2] == [[False, True, False, False], [True, False, True, False]]
    assert any("task and method, over all first weights" in note for note in grid.notes)
    assert any("θ: first weights imagenet; θ̂: first weights museum_net" in n for n in grid.notes)


def test_several_seeds_give_mean_and_standard_deviation(tmp_path):
    counts = grid_of(["imagenet"], ["fine_tuning"], [18, 16, 10, 10], seeds=(1, 2))
    table = made(tmp_path, counts)
    assert table["accuracy"].tolist() == pytest.approx([0.85, 0.5])
    assert table["accuracy_sd"].round(6).tolist() == [0.070711, 0.0]
    assert table["n"].tolist() == [40, 40]
    grid = paper_table(table, "A caption", TITLES)
    assert texts(grid)[0][2] == "85.00 ± 7.07"
    assert r"\textbf{85.00 $\pm$ 7.07}" in latex(grid)


def test_methods_that_read_different_layers_have_their_own_sizes(tmp_path):
    table = made(tmp_path, grid_of(["imagenet"], ["last", "middle"], [18, 16, 10, 10]))
    middle = table["method"] == "middle"
    table = table.assign(
        features=table["features"].mask(middle, 64),
        parameters=table["parameters"].mask(middle, 5e6),
    )
    assert texts(paper_table(table, "A caption", TITLES))[0][-2:] == ["20.0 / 5.00", "512 / 64"]


def test_the_csv_leads_back_to_every_run_and_is_the_same_twice(tmp_path):
    counts = grid_of(["imagenet"], ["fine_tuning"], [18, 16, 10, 10], seeds=(1, 2))
    table = made(tmp_path, counts)
    row = table.iloc[0]
    assert row["runs"].split() == [run.folder for run in list(counts)[:2]]
    assert len(row["metrics_sha256"].split()) == 2
    assert (row["largest_class"], row["thumbnail"]) == (0.5, 0.6)
    write_csv(tmp_path / "a.csv", table)
    write_csv(tmp_path / "b.csv", made(tmp_path, counts))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_preprocessing_that_the_first_weights_do_not_expect_is_noted(tmp_path):
    counts = grid_of(["imagenet"], ["off_the_shelf"], [18, 16])
    grid = paper_table(made(tmp_path, counts, expected_scaling="caffe"), "A caption", TITLES)
    assert grid.notes[-1] == (
        "Preprocessing: the first weights imagenet of VGG19, ResNet50 were trained on pixels "
        "scaled to BGR minus the mean; here (off the shelf) they are given [0, 1]."
    )
    fine = paper_table(made(tmp_path, counts), "A caption", TITLES)
    assert not any("Preprocessing" in note for note in fine.notes)
    chance = made(tmp_path, grid_of(["random"], ["off_the_shelf"], [8, 6]), expected_scaling="tf")
    notes = paper_table(chance, "A caption", TITLES).notes
    assert not any("Preprocessing" in note for note in notes), "random weights expect nothing"


def test_several_collections_have_a_column_with_their_titles(tmp_path):
    counts = grid_of(["imagenet"], ["fine_tuning"], [18, 16])
    counts |= {replace(run, collection="other"): n for run, n in counts.items()}
    grid = paper_table(made(tmp_path, counts), "A caption", TITLES | {"other": "Other"})
    assert grid.header[0] == "Collection"
    assert [group[0][0].text for group in grid.groups] == ["Museum & Co_", "Other"]


def test_markdown_and_latex_of_a_small_grid_are_these_bytes():
    grid = Grid(
        "Of 5 % & a_b",
        ["Network", "|x|"],
        1,
        [[[Cell("a|b"), Cell("92.10", bold=True)]], [[Cell("θ̂ ± 1"), Cell("–")]]],
        ["Note_1"],
    )
    assert markdown(grid) == (
        "**Of 5 % &amp; a\\_b**\n\n"
        "| Network |     \\|x\\| |\n"
        "| ------- | --------: |\n"
        "| a\\|b    | **92.10** |\n"
        "| θ̂ ± 1  |         – |\n\n"
        "Note\\_1\n"
    )
    assert latex(grid) == (
        "% \\usepackage{booktabs} in the preamble\n"
        "\\begin{table}\n\\centering\n\\caption{Of 5 \\% \\& a\\_b}\n"
        "\\begin{tabular}{lr}\n\\toprule\n"
        "Network & \\textbar{}x\\textbar{} \\\\\n\\midrule\n"
        "a\\textbar{}b & \\textbf{92.10} \\\\\n\\midrule\n"
        "$\\widehat{\\theta}$ $\\pm$ 1 & -- \\\\\n"
        "\\bottomrule\n\\end{tabular}\n"
        "\\par\\smallskip{\\footnotesize Note\\_1}\n\\end{table}\n"
    )


def test_every_special_character_of_a_name_is_escaped():
    assert escape_latex(r"a\b{c}$&#%_^~<>|") == (
        r"a\textbackslash{}b\{c\}\$\&\#\%\_\textasciicircum{}\textasciitilde{}"
        r"\textless{}\textgreater{}\textbar{}"
    )
    assert escape_markdown("a|b*c_d`e<f>\n[g]") == r"a\|b\*c\_d\`e\<f\> \[g\]"


def test_each_cell_has_the_interval_of_its_own_accuracy(tmp_path):
    counts = grid_of(["imagenet"], ["off_the_shelf"], [4, 6, 18, 16], seeds=(1, 2))
    splits = [write_run(tmp_path, run, right(n)) for run, n in counts.items()]
    runs = read_runs(counts, tmp_path, splits)
    table = with_intervals(cells(runs, read_baselines(counts, tmp_path)), runs)
    assert table["accuracy"].tolist() == pytest.approx([0.25, 0.85])
    # two seeds 10 points apart: Student's interval is 63 points wide on each side, within 0 and 1
    assert table["accuracy_low"].tolist() == pytest.approx([0, 0.22], abs=0.1)
    assert table["accuracy_high"].tolist() == pytest.approx([0.88, 1], abs=0.1)
