#!/bin/bash
# Runs once inside a fresh postgres container: makes each service's database and its two roles.
set -eu
for service in identity events commerce dp wallet releases; do
  upper=$(printf %s "$service" | tr a-z A-Z)
  owner="LANYARD_OWNER_PASSWORD_$upper" app="LANYARD_APP_PASSWORD_$upper"
  psql -X -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres \
    -v "service=$service" -v "owner_password=${!owner:?}" -v "app_password=${!app:?}" -f /lanyard/provision.sql
done
