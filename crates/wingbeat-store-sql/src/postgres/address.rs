//! Where a database is and who asks for it. Shown without the password, always.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

/// Statements that stay prepared, per connection: more than there are, lists of different shapes included.
const STATEMENTS: usize = 256;

/// Settings of each connection. Durable means flushed: an acknowledged commit survives a loss of power. Compiling
/// queries that take a millisecond does not pay. A writer that hangs must not hold the others' lock for ever; nor must
/// one whose machine has vanished, and what marks it as present: the database asks silent connections whether
/// anybody is there.
///
/// Every statement has its index. A table that has just begun to grow has no statistics yet, and a plan that was made
/// when it was empty would read all of it until there are some.
const SETTINGS: [(&str, &str); 9] = [
    ("enable_seqscan", "off"),
    ("synchronous_commit", "on"),
    ("jit", "off"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("client_min_messages", "warning"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "20s"),
];

/// The text is no address of a PostgreSQL database. Never repeats it, for it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no address of a PostgreSQL database; write postgres://USER@HOST:PORT/DATABASE")]
pub struct BadAddress;

/// A database of a PostgreSQL server.
#[derive(Clone)]
pub struct PostgresAddress {
    options: Arc<PgConnectOptions>,
}

impl PostgresAddress {
    /// Reads a URL: `postgres://user:password@host:port/database?sslmode=…`. A password that is not in it is
    /// `password`, else that of `PGPASSWORD`, else that of the password file (`PGPASSFILE`, `~/.pgpass`).
    ///
    /// # Errors
    /// It is none, or it names no database.
    pub fn parse(url: &str, password: Option<&str>) -> Result<Self, BadAddress> {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("postgres" | "postgresql")) {
            return Err(BadAddress);
        }
        let mut options = PgConnectOptions::from_str(url).map_err(|_| BadAddress)?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(BadAddress);
        }
        if let Some(password) = password {
            options = options.password(password);
        }
        let options = options
            .application_name("wingbeat")
            .statement_cache_capacity(STATEMENTS)
            .options(SETTINGS)
            // Statements are told by tests; a server's log has better to say.
            .disable_statement_logging();
        Ok(Self { options: Arc::new(options) })
    }

    /// For statements of files. They find rows by their keys: a plan that was made once is as good as a new one for each
    /// call, which would cost more than the call itself. So it must not be one for tables that are small: to sort or to hash
    /// all rows, or all of a run, looks as good then as to look up each.
    pub(crate) fn options(&self) -> PgConnectOptions {
        let by_key =
            ["hashjoin", "mergejoin", "bitmapscan", "memoize"].map(|way| (format!("enable_{way}"), "off"));
        self.list_options().options([("plan_cache_mode", "force_generic_plan")]).options(by_key)
    }

    /// For lists, whose best plan depends on what is asked for.
    pub(crate) fn list_options(&self) -> PgConnectOptions {
        (*self.options).clone()
    }
}

impl PartialEq for PostgresAddress {
    fn eq(&self, other: &Self) -> bool {
        self.options.to_url_lossy() == other.options.to_url_lossy()
    }
}

impl Eq for PostgresAddress {}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let database = options.get_database().unwrap_or_default();
        let (user, port) = (options.get_username(), options.get_port());
        match options.get_socket() {
            Some(socket) => write!(f, "database {database} at {} (port {port}) as {user}", socket.display()),
            None => write!(f, "database {database} at {}:{port} as {user}", options.get_host()),
        }
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::PostgresAddress;

    #[test]
    fn what_is_shown_has_no_password() {
        let url = "postgres://ada:hush@db.example.org:6432/flows?sslmode=prefer";
        let address = PostgresAddress::parse(url, None).expect("an address");
        assert_eq!(address.to_string(), "database flows at db.example.org:6432 as ada");
        assert!(!format!("{address:?}").contains("hush"));
        let other = PostgresAddress::parse(url, Some("secret")).expect("an address");
        assert!(!format!("{other:?} {other}").contains("secret"));
    }

    #[test]
    fn other_texts_are_refused_and_not_repeated() {
        for text in
            ["", "hush", "mysql://ada:hush@host/db", "postgres://ada:hush@host", "postgres://a:hush@h:x/d"]
        {
            let refused = PostgresAddress::parse(text, None).expect_err("no address");
            assert!(!format!("{refused} {refused:?}").contains("hush"));
        }
    }
}
