//! URLs of databases and brokers: `postgres-url`, `mysql-url`, `redis-url`, `amqp-url`,
//! `mongodb-url`.
//!
//! All take `require-password` and `require-tls`. TLS counts only if the URL itself asks for it:
//! a driver that would try TLS and fall back to plain text does not protect the password.

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

use crate::url::{Url, UrlViolation};

const REQUIRE_TLS: Parameter<bool> = Parameter::new(
    "require-tls",
    "Refuse a URL that does not ask for TLS (false).",
);
const REQUIRE_PASSWORD: Parameter<bool> = Parameter::new(
    "require-password",
    "Refuse a URL without a password (false).",
);
const PARAMETERS: &[ParameterSpec] = &[REQUIRE_TLS.spec(), REQUIRE_PASSWORD.spec()];

violations! {
    /// What is wrong with the URL of any database.
    pub(crate) enum ServerViolation: UrlViolation {
        NoPassword => "no-password",
            "has no password",
            "Write it between user name and host: `://user:password@host`.";
    }
}

violations! {
    /// What is wrong with the URL of a database that takes one host.
    pub(crate) enum OneHostViolation: ServerViolation {
        SeveralHosts => "several-hosts",
            "names several hosts",
            "Name one host; clients of this kind of server take no list.";
    }
}

/// Checks what all of them have in common.
fn check_server(parameters: &Parameters, url: &Url<'_>) -> Result<(), ServerViolation> {
    // `user:pass/word@host` with digits before the `/` looks like a host, a port and a path.
    if url.user.is_none() && url.path.contains('@') {
        return Err(UrlViolation::Unencoded.into());
    }
    let no_password = url.any_password().is_none_or(str::is_empty);
    if no_password && parameters.get(REQUIRE_PASSWORD) == Some(true) {
        return Err(ServerViolation::NoPassword);
    }
    Ok(())
}

fn check_one_host(parameters: &Parameters, url: &Url<'_>) -> Result<(), OneHostViolation> {
    check_server(parameters, url)?;
    if url.hosts.contains(',') {
        return Err(OneHostViolation::SeveralHosts);
    }
    if url.hosts.is_empty() {
        return Err(ServerViolation::from(UrlViolation::NoHost).into());
    }
    Ok(())
}

fn lacks_tls(parameters: &Parameters, has_tls: bool) -> bool {
    !has_tls && parameters.get(REQUIRE_TLS) == Some(true)
}

violations! {
    /// What is wrong with the URL of a PostgreSQL database.
    pub(crate) enum PostgresViolation: ServerViolation {
        WrongScheme => "wrong-scheme",
            "has a scheme other than `postgres` and `postgresql`",
            "Begin with `postgres://`, without `jdbc:` and without the name of a driver.";
        NoTls => "no-tls",
            "does not insist on TLS",
            "Append `?sslmode=verify-full` (or `verify-ca`, `require`); `prefer` is not enough.";
    }
}

/// The URL of a PostgreSQL database, as `libpq` takes it: also with several hosts, or none where
/// a local socket is meant.
pub(crate) struct PostgresUrl;

impl Validator for PostgresUrl {
    const NAME: &'static str = "postgres-url";
    const SUMMARY: &'static str = "The URL of a PostgreSQL database.";
    const PARAMETERS: &'static [ParameterSpec] = PARAMETERS;
    type Violation = PostgresViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), PostgresViolation> {
        let url = Url::parse(value).map_err(ServerViolation::from)?;
        if !url.has_scheme(&["postgres", "postgresql"]) {
            return Err(PostgresViolation::WrongScheme);
        }
        check_server(parameters, &url)?;
        let has_tls = url.query_has("sslmode", &["require", "verify-ca", "verify-full"]);
        if lacks_tls(parameters, has_tls) {
            Err(PostgresViolation::NoTls)
        } else {
            Ok(())
        }
    }
}

violations! {
    /// What is wrong with the URL of a MySQL database.
    pub(crate) enum MysqlViolation: OneHostViolation {
        WrongScheme => "wrong-scheme",
            "has a scheme other than `mysql` and `mariadb`",
            "Begin with `mysql://`, without `jdbc:` and without the name of a driver.";
        NoTls => "no-tls",
            "does not insist on TLS",
            "Append what your client takes: `?ssl-mode=REQUIRED`, `?tls=true`, or `?ssl=true`.";
    }
}

/// The URL of a MySQL or MariaDB database. Clients disagree on how it asks for TLS, so each of
/// their spellings counts.
pub(crate) struct MysqlUrl;

impl Validator for MysqlUrl {
    const NAME: &'static str = "mysql-url";
    const SUMMARY: &'static str = "The URL of a MySQL or MariaDB database.";
    const PARAMETERS: &'static [ParameterSpec] = PARAMETERS;
    type Violation = MysqlViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), MysqlViolation> {
        let url = Url::parse(value)
            .map_err(ServerViolation::from)
            .map_err(OneHostViolation::from)?;
        if !url.has_scheme(&["mysql", "mariadb"]) {
            return Err(MysqlViolation::WrongScheme);
        }
        check_one_host(parameters, &url)?;
        let modes = [
            "required",
            "require",
            "trust",
            "verify-ca",
            "verify-identity",
            "verify-full",
        ];
        let has_tls = url.query_has("sslmode", &modes)
            || url.query_has("tls", &["true", "skip-verify"])
            || url.query_has("ssl", &["true"])
            || url.query_has("requiressl", &["true"]);
        if lacks_tls(parameters, has_tls) {
            Err(MysqlViolation::NoTls)
        } else {
            Ok(())
        }
    }
}

violations! {
    /// What is wrong with the URL of a Redis server.
    pub(crate) enum RedisViolation: OneHostViolation {
        WrongScheme => "wrong-scheme",
            "has a scheme other than `redis`, `rediss`, `valkey` and `valkeys`",
            "Begin with `rediss://` (TLS) or `redis://`.";
        NoTls => "no-tls",
            "does not ask for TLS",
            "Begin with `rediss://`, with two `s`.";
        InvalidDatabase => "invalid-database",
            "has a path that is not the number of a database",
            "End with `/0` or another number, or leave the path out.";
    }
}

/// The URL of a Redis or Valkey server.
pub(crate) struct RedisUrl;

impl Validator for RedisUrl {
    const NAME: &'static str = "redis-url";
    const SUMMARY: &'static str = "The URL of a Redis or Valkey server.";
    const PARAMETERS: &'static [ParameterSpec] = PARAMETERS;
    type Violation = RedisViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), RedisViolation> {
        let url = Url::parse(value)
            .map_err(ServerViolation::from)
            .map_err(OneHostViolation::from)?;
        if !url.has_scheme(&["redis", "rediss", "valkey", "valkeys"]) {
            return Err(RedisViolation::WrongScheme);
        }
        check_one_host(parameters, &url)?;
        let database = url.path.trim_start_matches('/');
        if !database.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RedisViolation::InvalidDatabase);
        }
        let has_tls = url.has_scheme(&["rediss", "valkeys"]);
        if lacks_tls(parameters, has_tls) {
            Err(RedisViolation::NoTls)
        } else {
            Ok(())
        }
    }
}

violations! {
    /// What is wrong with the URL of an AMQP broker.
    pub(crate) enum AmqpViolation: OneHostViolation {
        WrongScheme => "wrong-scheme",
            "has a scheme other than `amqp` and `amqps`",
            "Begin with `amqps://` (TLS) or `amqp://`.";
        NoTls => "no-tls",
            "does not ask for TLS",
            "Begin with `amqps://`; its usual port is 5671.";
    }
}

/// The URL of an AMQP broker such as RabbitMQ.
pub(crate) struct AmqpUrl;

impl Validator for AmqpUrl {
    const NAME: &'static str = "amqp-url";
    const SUMMARY: &'static str = "The URL of an AMQP broker such as RabbitMQ.";
    const PARAMETERS: &'static [ParameterSpec] = PARAMETERS;
    type Violation = AmqpViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), AmqpViolation> {
        let url = Url::parse(value)
            .map_err(ServerViolation::from)
            .map_err(OneHostViolation::from)?;
        if !url.has_scheme(&["amqp", "amqps"]) {
            return Err(AmqpViolation::WrongScheme);
        }
        check_one_host(parameters, &url)?;
        let has_tls = url.has_scheme(&["amqps"]);
        if lacks_tls(parameters, has_tls) {
            Err(AmqpViolation::NoTls)
        } else {
            Ok(())
        }
    }
}

violations! {
    /// What is wrong with the URL of a MongoDB deployment.
    pub(crate) enum MongodbViolation: ServerViolation {
        WrongScheme => "wrong-scheme",
            "has a scheme other than `mongodb` and `mongodb+srv`",
            "Begin with `mongodb+srv://` (looked up in DNS) or `mongodb://`.";
        SrvHost => "srv-host",
            "has a port or several hosts, which `mongodb+srv` does not take",
            "Name one host without a port, or use `mongodb://`.";
        NoTls => "no-tls",
            "does not ask for TLS",
            "Append `tls=true` to the query, or use `mongodb+srv://`.";
    }
}

/// The URL of a MongoDB deployment: several hosts, or one that DNS resolves to several.
pub(crate) struct MongodbUrl;

impl Validator for MongodbUrl {
    const NAME: &'static str = "mongodb-url";
    const SUMMARY: &'static str = "The URL of a MongoDB deployment.";
    const PARAMETERS: &'static [ParameterSpec] = PARAMETERS;
    type Violation = MongodbViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), MongodbViolation> {
        let url = Url::parse(value).map_err(ServerViolation::from)?;
        if !url.has_scheme(&["mongodb", "mongodb+srv"]) {
            return Err(MongodbViolation::WrongScheme);
        }
        check_server(parameters, &url)?;
        if url.hosts.is_empty() {
            return Err(ServerViolation::from(UrlViolation::NoHost).into());
        }
        let is_srv = url.has_scheme(&["mongodb+srv"]);
        if is_srv && url.hosts.contains([',', ':']) {
            return Err(MongodbViolation::SrvHost);
        }
        let on = url.query_has("tls", &["true"]) || url.query_has("ssl", &["true"]);
        let off = url.query_has("tls", &["false"]) || url.query_has("ssl", &["false"]);
        let has_tls = !off && (on || is_srv);
        if lacks_tls(parameters, has_tls) {
            Err(MongodbViolation::NoTls)
        } else {
            Ok(())
        }
    }
}
