#!/bin/sh
# Writes the list of users from the secret that web has too, then becomes PgBouncer.
set -eu
umask 077
secret=${TENANTRY_SECRETS_DIR:-/run/secrets}/TENANTRY_DATABASE_PASSWORD
password=$(sed 's/"/""/g' "$secret")
for role in tenantry_app tenantry_platform; do
    printf '"%s" "%s"\n' "$role" "$password"
done > /tmp/userlist.txt
printf '%s = host=%s port=%s\n' "${POSTGRES_DB:-tenantry}" "${POSTGRES_HOST:-postgres}" "${POSTGRES_PORT:-5432}" > /tmp/databases.ini
exec pgbouncer "${1:-/etc/pgbouncer/pgbouncer.ini}"
