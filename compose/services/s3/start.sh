#!/bin/sh
# MinIO takes its credentials from the environment; here they come from the secret's file.
# Started as root only to give a new volume to the server's user, then the user is dropped.
set -eu
secret=/run/secrets/tenfold-s3
MINIO_ROOT_USER=$(jq -r .access_key "$secret")
MINIO_ROOT_PASSWORD=$(jq -r .secret_key "$secret")
export MINIO_ROOT_USER MINIO_ROOT_PASSWORD
chown 10001:10001 /data
exec setpriv --reuid=10001 --regid=10001 --clear-groups \
  minio server /data --address :9000 --console-address :9001 --quiet
