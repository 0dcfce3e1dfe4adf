-- One service's database and its two roles. Run by psql as superuser, connected to the database `postgres`; run again, it changes nothing.
--
--   psql -v ON_ERROR_STOP=1 -v service=commerce -v owner_password=… -v app_password=… -f provision.sql postgres
--
-- `<service>_owner` owns the database and runs migrations; `<service>` reads and writes rows and nothing else. `-v database=…` gives the database
-- another name than the service's, which tests use.

\if :{?database}
\else
  \set database :service
\endif

-- Two runs at once would meet in the shared catalogues (roles, databases), which Postgres answers with "tuple concurrently updated".
SELECT pg_advisory_lock(hashtext('lanyard:provision')) \g /dev/null

SELECT :'service' || '_owner' AS owner \gset

SELECT format('CREATE ROLE %I', role)
FROM unnest(ARRAY[:'owner', :'service']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec

ALTER ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE :"service" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'app_password';

-- A statement that hangs, a transaction somebody forgot and a lock nobody gets must end by themselves.
ALTER ROLE :"service" SET statement_timeout = '30s';
ALTER ROLE :"service" SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE :"service" SET lock_timeout = '5s';

SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec

-- PUBLIC may connect to every database unless told otherwise, the maintenance ones included.
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
REVOKE ALL ON DATABASE template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"service";

SELECT pg_advisory_unlock(hashtext('lanyard:provision')) \g /dev/null

\connect :"database"

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO :"service";
