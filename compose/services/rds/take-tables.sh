#!/bin/bash
# Gives the running database (the endpoint `rds`) the tables that it has lost and `rds-restored` has,
# with rows, indexes and rights, in one transaction: all of them or none. Tells which.
set -eu -o pipefail
PGPASSWORD=$(jq -r .superuser_password /run/secrets/tenfold-rds)
export PGPASSWORD PGCONNECT_TIMEOUT=5 LC_ALL=C
names="SELECT quote_ident(relname) FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e') ORDER BY 1"
here=(-h rds-restored -U postgres -d tenfold)
there=(-h rds -U postgres -d tenfold)
# One after the other: a database that does not answer has not lost everything.
had=$(psql -qAtX "${here[@]}" -c "$names")
has=$(psql -qAtX "${there[@]}" -c "$names")
lost=$(comm -23 <(sort <<< "$had") <(sort <<< "$has"))
[ -n "$lost" ] || exit 0
wanted=()
while read -r name; do wanted+=(-t "public.$name"); done <<< "$lost"
pg_dump "${here[@]}" "${wanted[@]}" | psql -qX "${there[@]}" -v ON_ERROR_STOP=1 --single-transaction -o /dev/null
while read -r name; do
  psql -qX "${there[@]}" -c "ANALYZE public.$name" < /dev/null
  echo "taken $name"
done <<< "$lost"
