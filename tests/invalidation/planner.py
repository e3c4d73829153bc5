"""A process that has Snakemake loaded and forks for each dry run, which is then four times as fast.

Reads lines of JSON, ``{"folder": ..., "arguments": [...], "versions": {...}}``, and answers each
with a line, ``{"status": ..., "output": ...}``: what the command ``snakemake`` would have printed
there. ``versions`` are what installed libraries shall say that they are.
"""

import json
import os
import sys
import tempfile
from importlib import metadata
from typing import Any

from snakemake import cli, dag, persistence, workflow  # noqa: F401  (loaded once, for all)


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run Snakemake in a fork of this process."""
    with tempfile.TemporaryFile() as stream:
        child = os.fork()
        if child == 0:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
            _snakemake(request)
        _, status = os.waitpid(child, 0)
        stream.seek(0)
        output = stream.read().decode(errors="replace")
    return {"status": os.waitstatus_to_exitcode(status), "output": output}


def _snakemake(request: dict[str, Any]) -> None:
    status = 1
    try:
        os.chdir(request["folder"])
        versions, installed = request.get("versions", {}), metadata.version
        metadata.version = lambda name: versions.get(name) or installed(name)
        cli.main(request["arguments"])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), file=answers, flush=True)
