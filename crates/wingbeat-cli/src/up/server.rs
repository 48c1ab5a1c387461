//! Wires the server: `SQLite` or PostgreSQL and the local disk behind its ports, one TCP port, and the Unix socket.

use std::net::SocketAddr;
use std::sync::Arc;

use wingbeat_blob::BlobStore;
use wingbeat_server::{Running, ServerConfig, StartError};
use wingbeat_store::Metadata;
use wingbeat_store_sql::{PostgresError, PostgresStore, SqliteStore};

use super::config::UpConfig;
use super::data_folder::DataFolder;
use super::object_store;
use super::origin::Origin;
use crate::failure::Failure;

/// The running server.
pub(super) struct Server {
    running: Running,
    store: Store,
}

/// Where metadata is kept.
#[derive(Clone)]
enum Store {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl Store {
    async fn open(config: &UpConfig, folder: &DataFolder) -> Result<Self, Failure> {
        let Some(address) = &config.database else {
            let store = SqliteStore::open(&folder.database())
                .map_err(|error| Failure::new("could not open the database").caused_by(&error))?;
            return Ok(Self::Sqlite(Arc::new(store)));
        };
        let store = PostgresStore::open(address).await.map_err(|error| cannot_open(&error))?;
        Ok(Self::Postgres(Arc::new(store)))
    }

    fn port(&self) -> Arc<dyn Metadata> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Postgres(store) => store.clone(),
        }
    }

    async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

fn cannot_open(error: &PostgresError) -> Failure {
    let failure = Failure::new("could not open the database").caused_by(error);
    match error {
        PostgresError::Unreachable { .. } => {
            failure.advise("start the server, or name another one with --database")
        }
        PostgresError::Credentials { .. } => failure.advise(
            "name the user in --database, and the password in --database-password-file, PGPASSWORD or ~/.pgpass",
        ),
        PostgresError::TooNew { .. } => failure.advise("use that release or a newer one"),
        PostgresError::InUse { .. } => {
            failure.advise("stop that server first; servers of this release share a database")
        }
        PostgresError::NoDatabase { .. }
        | PostgresError::Unsuitable { .. }
        | PostgresError::Foreign { .. }
        | PostgresError::Refused { .. } => failure,
    }
}

impl Server {
    /// Starts it; it answers when this returns.
    pub(super) async fn start(config: &UpConfig, folder: &DataFolder) -> Result<Self, Failure> {
        let store = Store::open(config, folder).await?;
        let objects = config.store.clone().unwrap_or_else(|| folder.store());
        let blob = BlobStore::open_local(&objects)
            .map_err(|error| Failure::new("could not open the object store").caused_by(&error))?;
        if config.database.is_some() {
            object_store::claim(&*store.port(), &blob, &objects).await?;
        }
        let server = ServerConfig {
            listen: config.listen,
            socket: folder.socket(),
            allowed_hosts: config.allowed_hosts.clone(),
            // There is no authentication yet, so every server is an open one.
            open: true,
            no_auth: config.no_auth,
        };
        match wingbeat_server::start(server, store.port(), blob).await {
            Ok(running) => Ok(Self { running, store }),
            Err(StartError::Listen { address, source }) => Err(cannot_listen(config, &address, &source)),
            Err(error) => Err(Failure::new("could not start the server").caused_by(&error)),
        }
    }

    /// Where clients connect, with the port that was chosen.
    pub(super) fn addr(&self) -> SocketAddr {
        self.running.address
    }

    /// Ends watches and requests, and closes the database when everything is written.
    /// Resolves when a part of the server broke.
    pub(super) async fn failed(&self) {
        self.running.failed().await;
    }

    pub(super) async fn stop(self) {
        self.running.shutdown().await;
        self.store.close().await;
    }
}

fn cannot_listen(config: &UpConfig, address: &str, error: &std::io::Error) -> Failure {
    let place = match &config.listen_origin {
        Origin::Default => String::new(),
        said @ (Origin::Flag(_) | Origin::Variable(_) | Origin::File { .. } | Origin::Kept(_)) => {
            format!(" ({said})")
        }
    };
    Failure::new(format!("could not listen at {address}{place}"))
        .because(error.to_string())
        .advise("stop what listens there, or name another address with --listen; port 0 picks a free one")
}
