#!/bin/sh
# What a database's host needs to reach the backup bucket: pgBackRest's settings with the bucket's
# keys, and a certificate for its way to S3. As root, before the database starts.
set -eu
secret=/run/secrets/tenfold-s3
rm -rf /run/rds
install -d -o postgres -g postgres -m 700 /run/rds
umask 077
# pgBackRest speaks to S3 by TLS alone, and MinIO does not speak it: HAProxy stands between them, on
# this host's loopback, with a certificate of its own that nobody else is to believe.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=s3 \
  -keyout /run/rds/key.pem -out /run/rds/cert.pem 2> /dev/null
cat /run/rds/cert.pem /run/rds/key.pem > /run/rds/s3.pem
{
  cat /etc/tenfold/pgbackrest.conf
  jq -r '"repo1-s3-key=\(.access_key)\nrepo1-s3-key-secret=\(.secret_key)"' "$secret"
  echo "[tenfold]"
  echo "pg1-path=/var/lib/postgresql/data"
  echo "pg1-socket-path=/run/postgresql"
  echo "pg1-user=postgres"
} > /run/rds/pgbackrest.conf
# For the one request that pgBackRest does not make: that there is a bucket.
jq -r '"user = \"\(.access_key):\(.secret_key)\""' "$secret" > /run/rds/curl.conf
chown postgres:postgres /run/rds/*
