#!/bin/sh
# Fills in the distribution's settings and becomes nginx. What is missing or odd stops the start.
set -eu

take() { # NAME VALUE PATTERN: write @NAME@'s replacement, or say what is wrong with it
  printf '%s' "$2" | grep -Eqx "$3" || {
    echo "cloudfront: $1='$2' is not what it should be ($3)" >&2
    exit 64
  }
  script="${script:-}s|@$1@|$2|g;"
}

take ORIGIN_ALB "${ORIGIN_ALB:-}" '[A-Za-z0-9.-]+:[0-9]+'
take ORIGIN_S3 "${ORIGIN_S3:-}" '[A-Za-z0-9.-]+:[0-9]+'
take S3_HOST "${S3_HOST:-s3:9000}" '[A-Za-z0-9.-]+(:[0-9]+)?'
take CLOUDFRONT_DEFAULT_TTL "${CLOUDFRONT_DEFAULT_TTL:-86400}" '[0-9]+'
take CLOUDFRONT_ERROR_TTL "${CLOUDFRONT_ERROR_TTL:-10}" '[0-9]+'
take CLOUDFRONT_CONNECT_TIMEOUT "${CLOUDFRONT_CONNECT_TIMEOUT:-10}" '[0-9]+'
take CLOUDFRONT_CACHE_SIZE "${CLOUDFRONT_CACHE_SIZE:-256m}" '[0-9]+[mg]'
# CLOUDFRONT_STALE=0 is the distribution that was told not to serve stale: the negative control.
case "${CLOUDFRONT_STALE:-1}" in
  0 | false | no)
    take STALE off off
    take BACKGROUND off off
    ;;
  *)
    take STALE 'error timeout updating http_500 http_502 http_503 http_504' '[a-z0-9_ ]+'
    take BACKGROUND on on
    ;;
esac
sed -e "$script" /etc/cloudfront/nginx.conf > /run/cloudfront/nginx.conf
exec nginx -e stderr -c /run/cloudfront/nginx.conf
