#!/bin/sh
# Run once by the image, when the data directory is new: a user for the workers, who owns one database and is nobody else.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres <<'SQL'
\set password `cat /run/secrets/postgres_password`
CREATE ROLE whatisup LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE whatisup OWNER whatisup;
REVOKE ALL ON DATABASE whatisup FROM PUBLIC;
SQL
