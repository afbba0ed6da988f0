# The front door. Each recipe is one line that calls the tool (`.venv/bin/python -m tenfold`);
# `make help` is the table of contents. Goals are combined: `make setup stage-3 up`.

PYTHON := .venv/bin/python
TENFOLD = test -x $(PYTHON) || { echo 'error: nothing is set up here yet' >&2; echo '   do: run `make setup`' >&2; exit 3; }; exec $(PYTHON) -m tenfold

# The stage is a goal of its own, read from here; two of them are the tool's to refuse.
stages := $(patsubst stage-%,%,$(filter stage-%,$(MAKECMDGOALS)))
ifneq ($(stages),)
override TENFOLD_STAGE := $(stages)
endif

# What people give reaches the tool by the environment, word for word: neither make nor a shell
# may read it as code (`value` takes it unexpanded).
given := TENFOLD_STAGE PORT JSON PACE SERVICE SQL TO FROM FOR USERS SCENARIO UI WITHOUT VOLUMES SIZE SEED FOLLOW TAKE \
  STAGES DRILLS ALL CONTROLS CHANGED SHOWN RELEASE SECRET FAULT ALERT BY NOTE
$(foreach name,$(given),$(eval override $(name) := $$(value $(name))))
DRILL :=
export $(given) DRILL

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
.PHONY: setup up down deploy status urls alarms ack logs shell psql restore rotate diff load drills heal watch bench profile seed images \
  test lint rehearse lock help

##@ Start and stop
setup: ## check this machine, install what is missing, build the images (make setup stage-3 up)
	@bash tenfold/setup/setup.sh

stage-%: ## which stage: goes before other goals (make stage-3 up)
	@$(if $(filter-out stage-%,$(MAKECMDGOALS)),:,echo 'say what to do with it: `make $@ up`' >&2; exit 2)

up: ## start the stage, ready when it returns; without a stage the last one (PORT= PACE=drill|aws SEED=0)
	@$(TENFOLD) up

down: ## stop and remove everything (VOLUMES=1 forgets the data)
	@$(TENFOLD) down

deploy: ## bring a release to the instances (RELEASE=v2; for drills FAULT=errors|leak|slow|crash)
	@$(TENFOLD) deploy

status: ## what runs, where, how healthy, in how much memory
	@$(TENFOLD) status

urls: ## every page
	@$(TENFOLD) urls

##@ Load and drills
load: ## users on the stage (SCENARIO=steady|ramp|spike USERS= FOR=60 UI=1)
	@$(TENFOLD) load

drills: ## the catalogue: what each stage should do
	@$(TENFOLD) drills

drill-%: DRILL = $*
drill-%: ## break it under load, heal it, judge it (drill-kill-web WITHOUT=health-check)
	@$(TENFOLD) drill

break-%: DRILL = $*
break-%: ## the fault alone, to look around by hand (break-kill-web)
	@$(TENFOLD) break

heal: ## undo every fault there is
	@$(TENFOLD) heal

bench: ## what CloudFront and the ALB cost against the instances alone, in one run
	@$(TENFOLD) bench

profile: ## where the time of the five most used requests goes: app, database, cache (USERS=10 FOR=30)
	@$(TENFOLD) profile

watch: ## load, probe and ledger while you break things yourself; Ctrl-C for the verdict
	@$(TENFOLD) watch

##@ Look inside
alarms: ## the alarms: which are on, who is at it, where the runbook is
	@$(TENFOLD) alarms

ack: ## say that you are at an alarm (ALERT=DiskFull NOTE='making room' BY= FOR=30m)
	@$(TENFOLD) ack

logs: ## follow the logs (SERVICE=web-a FOLLOW=0)
	@$(TENFOLD) logs

shell: ## a shell in a container (SERVICE=worker-a)
	@$(TENFOLD) shell

psql: ## psql on the primary (SERVICE=rds-replica SQL='select 1')
	@$(TENFOLD) psql

restore: ## the database as of any second in a new instance (TO='2026-11-25 04:10:00' TAKE=tables)
	@$(TENFOLD) restore

rotate: ## another database password, by Secrets Manager's rotation (SECRET=tenfold-rds)
	@$(TENFOLD) rotate

diff: ## what another stage adds, and why (FROM=2 TO=3)
	@$(TENFOLD) diff

seed: ## fill the stage with a believable network (SIZE=S|M|L)
	@$(TENFOLD) seed

##@ Work on it
images: ## build the images
	@$(TENFOLD) images

test: ## the tests: without containers, of the stand-ins, of the stages from outside
	@$(TENFOLD) test

lint: ## the linters and the type checker
	@$(TENFOLD) lint

lock: ## pin each group of pyproject.toml with hashes into requirements/
	@$(TENFOLD) lock

rehearse: ## the matrix for real (FOR=45m STAGES=2-3 DRILLS=kill-web ALL=1 CONTROLS=1 CHANGED=1 SHOWN=1)
	@$(TENFOLD) rehearse

help: ## this table
	@awk -F ':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} /^[a-z%-]+:.*## /{gsub(/%/, "NAME", $$1); sub(/stage-NAME/, "stage-N", $$1); printf "  make %-13s %s\n", $$1, $$2}' Makefile && printf '\nJSON=1 gives any answer as JSON. Exit codes: docs/exit-codes.md (make itself always ends with 2).\n'

.DEFAULT:
	@echo 'error: there is no such goal' >&2; echo '   do: `make help` lists them' >&2; exit 2
