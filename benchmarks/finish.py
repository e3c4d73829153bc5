"""Make a study look finished: a small file and Snakemake's record for every output.

``python finish.py [Snakemake's arguments]`` in a copy of the project, never in the project itself.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from art_transfer.plan.dry_run import planned
from snakemake.workflow import Workflow


async def finish(workflow: Workflow) -> None:
    """Write every job's outputs, those it starts from first, and record them."""
    for level in workflow.dag.toposorted():
        for job in level:
            for name in job.output:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_text(f"{name}\n", encoding="utf-8")
    for job in workflow.dag.jobs:
        await workflow.persistence.finished(job)


if __name__ == "__main__":
    with planned(sys.argv[1:]) as workflow:
        asyncio.run(finish(workflow))
