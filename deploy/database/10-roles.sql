-- Run once by the image of PostgreSQL, as its superuser, when the volume is empty: the two roles and the database.
-- The owner migrates; the runtime role serves, and cannot change posted rows. Passwords come from the environment.
\set ON_ERROR_STOP on
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv runtime_password DATABASE_RUNTIME_PASSWORD
-- A statement that fails goes to the server's log, and these hold passwords.
SET log_min_error_statement = 'panic';
CREATE ROLE counterfoil_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE counterfoil_runtime LOGIN PASSWORD :'runtime_password';
CREATE DATABASE counterfoil OWNER counterfoil_owner;
