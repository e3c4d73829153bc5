"""Snakemake's dry run, as objects: what would run, and what Snakemake knows of it.

Snakemake alone decides what is stale.
"""

import io
from argparse import Namespace
from ast import literal_eval
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.cli import parse_args, parse_config
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)
from snakemake.workflow import Workflow

from art_transfer.errors import StudyError
from art_transfer.plan.jobs import Job, Made
from art_transfer.study import Study


def dry_run(arguments: Sequence[str]) -> tuple[Study, list[Job]]:
    """The study and the jobs that ``snakemake ARGUMENTS`` would run, but for those without files.

    Targets, ``--configfile``, ``--config`` and what else chooses jobs count (``--forcerun``,
    ``--force``, ``--forceall``, ``--until``, ``--omit-from``), and of the default profile what
    decides about reruns. Raises StudyError where Snakemake cannot plan.
    """
    with planned(arguments) as workflow:
        jobs = workflow.dag.needrun_jobs(exclude_finished=False)
        found = [_job(workflow, job) for job in jobs if job.output]
        return workflow.globals["study"], found


@contextmanager
def planned(arguments: Sequence[str]) -> Iterator[Workflow]:
    """Snakemake's workflow after a dry run, which prints nothing. Raises as ``dry_run``."""
    _, args = parse_args(list(arguments))
    said = io.StringIO()
    quiet = OutputSettings(quiet={Quietness.ALL})
    with redirect_stdout(said), redirect_stderr(said), SnakemakeApi(quiet) as api:
        try:
            workflow = _planned(api, args)
        except Exception as error:  # Snakemake's own are of many kinds
            raise StudyError(f"Snakemake cannot plan: {error}\n{said.getvalue()}") from error
        yield workflow


def _planned(api: SnakemakeApi, args: Namespace) -> Workflow:
    workflow_api = api.workflow(
        resource_settings=ResourceSettings(cores=1),
        config_settings=ConfigSettings(
            config=parse_config(args.config),
            configfiles=args.configfile,
            config_args=args.config,
            replace_workflow_config=args.replace_workflow_config,
        ),
        snakefile=args.snakefile,
        workdir=args.directory,
    )
    plan = workflow_api.dag(
        DAGSettings(
            targets=args.targets,
            forcerun=args.forcerun,
            forcetargets=args.force,
            forceall=args.forceall,
            until=args.until,
            omit_from=args.omit_from,
            rerun_triggers=args.rerun_triggers,
            max_checksum_file_size=args.max_checksum_file_size,
            force_incomplete=args.rerun_incomplete,
        )
    )
    plan.execute_workflow(executor="dryrun")
    return workflow_api._workflow


def _job(workflow: Workflow, job: Any) -> Job:
    reason, known = workflow.dag.reason(job), workflow.persistence
    records = [record for record in map(known.metadata, job.output) if record is not None]
    before = Made(_texts(records[0].params), frozenset(records[0].input)) if records else None
    return Job(
        job.rule.name,
        tuple(map(str, job.wildcards)),
        tuple(map(str, job.output)),
        before,
        Made(_texts(known._params(job)), frozenset(known._input(job))),
        frozenset(map(str, reason.updated_input)),
        frozenset(map(str, reason.missing_output)),
        frozenset(map(str, reason.updated_input_run)),
    )


def _texts(params: Sequence[str]) -> tuple[str, ...]:
    """Snakemake keeps parameters as Python would print them."""
    return tuple(str(literal_eval(text)) for text in params)
