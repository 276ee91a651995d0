-- What an administrator of PostgreSQL does once:
--
--   VAULT_DATABASE_PASSWORD=… psql -f database.sql
--
-- The users that Vault makes are members of `gateway`, and what they make belongs to it: so any of
-- them can be dropped.
\set ON_ERROR_STOP on
\set password `printenv VAULT_DATABASE_PASSWORD`
CREATE ROLE gateway NOLOGIN;
CREATE DATABASE gateway OWNER gateway;
REVOKE CONNECT ON DATABASE gateway FROM PUBLIC;
-- As whom Vault makes them. It may make users, and do nothing else.
CREATE ROLE vault LOGIN CREATEROLE PASSWORD :'password';
GRANT gateway TO vault WITH ADMIN OPTION;
