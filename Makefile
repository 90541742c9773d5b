# `make demo` and `make test` are all a newcomer types; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test test-envs torture golden lint bench bench-scale docs multiqc pins lock clean venv

CORES ?= $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
PYTEST_ARGS ?= -n $(CORES) --dist loadfile --no-loadscope-reorder
VENV := .venv/bin/python
WITH_PACKAGE := PYTHONPATH=scripts $(VENV)

# A version manager may put a python3.12 on PATH that does not run: each candidate is tried.
# 3.14 waits for a wheel of immutables, which Snakemake needs.
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c '$(SUITABLE)' >/dev/null 2>&1 && echo $$python && break; done)

help: ## this list
	@echo "liquidbiopsy: from slides and sequences of one patient to one report"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile
	@echo "CORES=n sets how many cores are used (now $(CORES)), PYTHON=path which Python makes .venv"

demo: venv demo/.complete ## simulate a small cohort, run the workflow on it, show where the reports are
	$(VENV) -m snakemake --cores $(CORES)
	@$(WITH_PACKAGE) -m liquidbiopsy.report.summary results

test: venv ## run every test
	$(VENV) -m pytest $(PYTEST_ARGS)

# Not part of `test`: it installs gigabytes of wheels into environments thrown away after.
test-envs: venv ## try each stage in a fresh environment of its own list, and validate a run's record
	LIQUIDBIOPSY_TEST_ENVS=1 $(VENV) -m pytest -o tmp_path_retention_policy=none tests/environments

torture: venv ## kill nodes, controllers and runs of a Slurm that the tests start
	LIQUIDBIOPSY_TORTURE=1 $(VENV) -m pytest tests/slurm

golden: venv ## write the digests of the golden run anew, and say what has changed
	PYTHONPATH=scripts:tests $(VENV) -m golden_run

lint: venv ## check style, formatting, rules and types
	@failed=; check() { echo "$$*"; "$$@" || failed="$$failed\n  $$*"; }; \
	check $(VENV) -m ruff check .; \
	check $(VENV) -m ruff format --check .; \
	check $(VENV) -m snakefmt --check Snakefile workflow; \
	check $(VENV) -m snakemake --lint; \
	check $(VENV) -m mypy; \
	if [ -n "$$failed" ]; then printf "lint failed:$$failed\n"; exit 1; fi

bench: venv ## measure speed and accuracy beside what one would pick instead
	$(WITH_PACKAGE) -m benchmarks.ctc_speed --output results/ctc_speed
	$(WITH_PACKAGE) -m benchmarks.ctc_accuracy --output results/ctc_accuracy
	$(WITH_PACKAGE) -m benchmarks.ctc_grid --output results/ctc_grid
	$(WITH_PACKAGE) -m benchmarks.dtc_speed --output results/dtc_speed
	@for make in first second; do \
		$(WITH_PACKAGE) -m benchmarks.dtc_accuracy --make $$make --spiked 2 --unspiked 1 \
			--nuclei 20000 --output results/dtc_accuracy_$$make || exit 1; done
	$(WITH_PACKAGE) -m benchmarks.ctdna_speed --output results/ctdna_speed
	$(WITH_PACKAGE) -m benchmarks.ctdna_mrd --output results/ctdna_mrd
	$(WITH_PACKAGE) -m benchmarks.ctdna_counts --megabases 2 --output results/ctdna_counts
	$(WITH_PACKAGE) -m benchmarks.ctdna_segments --output results/ctdna_segments
	@if [ -n "$$LIQUIDBIOPSY_SHARED_DATA" ]; then \
		$(WITH_PACKAGE) -m benchmarks.ctdna_tumour_fraction --donors 4 --output results/ctdna_tumour_fraction; \
	else echo "tumour fraction: LIQUIDBIOPSY_SHARED_DATA does not name the donors' data: passed by"; fi
	$(WITH_PACKAGE) -m benchmarks.ctdna_counting --output results/ctdna_counting
	$(WITH_PACKAGE) -m benchmarks.scdna_accuracy --patients 4 --output results/scdna_accuracy
	$(WITH_PACKAGE) -m benchmarks.scdna_depth --patients 1 --cells 10 --output results/scdna_depth
	@others=$$(mktemp -d) && trap 'rm -rf "$$others"' EXIT; \
	if $(PYTHON) -m venv "$$others" && "$$others/bin/pip" install --quiet --disable-pip-version-check cnvkit; \
	then $(WITH_PACKAGE) -m benchmarks.scdna_others --others "$$others/bin/python" --patients 2 --cells 6 \
		--output results/scdna_others; \
	else echo "single cells beside CNVkit: it could not be installed: passed by"; fi
	$(WITH_PACKAGE) -m benchmarks.scdna_speed --sizes 100 1000 --output results/scdna_speed
	$(WITH_PACKAGE) -m benchmarks.ctdna_accuracy --libraries 1 --output results/ctdna_accuracy

bench-scale: venv ## measure what planning a run of 1,000 patients takes
	$(WITH_PACKAGE) -m benchmarks.scale --output results/scale

docs: venv ## write the pages that are made from the schemas
	$(WITH_PACKAGE) -m liquidbiopsy.core.tables_doc

# MultiQC is under the GPL: it runs as a command, in an environment that shares nothing with .venv.
# Its page is no result: it names folders of the machine, and stands among the logs.
RESULTS ?= results
multiqc: .multiqc/installed.yaml ## collect results/run/multiqc into one page (RESULTS=folder)
	.multiqc/bin/multiqc --force --no-version-check --no-ai --module custom_content --title "Liquid biopsy" \
		--outdir $(RESULTS)/logs/multiqc --filename multiqc.html $(RESULTS)/run/multiqc

.multiqc/installed.yaml: envs/multiqc.yaml
	@[ -n "$(PYTHON)" ] || { echo "No Python 3.11 to 3.13 with its venv module was found" >&2; exit 1; }
	rm -rf .multiqc
	$(PYTHON) -m venv .multiqc
	.multiqc/bin/pip install --disable-pip-version-check --only-binary :all: \
		"$$(sed -n 's/^  - multiqc =/multiqc==/p' envs/multiqc.yaml)"
	@cp envs/multiqc.yaml $@

pins: venv ## freeze the exact conda builds of envs/*.yaml for this platform (needs conda)
	$(WITH_PACKAGE) -m liquidbiopsy.record.pins envs

# The wheels of uv exist for every platform; it is used once, from an environment thrown away after.
# snakemake asks for connection-pool, which has no wheel, and never imports it: it is left out.
# Versions already in the lock are kept: `make lock UPGRADE=--upgrade` takes the newest instead.
lock: ## write requirements.lock from requirements.in
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && set -e; \
	$(PYTHON) -m venv "$$tools" && "$$tools/bin/pip" install --quiet --only-binary :all: uv; \
	echo connection-pool > "$$tools/excluded"; \
	echo '# Made by `make lock` from requirements.in; installed, without resolving, by `make venv`.' \
		> "$$tools/header"; \
	"$$tools/bin/uv" pip compile requirements.in --output-file requirements.lock $(UPGRADE) \
		--universal --python-version 3.11 --fork-strategy fewest --only-binary :all: \
		--excludes "$$tools/excluded" --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --quiet; \
	cat "$$tools/header" requirements.lock > "$$tools/lock" && cp "$$tools/lock" requirements.lock; \
	echo "requirements.lock is written; now bring envs/*.yaml to its versions (make test compares)"

clean: ## remove the demo data, .venv and caches (never results)
	rm -rf demo .venv .multiqc .mypy_cache .pytest_cache .ruff_cache
	find scripts tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The copy of the lock is written last: without it, or with another, .venv is made anew. It is also
# made anew where it no longer runs, because the folder was moved or its Python removed.
venv:
	@if ! cmp -s requirements.lock .venv/installed.lock || ! .venv/bin/pip --version >/dev/null 2>&1; \
	then $(MAKE) --no-print-directory .venv/installed.lock; fi

.venv/installed.lock: FORCE
	@if [ -z "$(PYTHON)" ]; then echo "No Python 3.11 to 3.13 with its venv module was found." \
		"Install one (on Debian: python3 and python3-venv), or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; fi
	@$(PYTHON) -c '$(SUITABLE)' || { echo "$(PYTHON) is not a Python 3.11 to 3.13 with its venv module" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version): 1.4 GB, a minute or a few, this once"
	rm -rf .venv
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
		-r requirements.lock
	@cp requirements.lock .venv/installed.lock

demo/.complete: $(wildcard scripts/liquidbiopsy/simulate/*.py) | venv
	$(WITH_PACKAGE) -m liquidbiopsy.simulate.demo demo
	@touch demo/.complete

.PHONY: FORCE
FORCE:
