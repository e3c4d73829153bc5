# make demo: a full study on made-up museums.  make test: every check.  Both make .venv first.
SHELL := /bin/bash
PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL := 2
CORES ?= 2
STUDY ?= paper
ARCHIVE ?= $(STUDY).tar
CHECKPOINTS ?= none
PYTEST := $(BIN)/python -m pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder
BENCHMARKS := head probe pixels batches features fine_tuning records planning saliency growth off_the_shelf gpu
CONFIG ?= $(if $(filter paper,$(STUDY)),config/config.yaml,config/$(STUDY).yaml)

.PHONY: help demo test test-slurm test-invalidation test-faults test-long mutation lint docs lock plan pack unpack export verify bench clean-stale clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -E '^[a-z.][a-z.-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/'

.venv: .venv/.made  ## the environment, from the lock with its hashes
.venv/.made: requirements.lock
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	touch $@

demo: .venv/.made  ## a whole study on made-up museums: tables, figures, report, archive
	$(BIN)/snakemake archive --cores $(CORES) --configfile config/demo.yaml
	@$(BIN)/python workflow/scripts/summary.py results/demo

test: .venv/.made lint  ## lint, then every test
	$(PYTEST)

test-slurm: .venv/.made  ## every scenario on a real Slurm that is started for it (root; needs its programs)
	$(BIN)/python -m pytest tests/slurm --all-scenarios

test-invalidation: .venv/.made  ## change every key and every file; plan exactly what must run
	$(BIN)/python -m pytest tests/invalidation -m "full or not full" --numprocesses $(CORES)

test-faults: .venv/.made  ## faults, bad input and attacks, hundreds of them; docs/reliability.md
	$(PYTEST) tests/faults -m "full or not full"

test-long: .venv/.made  ## museums at their real size, every network; half a day; docs/scale.md
	$(BIN)/python -m pytest tests/unit -m full
	for script in tests/long/*.py; do $(BIN)/python $$script || exit 1; done
	$(MAKE) mutation

mutation: .mutation/.made  ## change the code that decides on numbers, one thing at a time: does a test notice? an hour or so
	.mutation/bin/python tests/mutation.py $(MODULES)
.mutation/.made: .venv/.made pyproject.toml
	$(PYTHON) -m venv --clear .mutation
	$(BIN)/python -c 'import site; print(*site.getsitepackages())' > .mutation/venv.pth
	mv .mutation/venv.pth $$(.mutation/bin/python -c 'import site; print(*site.getsitepackages())')
	.mutation/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.mutation/bin/python -m pip install --quiet --group mutation
	touch $@

.venv-bench/.made: requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv-bench
	.venv-bench/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.venv-bench/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	.venv-bench/bin/python -m pip install --quiet --group bench
	touch $@

bench: .venv-bench/.made  ## ours against what people would use instead, hours; benchmarks/README.md
	for script in $(BENCHMARKS); do .venv-bench/bin/python benchmarks/$$script.py || exit 1; done

lint: .venv/.made  ## ruff, snakefmt and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy

docs: .venv/.made  ## config/README.md from the schema; codemeta.json and .zenodo.json from CITATION.cff
	cd workflow/scripts && $(BIN)/python -m art_transfer.config_reference ../../config/README.md
	cd workflow/scripts && $(BIN)/python -m art_transfer.citation ../..

lock:  ## resolve the locks anew from pyproject.toml (needs uv and a network)
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --quiet -o requirements.lock
	uv pip compile pyproject.toml --extra gpu --group dev --universal --generate-hashes --quiet -c requirements.lock -o requirements-gpu.lock

plan: .venv/.made  ## what would run for STUDY, why, and what it costs; OPTIONS=--json for machines
	$(BIN)/python workflow/scripts/plan.py all --configfile $(CONFIG) $(OPTIONS)

pack: .venv/.made  ## seal STUDY and pack it into ARCHIVE; CHECKPOINTS=none, parents or all; OPTIONS="--config ..." as it was run
	$(BIN)/snakemake archive --forcerun crate --cores $(CORES) --configfile $(CONFIG) $(OPTIONS)
	$(BIN)/python workflow/scripts/pack.py results/$(STUDY) $(ARCHIVE) --checkpoints $(CHECKPOINTS)

unpack: .venv/.made  ## unpack ARCHIVE into this clone; nothing that it holds has to be made again
	$(BIN)/python workflow/scripts/unpack.py $(ARCHIVE)

export: .venv/.made  ## RUN's network with its model card, to pass on: results/STUDY/export/RUN
	$(BIN)/snakemake results/$(STUDY)/export/$(RUN)/MODEL_CARD.md --cores $(CORES) --configfile $(CONFIG) $(OPTIONS)

verify: .venv/.made  ## check results/STUDY: every hash, every score, every table
	$(BIN)/python workflow/scripts/verify.py results/$(STUDY)

clean-stale: .venv/.made  ## list run folders that STUDY's config no longer names; OPTIONS="--config ..." as it was run; REMOVE=1 removes them
	$(BIN)/python workflow/scripts/clean_stale.py --configfile $(CONFIG) $(OPTIONS) $(if $(REMOVE),--remove)

clean:  ## remove the demo's results and what can be computed again for it
	rm -rf results/demo logs/demo resources/{large_museum,small_museum,unrelated_museum,photos}
