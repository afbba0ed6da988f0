#!/bin/sh
# Patroni calls this once, on the new primary, with a connection string: the app's role and database.
set -eu
# shellcheck disable=SC1091  # written by start-node from the secret
. /run/patroni/app.env
# psql's variables come from the environment, so that no password stands in a process list.
export APP_USER APP_PASSWORD
psql "$1" -v ON_ERROR_STOP=1 -q <<'SQL'
\getenv user APP_USER
\getenv password APP_PASSWORD
-- A statement is kept as it is sent, with the password: by pg_stat_statements (which counts utility
-- statements too), and by the log if it takes long or fails.
SET pg_stat_statements.track_utility = off;
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
CREATE ROLE :"user" LOGIN PASSWORD :'password';
GRANT pg_monitor TO :"user";
CREATE DATABASE tenfold OWNER :"user";
\connect tenfold
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
SQL
