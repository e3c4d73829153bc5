"""Labels through Snakemake: an edited mapping table reruns them, and nothing that it need not."""

import pandas as pd

from .conftest import planned, snakemake

CONFIG = """\
extends: config/demo.yaml
study: mapped
collections: {small_museum: {objects: 200}}
tasks: {type: {mapping: types.csv}}
"""
LABELS, DECISIONS = (
    f"results/mapped/labels/small_museum/{n}" for n in ("type.csv", "type-decisions.csv")
)
WANTED = ["results/mapped/splits/small_museum/type/seed-1.csv", "--configfile", "mapped.yaml"]
WANTED += ["--cores", "1"]


def sizes(project) -> dict[str, int]:
    return pd.read_csv(project / LABELS)["label"].value_counts().to_dict()


def test_an_edited_mapping_table_reruns_the_labels_and_shows_in_the_decisions(project):
    (project / "mapped.yaml").write_text(CONFIG)
    (project / "types.csv").write_text("value,concept\n")
    assert snakemake(project, *WANTED).returncode == 0
    before = sizes(project)
    first, second = sorted(before)[:2]
    (project / "types.csv").write_text(f"value,concept\n{first.upper()},aat:1\n{second},AAT:1\n")
    assert set(planned(snakemake(project, "-n", *WANTED).stdout)) == {"labels", "split"}
    done = snakemake(project, *WANTED)
    assert done.returncode == 0, done.stdout[-3000:]
    after = sizes(project)
    assert sum(n for label, n in after.items() if label.lower() == "aat:1") == (
        before[first] + before[second]
    )
    assert len(after) == len(before) - 1
    decisions = pd.read_csv(project / DECISIONS)
    mapped = decisions[decisions["decision"] == "mapped"]
    assert mapped["objects"].sum() == before[first] + before[second]
    assert planned(snakemake(project, "-n", *WANTED).stdout) == {}


def test_a_mapping_table_with_two_concepts_for_a_value_is_one_message(project):
    (project / "mapped.yaml").write_text(CONFIG)
    (project / "types.csv").write_text("value,concept\ncoin,1\nCoin,2\n")
    done = snakemake(project, *WANTED)
    assert done.returncode != 0
    assert "error: types.csv: 'Coin' is mapped to '1' in row 2 and to '2' in row 3" in done.stdout
    assert not (project / LABELS).exists()
