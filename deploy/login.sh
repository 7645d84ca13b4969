#!/bin/sh
# Creates the login of the service with its password, before `privacy migrate` gives it the right to act as its roles.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=password="$(cat "${LOGIN_PASSWORD_FILE:-/run/secrets/login_password}")" <<'SQL'
CREATE ROLE privacy_login LOGIN NOINHERIT PASSWORD :'password';
SQL
