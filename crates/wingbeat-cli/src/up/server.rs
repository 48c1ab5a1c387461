//! Wires the server: `SQLite` or PostgreSQL, the local disk or a bucket behind its ports, one TCP port, and the Unix
//! socket.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use wingbeat_blob::{BlobStore, BucketError, S3Address, StoreAddress};
use wingbeat_client::Surroundings;
use wingbeat_server::{ExecutorPortConfig, Running, ServerConfig, StartError};
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
    pub(super) async fn start(
        config: &UpConfig,
        folder: &DataFolder,
        around: &Surroundings,
    ) -> Result<Self, Failure> {
        let blob = open_blob(config, folder, around).await?;
        let store = Store::open(config, folder).await?;
        if config.database.is_some() {
            object_store::claim(&*store.port(), &blob, &place_of_objects(config, folder)).await?;
        }
        let server = ServerConfig {
            listen: config.listen,
            socket: folder.socket(),
            allowed_hosts: config.allowed_hosts.clone(),
            // There is no authentication yet, so every server is an open one.
            open: true,
            no_auth: config.no_auth,
            executor_port: executor_port(config),
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

    /// Where executors on other machines connect.
    pub(super) fn executor_addr(&self) -> Option<SocketAddr> {
        self.running.executor_address
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

/// The settings have seen to it that there is a bucket where there is such a port.
fn executor_port(config: &UpConfig) -> Option<ExecutorPortConfig> {
    Some(ExecutorPortConfig {
        listen: config.executor_listen?,
        folder: config.executor_port_data.clone(),
        certificate: config.certificate.clone(),
        store: config.store.as_ref()?.to_string(),
    })
}

/// As a person would name it.
fn place_of_objects(config: &UpConfig, folder: &DataFolder) -> String {
    match &config.store {
        Some(address) => address.to_string(),
        None => folder.store().display().to_string(),
    }
}

async fn open_blob(
    config: &UpConfig,
    folder: &DataFolder,
    around: &Surroundings,
) -> Result<BlobStore, Failure> {
    let failure = || Failure::new("could not open the object store");
    let local = |folder: &Path| BlobStore::open_local(folder).map_err(|error| failure().caused_by(&error));
    let address = match &config.store {
        None => return local(&folder.store()),
        Some(StoreAddress::Local(folder)) => return local(folder),
        Some(StoreAddress::S3(address)) => address,
    };
    let variables: Vec<(String, String)> =
        around.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    open_bucket(address, &variables).await.map_err(|error| {
        let failure = failure().caused_by(&error);
        failure.advise(advice(&error))
    })
}

async fn open_bucket(address: &S3Address, variables: &[(String, String)]) -> Result<BlobStore, BucketError> {
    let store = BlobStore::open_s3(address, variables)?;
    store.check().await?;
    Ok(store)
}

/// What to do about a bucket that cannot be used.
fn advice(error: &BucketError) -> &'static str {
    match error {
        BucketError::Settings { .. } => "change the AWS_* variables; docs/configuration.md lists them",
        BucketError::Missing { .. } => {
            "create the bucket, name another one with --store, or check AWS_REGION and AWS_ENDPOINT_URL"
        }
        BucketError::Denied { .. } => {
            "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that their owner may list the bucket and \
             get, put and delete its objects"
        }
        BucketError::Unreachable { .. } => "check AWS_ENDPOINT_URL and the network",
        BucketError::Failed { .. } => "look the code up in the documentation of the bucket's provider",
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
