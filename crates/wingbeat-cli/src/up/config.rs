//! Decides what `wingbeat up` runs with: flag, then environment, then config file, then what the
//! data folder kept, then the default. Every problem is found before any is told.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use wingbeat_blob::{S3Address, StoreAddress};
use wingbeat_client::Surroundings;
use wingbeat_executor::Isolation;
use wingbeat_server::CertificateFiles;
use wingbeat_store_sql::PostgresAddress;

use super::config_file::{self, ConfigFile};
use super::data_folder::{LISTEN_FILE, executor_port_of};
use super::origin::{Given, Origin};
use crate::arguments::UpArguments;
use crate::failure::Failure;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

const MOST_SLOTS: u32 = 4096;

const DEFAULT_ISOLATION: Isolation = Isolation::Reuse;

/// How long a preloaded interpreter stays unused, in seconds: by default, and at most.
const WARM_IDLE: (u64, u64) = (300, 7 * 24 * 3600);

/// How attempts are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExecutorKind {
    Process,
    Simulated,
}

impl ExecutorKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Simulated => "simulated",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Process, Self::Simulated].into_iter().find(|kind| kind.name() == text)
    }
}

/// Everything that `up` was told, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpConfig {
    pub(crate) data: PathBuf,
    /// PostgreSQL, if not SQLite in the data folder.
    pub(crate) database: Option<PostgresAddress>,
    /// A folder or a bucket for objects, if not a folder in the data folder.
    pub(crate) store: Option<StoreAddress>,
    pub(crate) listen: SocketAddr,
    pub(crate) listen_origin: Origin,
    pub(crate) python: Option<PathBuf>,
    pub(crate) parallelism: Option<u32>,
    pub(crate) executor: ExecutorKind,
    pub(crate) isolation: Isolation,
    pub(crate) warm_idle_seconds: u64,
    pub(crate) no_executor: bool,
    /// The port for executors on other machines.
    pub(crate) executor_listen: Option<SocketAddr>,
    /// Where that port's join tokens and own certificate are.
    pub(crate) executor_port_data: PathBuf,
    pub(crate) certificate: Option<CertificateFiles>,
    pub(crate) no_auth: bool,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) pass_env: Vec<String>,
}

impl UpConfig {
    /// Reads everything there is to read.
    pub(crate) fn resolve(flags: &UpArguments, around: &Surroundings) -> Result<Self, Failure> {
        let mut problems = Vec::new();
        let config = Resolver::new(flags, around, &mut problems).map(Resolver::resolve);
        config.filter(|_| problems.is_empty()).ok_or_else(|| {
            let failure = Failure::usage("`wingbeat up` cannot start with these settings");
            problems.into_iter().fold(failure, Failure::because)
        })
    }
}

/// Where something is wrong, the default stands in: there is a problem then, and it is not used.
struct Resolver<'a> {
    flags: &'a UpArguments,
    around: &'a Surroundings,
    data: PathBuf,
    file: ConfigFile,
    problems: &'a mut Vec<String>,
}

impl<'a> Resolver<'a> {
    fn new(flags: &'a UpArguments, around: &'a Surroundings, problems: &'a mut Vec<String>) -> Option<Self> {
        let Some(data) = flags.data.clone().or_else(|| around.data_folder()) else {
            problems.push("data: there is no home folder; name a data folder with --data".to_owned());
            return None;
        };
        let data = absolute(&data, around);
        let file = read_file(flags, around, &data, problems);
        Some(Self { flags, around, data, file, problems })
    }

    fn resolve(mut self) -> UpConfig {
        let no_auth = self.switch("no_auth", ("--no-auth", self.flags.no_auth), "WINGBEAT_NO_AUTH");
        let no_executor =
            self.switch("no_executor", ("--no-executor", self.flags.no_executor), "WINGBEAT_NO_EXECUTOR");
        let (listen, listen_origin) = self.listen(no_auth);
        let database = self.database();
        let store = self.store();
        let is_bucket = matches!(store, Some(StoreAddress::S3(_)));
        let executor_listen = self.executor_listen(is_bucket);
        let executor_port_data = self.executor_port_data();
        let certificate = self.certificate();
        let python = self.python();
        let parallelism = self.parallelism();
        let executor = self.executor();
        let isolation = self.isolation();
        let warm_idle_seconds = self.warm_idle();
        let allowed_hosts =
            self.list("allowed_hosts", &self.flags.allowed_hosts, "--allowed-host", "WINGBEAT_ALLOWED_HOSTS");
        let pass_env = self.list("pass_env", &self.flags.pass_env, "--pass-env", "WINGBEAT_PASS_ENV");
        UpConfig {
            data: self.data,
            database,
            store,
            listen,
            listen_origin,
            python,
            parallelism,
            executor,
            isolation,
            warm_idle_seconds,
            no_executor,
            executor_listen,
            executor_port_data,
            certificate,
            no_auth,
            allowed_hosts,
            pass_env,
        }
    }

    /// What was said about `key`: the strongest place wins.
    fn given(
        &self,
        key: &str,
        flag: Option<(&'static str, String)>,
        variable: &'static str,
    ) -> Option<Given> {
        let by_flag = flag.map(|(name, text)| Given { text, origin: Origin::Flag(name) });
        by_flag
            .or_else(|| {
                let text = self.around.variable(variable)?.to_owned();
                Some(Given { text, origin: Origin::Variable(variable) })
            })
            .or_else(|| self.file.get(key).cloned())
    }

    fn switch(&mut self, key: &str, flag: (&'static str, bool), variable: &'static str) -> bool {
        let flag = flag.1.then(|| (flag.0, "true".to_owned()));
        let Some(given) = self.given(key, flag, variable) else { return false };
        match given.text.as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                self.problems.push(given.problem(key, "write true or false"));
                false
            }
        }
    }

    fn executor_listen(&mut self, has_bucket: bool) -> Option<SocketAddr> {
        let flag = self.flags.executor_listen.clone().map(|text| ("--executor-listen", text));
        let given = self.given("executor_listen", flag, "WINGBEAT_EXECUTOR_LISTEN")?;
        if !has_bucket {
            let what = "an executor on another machine cannot reach the objects in the data folder; name a bucket that both reach with --store s3://BUCKET";
            self.problems.push(given.problem("executor_listen", what));
        }
        let address = parse_listen(&given.text);
        if address.is_none() {
            let what = "write HOST:PORT with an IP address or localhost, such as 0.0.0.0:8443";
            self.problems.push(given.problem("executor_listen", what));
        }
        address
    }

    fn executor_port_data(&mut self) -> PathBuf {
        let flag = self.flags.executor_port_data.as_ref();
        let flag = flag.map(|path| ("--executor-port-data", path.display().to_string()));
        match self.given("executor_port_data", flag, "WINGBEAT_EXECUTOR_PORT_DATA") {
            Some(given) => absolute(Path::new(&given.text), self.around),
            None => executor_port_of(&self.data),
        }
    }

    fn certificate(&mut self) -> Option<CertificateFiles> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let certificate = path(&self.flags.tls_cert).map(|text| ("--tls-cert", text));
        let certificate = self.given("tls_cert", certificate, "WINGBEAT_TLS_CERT");
        let key = path(&self.flags.tls_key).map(|text| ("--tls-key", text));
        let key = self.given("tls_key", key, "WINGBEAT_TLS_KEY");
        let place = |given: &Given| absolute(Path::new(&given.text), self.around);
        match (certificate, key) {
            (Some(certificate), Some(key)) => {
                Some(CertificateFiles { certificate: place(&certificate), key: place(&key) })
            }
            (None, None) => None,
            (Some(given), None) => {
                self.problems.push(given.problem("tls_cert", "name its key too, with --tls-key"));
                None
            }
            (None, Some(given)) => {
                self.problems.push(given.problem("tls_key", "name its certificate too, with --tls-cert"));
                None
            }
        }
    }

    fn database(&mut self) -> Option<PostgresAddress> {
        let flag = self.flags.database.clone().map(|text| ("--database", text));
        let given = self.given("database", flag, "WINGBEAT_DATABASE")?;
        let password = self.database_password();
        let address = PostgresAddress::parse(&given.text, password.as_deref());
        if let Err(bad) = &address {
            // The text may hold a password, so it is not repeated.
            self.problems.push(format!("database ({}): {bad}", given.origin));
        }
        address.ok()
    }

    fn store(&mut self) -> Option<StoreAddress> {
        let flag = self.flags.store.clone().map(|text| ("--store", text));
        let given = self.given("store", flag, "WINGBEAT_STORE")?;
        if !given.text.contains("://") {
            return Some(StoreAddress::Local(absolute(Path::new(&given.text), self.around)));
        }
        let address = S3Address::parse(&given.text);
        if let Err(bad) = &address {
            self.problems.push(given.problem("store", bad));
        }
        address.ok().map(StoreAddress::S3)
    }

    fn database_password(&mut self) -> Option<String> {
        let flag = self.flags.database_password_file.as_ref();
        let flag = flag.map(|path| ("--database-password-file", path.display().to_string()));
        let given = self.given("database_password_file", flag, "WINGBEAT_DATABASE_PASSWORD_FILE")?;
        let path = absolute(Path::new(&given.text), self.around);
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(text.lines().next().unwrap_or_default().to_owned()),
            Err(error) => {
                self.problems.push(given.problem("database_password_file", error));
                None
            }
        }
    }

    fn listen(&mut self, no_auth: bool) -> (SocketAddr, Origin) {
        let flag = self.flags.listen.clone().map(|text| ("--listen", text));
        let given = self.given("listen", flag, "WINGBEAT_LISTEN").or_else(|| kept_listen(&self.data));
        let Some(given) = given else { return (DEFAULT_LISTEN, Origin::Default) };
        let Some(addr) = parse_listen(&given.text) else {
            let what = "write HOST:PORT with an IP address or localhost, such as 127.0.0.1:8080; port 0 picks a free one";
            self.problems.push(given.problem("listen", what));
            return (DEFAULT_LISTEN, Origin::Default);
        };
        if !addr.ip().is_loopback() && !no_auth {
            let what = "other machines could start code here, for there is no authentication yet; add --no-auth if that is wanted";
            self.problems.push(given.problem("listen", what));
        }
        (addr, given.origin)
    }

    fn python(&mut self) -> Option<PathBuf> {
        let flag = self.flags.python.as_ref().map(|path| ("--python", path.display().to_string()));
        let given = self.given("python", flag, "WINGBEAT_PYTHON")?;
        let path = absolute(Path::new(&given.text), self.around);
        if find_interpreter(&path).is_some() {
            return Some(path);
        }
        let what = if path.exists() { "there is no Python interpreter in it" } else { "it does not exist" };
        self.problems.push(given.problem("python", what));
        None
    }

    fn parallelism(&mut self) -> Option<u32> {
        let flag = self.flags.parallelism.clone().map(|text| ("--parallelism", text));
        let given = self.given("parallelism", flag, "WINGBEAT_PARALLELISM")?;
        let slots = given.text.parse().ok().filter(|slots| (1..=MOST_SLOTS).contains(slots));
        if slots.is_none() {
            let what = format!("write a whole number from 1 to {MOST_SLOTS}");
            self.problems.push(given.problem("parallelism", what));
        }
        slots
    }

    fn executor(&mut self) -> ExecutorKind {
        let flag = self.flags.executor.clone().map(|text| ("--executor", text));
        let Some(given) = self.given("executor", flag, "WINGBEAT_EXECUTOR") else {
            return ExecutorKind::Process;
        };
        ExecutorKind::parse(&given.text).unwrap_or_else(|| {
            self.problems.push(given.problem("executor", "write process or simulated"));
            ExecutorKind::Process
        })
    }

    fn isolation(&mut self) -> Isolation {
        let flag = self.flags.isolation.clone().map(|text| ("--isolation", text));
        let Some(given) = self.given("isolation", flag, "WINGBEAT_ISOLATION") else {
            return DEFAULT_ISOLATION;
        };
        Isolation::parse(&given.text).unwrap_or_else(|| {
            self.problems.push(given.problem("isolation", "write reuse, warm or process"));
            DEFAULT_ISOLATION
        })
    }

    fn warm_idle(&mut self) -> u64 {
        let flag = self.flags.warm_idle.clone().map(|text| ("--warm-idle", text));
        let Some(given) = self.given("warm_idle", flag, "WINGBEAT_WARM_IDLE") else { return WARM_IDLE.0 };
        let seconds = given.text.parse().ok().filter(|seconds| (1..=WARM_IDLE.1).contains(seconds));
        seconds.unwrap_or_else(|| {
            let what = format!("write whole seconds from 1 to {}", WARM_IDLE.1);
            self.problems.push(given.problem("warm_idle", what));
            WARM_IDLE.0
        })
    }

    fn list(&self, key: &str, flags: &[String], flag: &'static str, variable: &'static str) -> Vec<String> {
        let by_flag = (!flags.is_empty()).then(|| (flag, flags.join(",")));
        let given = self.given(key, by_flag, variable);
        let text = given.map(|given| given.text).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

fn read_file(
    flags: &UpArguments,
    around: &Surroundings,
    data: &Path,
    problems: &mut Vec<String>,
) -> ConfigFile {
    let (path, named) = match (&flags.config, around.variable("WINGBEAT_CONFIG")) {
        (Some(path), _) => (absolute(path, around), true),
        (None, Some(path)) => (absolute(Path::new(path), around), true),
        (None, None) => (data.join("config.toml"), false),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => config_file::parse(&path, &text, problems),
        // A data folder that cannot be one is told when it is made.
        Err(error) if !named && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            ConfigFile::default()
        }
        Err(error) => {
            problems.push(format!("{}: {error}", path.display()));
            ConfigFile::default()
        }
    }
}

fn kept_listen(data: &Path) -> Option<Given> {
    let path = data.join(LISTEN_FILE);
    let text = std::fs::read_to_string(&path).ok()?.trim().to_owned();
    Some(Given { text, origin: Origin::Kept(path) })
}

fn parse_listen(text: &str) -> Option<SocketAddr> {
    if let Ok(addr) = text.parse() {
        return Some(addr);
    }
    let port = text.strip_prefix("localhost:")?.parse().ok()?;
    Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
}

/// `path`, a program, or the program in `path`, a virtual environment or its `bin`.
fn find_interpreter(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path.to_owned());
    }
    ["bin/python", "bin/python3", "python", "python3"]
        .iter()
        .map(|name| path.join(name))
        .find(|candidate| candidate.is_file())
}

/// Symbolic links stay: a virtual environment's interpreter is one, and works only by its own name.
fn absolute(path: &Path, around: &Surroundings) -> PathBuf {
    match &around.working_folder {
        Some(folder) => folder.join(path),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
