"""Make a study look finished: a small file and Snakemake's record for every output.

``python finish.py [Snakemake's arguments]`` in a copy of the project, never in the project itself.
"""

import asyncio
import dataclasses
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from art_transfer.plan.dry_run import planned
from art_transfer.study import Study
from snakemake.workflow import Workflow


async def finish(workflow: Workflow) -> None:
    """Write every job's outputs, those it starts from first, and record them."""
    study = workflow.globals["study"]
    for level in workflow.dag.toposorted():
        for job in level:
            for name in job.output:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_text(_contents(Path(name), study), encoding="utf-8")
    for job in workflow.dag.jobs:
        await workflow.persistence.finished(job)


def _contents(path: Path, study: Study) -> str:
    """The path, but what the Snakefile itself reads must be right."""
    if path.name != "collection.yaml":
        return f"{path}\n"
    source = dataclasses.asdict(study.source(path.parent.name))
    return json.dumps({"study": study.settings.study, "source": source})


if __name__ == "__main__":
    with planned(sys.argv[1:]) as workflow:
        asyncio.run(finish(workflow))
