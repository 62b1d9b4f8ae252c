# A machine needs Python 3.10 or later with pip, git and make. Everything else is fetched into this
# folder: uv into .tools, the locked packages into .venv, Meltano's plugins into .meltano.

PYTHON ?= python3
# What the environment is made with. The demo's loader needs duckdb < 1.3: no wheels for 3.14.
PYTHON_VERSION ?= >=3.10,<3.14

UV := .tools/bin/uv
COMPILE := $(UV) pip compile --quiet --upgrade --universal --python-version 3.10 \
	--no-header --no-annotate --output-file
READY := .venv/.ready
DATABASE := output/billit.duckdb
BEFORE := output/before.duckdb
REPORT := output/report.html
BENCHMARKS := cpu requests pace memory state models airbyte fleet
BENCHMARK := .venv/bin/python -m benchmarks
PACKAGED_FOR := 3.10 3.13
AIRBYTE := .airbyte/pyairbyte/.ready .airbyte/standard_tests/.ready
AIRFLOW := .airflow/airflow/.ready .airflow/target/.ready

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

export UV_SYSTEM_CERTS := 1
export UV_NO_PROGRESS := 1
export BILLIT_DEMO_DAYS_AHEAD := $(or $(DAYS),0)
# Where the demo plays a day ahead, so do the models.
export BILLIT_AS_OF := $(if $(DAYS),$(shell $(PYTHON) -c 'from datetime import *; print(date.today() + timedelta($(DAYS)))'))
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help demo install test long races airbyte airflow airbyte-image next lowest lint bench figures packages format docs lock clean

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

demo: $(READY) ## Load a made-up Billit account and report on it; again: only what changed. DAYS=1: tomorrow
	@rm -f $(BEFORE); if [ -f $(DATABASE) ]; then cp $(DATABASE) $(BEFORE); fi
	@.venv/bin/python -m scripts.calm output/demo.log .venv/bin/meltano --environment=demo run \
		$(if $(wildcard $(DATABASE)),,--full-refresh) tap-billit target-duckdb dbt-duckdb:build
	@.venv/bin/tap-billit-report --database $(DATABASE) --schema demo_models --output $(REPORT)
	@.venv/bin/python -m scripts.demo_summary $(DATABASE) --before $(BEFORE)
	@echo; echo "The page: $(REPORT). It opens without a network."

install: $(READY) ## Install for real use: Meltano, the tap, the loader for PostgreSQL and dbt
	.venv/bin/meltano install tap-billit target-postgres dbt-postgres

test: $(READY) ## Run the tests. COV=--cov: with coverage, which takes half as long again
	.venv/bin/pytest -n auto --dist worksteal $(COV)

long: $(READY) ## Run the tests that take minutes: kills under Meltano, the dbt models on each engine and day
	.venv/bin/pytest -n auto --dist worksteal -m long

races: $(READY) ## Race for one login in each kind of token store, 20 minutes
	.venv/bin/python -m tests.races

airbyte: $(READY) $(AIRBYTE) ## Test the Airbyte source with PyAirbyte and airbyte-cdk, some minutes
	.venv/bin/pytest -n 2 --dist loadfile -m airbyte tests/airbyte

airflow: $(READY) $(AIRFLOW) ## Run a fleet of logins in a real Airflow, some minutes. LOGINS=200: more of them
	.venv/bin/pytest -m airflow tests/airflow
	.venv/bin/python -m scripts.fleet_airflow --logins $(or $(LOGINS),20)

airbyte-image: ## Build the image of the Airbyte source, with Docker
	docker build --file Dockerfile.airbyte --build-arg VERSION=$(VERSION) --tag source-billit:$(VERSION) .

# What the SDK's next version would break. No part of CI: a pre-release may fail as it likes.
next: $(UV) ## Run the tests with the newest pre-release of the Singer SDK
	$(UV) venv --quiet --clear --python '$(PYTHON_VERSION)' .next
	echo 'singer-sdk[msgspec,testing]>=0.55.0b1' > .next/overrides
	$(UV) pip install --quiet --python .next --overrides .next/overrides --editable '.[demo,postgres,remote,report]' --group dev
	.next/bin/pytest -n auto --dist worksteal -m 'not locked_sdk and not postgres and not long and not airbyte and not airflow'

# The other end, no part of CI either: does what pyproject.toml promises of old versions hold?
lowest: $(UV) ## Run the tests with the lowest versions that pyproject.toml takes
	$(UV) venv --quiet --clear --python '$(PYTHON_VERSION)' .lowest
	$(UV) pip install --quiet --python .lowest --resolution lowest-direct --editable '.[demo,postgres,remote,report]' --group dev
	.lowest/bin/pytest -n auto --dist worksteal -m 'not postgres and not long and not airbyte and not airflow'

lint: $(READY) ## Check style, types, dependencies, lock file, workflows, generated docs and figures
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/mypy examples/fleet
	.venv/bin/deptry tap_billit
	.venv/bin/zizmor --offline --quiet .github
	.venv/bin/hadolint Dockerfile Dockerfile.airbyte
	$(UV) tool run --quiet kubernetes-validate@1.37.0 --quiet --strict examples/kubernetes/*.yaml
	.venv/bin/python -m scripts.docs --check

bench: $(READY) ## Run the benchmarks, small, and write a copy of docs/performance.md into output
	$(UV) sync --quiet --locked --all-extras --group bench
	cp docs/performance.md output/performance.md
	set -e; for name in $(BENCHMARKS); do $(BENCHMARK).$$name --small --write output/performance.md; done

figures: $(READY) ## Run the benchmarks in full and write docs/performance.md: hours, on a quiet machine
	$(UV) sync --quiet --locked --all-extras --group bench
	set -e; for name in $(BENCHMARKS) 'models --engine postgres'; do $(BENCHMARK).$$name --write; done

packages: $(READY) ## Try wheel, sdist and a clean clone in empty environments on Python 3.10 and 3.13: half an hour
	scripts/packages.sh wheel $(PACKAGED_FOR)
	scripts/packages.sh sdist $(PACKAGED_FOR)
	scripts/packages.sh clone $(PACKAGED_FOR)

format: $(READY) ## Mend style
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

docs: $(READY) ## Write settings and streams into README.md and meltano.yml
	.venv/bin/python -m scripts.docs

lock: $(UV) ## Update uv.lock to the newest versions
	$(UV) lock --upgrade
	echo airbyte | $(COMPILE) tests/airbyte/clients/pyairbyte.txt -
	printf 'airbyte-cdk\npytest\n' | $(COMPILE) tests/airbyte/clients/standard_tests.txt -
	printf 'apache-airflow\nasyncpg\npsycopg2-binary\n' | $(COMPILE) tests/airflow/environments/airflow.txt -
	echo 'meltanolabs-target-postgres~=0.8.1' | $(COMPILE) tests/airflow/environments/target.txt -

clean: ## Remove all that was fetched or made, the demo's data included, but not Meltano's state
	@# Meltano's state stays: without it everything is loaded again.
	if [ -d .meltano ]; then find .meltano -mindepth 1 -maxdepth 1 ! -name 'meltano.db*' -exec rm -rf {} +; fi
	rm -rf .tools .venv .next .lowest .airbyte .airflow dist htmlcov .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -f output/*.duckdb output/*.duckdb.wal output/*.jsonl output/*.log output/*.html output/performance.md

$(UV):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target .tools 'uv~=0.13'

$(READY): $(UV) pyproject.toml uv.lock
	$(UV) sync --quiet --locked --all-extras --python '$(PYTHON_VERSION)'
	@touch $@

# Airflow, and the loader that it starts: each apart, as on a worker.
.airflow/%/.ready: tests/airflow/environments/%.txt $(UV)
	$(UV) venv --quiet --clear --python '>=3.10,<3.14' .airflow/$*
	$(UV) pip install --quiet --python .airflow/$* --requirements $<
	@touch $@

# Airbyte's own clients. They bring another package `backoff` than the tap, so they stand apart.
.airbyte/%/.ready: tests/airbyte/clients/%.txt $(UV)
	$(UV) venv --quiet --clear --python '>=3.10,<3.13' .airbyte/$*
	$(UV) pip install --quiet --python .airbyte/$* --requirements $<
	@touch $@
