#!/bin/bash
# Creates the only role that may connect from outside: owner of the only database it may use, no superuser.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set role="$SANSHA_ROLE" <<'SQL'
\set password `cat /run/sansha/role_password`
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE ALL ON DATABASE :"role", postgres, template1 FROM PUBLIC;
SQL
