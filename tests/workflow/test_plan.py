"""What a user sees before anything runs: the plan of the paper, and messages for mistakes."""

import re
import time

import pytest

from .conftest import planned, snakemake


def test_the_papers_plan_has_59_runs_in_under_400_jobs_and_5_seconds(project):
    started = time.monotonic()
    plan = snakemake(project, "-n")
    assert plan.returncode == 0, plan.stdout[-3000:]
    jobs = planned(plan.stdout)
    assert jobs["fine_tune"] == 12 + 3 + 16
    assert jobs["head"] == 12 + 16
    assert sum(jobs.values()) < 400
    assert time.monotonic() - started < 30  # under 5 s on an idle machine; never a timed test


def test_every_theta_hat_run_reads_a_checkpoint_of_the_rijksmuseum(project):
    runs = "results/paper/runs"
    blocks = re.split(r"\nrule ", snakemake(project, "-n").stdout)
    output = re.compile(rf"output: {runs}/antwerp/(\w+)/(\w+)/rijksnet/")
    children = [(found, block) for block in blocks if (found := output.search(block))]
    assert len(children) == 16
    for found, block in children:
        task, backbone = found.groups()
        parent = f"{runs}/rijksmuseum/{task}/{backbone}/imagenet/fine_tuning/seed-1/model.keras"
        assert parent in re.search(r"input: (.*)", block).group(1)


@pytest.mark.parametrize(
    ("target", "rules"),
    [
        ("metadata", {"objects", "metadata"}),
        ("fetch", {"objects", "images", "weights", "fetch"}),
        ("splits", {"objects", "images", "labels", "split", "splits"}),
        (
            "catalogue",
            {"objects", "images", "labels", "split", "catalogue_page", "catalogue"},
        ),
    ],
)
def test_a_target_plans_exactly_these_rules(project, target, rules):
    assert set(planned(snakemake(project, "-n", target).stdout)) == rules


@pytest.mark.parametrize("target", ["runs", "tables", "figures", "archive", "all"])
def test_the_other_targets_plan(project, target):
    assert snakemake(project, "-n", target).returncode == 0


def test_a_given_config_replaces_the_default_one(project):
    plan = snakemake(project, "-n", "--configfile", "config/demo.yaml").stdout
    assert "results/demo/" in plan
    assert "rijksmuseum" not in plan and "results/paper" not in plan


def test_what_of_the_paper_needs_no_gpu(project):
    jobs = planned(snakemake(project, "-n", "--configfile", "config/off_the_shelf.yaml").stdout)
    assert (jobs["head"], jobs["features_shared"], jobs["weights"]) == (12 + 8, 8, 4)
    assert "fine_tune" not in jobs


def test_the_pilot_plans_with_theta_hat_from_the_met(project):
    plan = snakemake(project, "-n", "--configfile", "config/pilot.yaml")
    assert plan.returncode == 0, plan.stdout[-3000:]
    jobs = planned(plan.stdout)
    assert (jobs["objects"], jobs["head"], jobs["fine_tune"]) == (2, 6, 6)
    assert "runs/nga_open_data/artist/inception_v3/met_net/fine_tuning" in plan.stdout


def test_config_on_the_command_line_changes_keys_of_the_chosen_study(project):
    for study in ([], ["--configfile", "config/demo.yaml"]):
        one = planned(snakemake(project, "-n", "runs", *study).stdout)
        two = planned(snakemake(project, "-n", "runs", *study, "--config", "seeds=[1,2]").stdout)
        fixed = 2 if study else 0  # the photographs' networks have a seed of their own
        assert two["fine_tune"] == 2 * (one["fine_tune"] - fixed) + fixed
        assert two["objects"] == one["objects"]


def test_a_second_file_overlays_the_first(project):
    (project / "more.yaml").write_text("seeds: [5]\n")
    plan = snakemake(project, "-n", "--configfile", "config/demo.yaml", "more.yaml").stdout
    assert "results/demo/runs/small_museum/type/demo_plain/photos/fine_tuning/seed-5" in plan
    assert "fine_tuning/seed-1/" not in plan


def test_a_study_may_extend_another(project):
    (project / "config" / "mine.yaml").write_text(
        "extends: demo.yaml\nstudy: mine\nexperiments: {scratch: null, unrelated: null}\n"
        "figures: {curves: {figure2: null, figure3: null}}\n"
    )
    plan = snakemake(project, "-n", "--configfile", "config/mine.yaml").stdout
    assert "results/mine/" in plan and "results/demo/" not in plan
    assert "unrelated_museum/type" not in plan and "from_scratch" not in plan


def test_mistakes_are_one_message_without_a_traceback(project):
    (project / "wrong.yaml").write_text(
        "extends: config/demo.yaml\nbackbones: {demo_plain: {size: 8}}\nepochs: 3\n"
    )
    run = snakemake(project, "-n", "--configfile", "wrong.yaml")
    assert run.returncode != 0
    assert "`epochs`" in run.stdout and "Traceback" not in run.stdout
    (project / "wrong.yaml").write_text(
        "extends: config/demo.yaml\nbackbones: {demo_plain: {size: 8}}\n"
    )
    run = snakemake(project, "-n", "--configfile", "wrong.yaml")
    assert "`backbones.demo_plain.size` is 8; DemoPlain needs at least 32 pixels" in run.stdout


def test_a_mapping_table_that_is_not_there_is_a_message(project):
    given = ["--configfile", "config/demo.yaml", "--config", "tasks={type: {mapping: m.csv}}"]
    run = snakemake(project, "-n", *given)
    assert run.returncode != 0 and "Traceback" not in run.stdout
    assert "`tasks.type.mapping` is 'm.csv', but there is no such file" in run.stdout


def test_predictions_need_a_run_of_the_study_and_images(project):
    run = "small_museum/type/demo_plain/museum_net/fine_tuning/seed-1"
    asked = {
        "": "the config has no block `predict`",
        f"predict={{run: {run}x, images: a}}": f"is '{run}x', which is no run .* such as {run}",
        f"predict={{run: {run}, images: a}}": "`predict.images` is 'a', but there is no such",
    }
    for given, message in asked.items():
        config = ["--configfile", "config/demo.yaml", *(["--config", given] if given else [])]
        plan = snakemake(project, "-n", "predict", *config)
        assert plan.returncode != 0 and re.search(message, plan.stdout), plan.stdout[-2000:]


def test_the_slurm_profile_plans_without_slurm(project):
    plan = snakemake(project, "--profile", "profiles/slurm", "-n", "all")
    assert plan.returncode == 0, plan.stdout[-3000:]
