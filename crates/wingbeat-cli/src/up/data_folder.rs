//! The data folder: made, checked, and locked, so that one platform at a time uses it.
//!
//! ```text
//! <data>/lock             held while `wingbeat up` runs; names its process
//! <data>/address          where clients find the server
//! <data>/listen           where it listens; reused by the next start
//! <data>/config.toml      the user's settings, if there are any
//! <data>/wingbeat.db      metadata
//! <data>/store/           objects: inputs, outputs, bundles, logs, reports
//! <data>/executor.sock    the server's socket for executors and tasks
//! <data>/executor-port/   certificate and join tokens of executors on other machines
//! <data>/executor/        the executor's own: lock, who it is, what it says
//! <data>/attempts/        working folders of attempts
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wingbeat_client::ADDRESS_FILE;

use crate::failure::Failure;

/// Where the last start listened.
pub(crate) const LISTEN_FILE: &str = "listen";

/// File systems whose locks and renames are not what `SQLite` and we need. Numbers of `statfs(2)`.
const NETWORK_FILE_SYSTEMS: [(u64, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x5346_414f, "AFS"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "CephFS"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
];

/// The longest path that a Unix socket can have: `sun_path` with its closing zero.
const MOST_SOCKET_PATH: usize = 107;

/// A data folder that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    // Closing it lets the next one in.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder if it is not there, and takes it.
    pub(crate) fn take(path: &Path) -> Result<Self, Failure> {
        refuse_network(path)?;
        refuse_too_long(path)?;
        make(path).map_err(|error| unusable(path, &error))?;
        let lock = lock(path)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The metadata's database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("wingbeat.db")
    }

    /// Root of the object store.
    pub(crate) fn store(&self) -> PathBuf {
        store_of(&self.path)
    }

    /// The server's socket for executors.
    pub(crate) fn socket(&self) -> PathBuf {
        socket_of(&self.path)
    }

    /// Writes down where the server listens, for clients and for the next start.
    pub(crate) fn keep_address(&self, listen: SocketAddr) -> Result<(), Failure> {
        let keep = |name: &str, text: String| {
            let path = self.path.join(name);
            replace(&path, &text).map_err(|error| unusable(&path, &error))
        };
        keep(LISTEN_FILE, format!("{listen}\n"))?;
        keep(ADDRESS_FILE, format!("{}\n", url(listen)))
    }
}

/// The root of the object store in a data folder.
pub(crate) fn store_of(data: &Path) -> PathBuf {
    data.join("store")
}

/// The server's socket in a data folder.
pub(crate) fn socket_of(data: &Path) -> PathBuf {
    data.join("executor.sock")
}

/// What belongs to the port for executors on other machines.
pub(crate) fn executor_port_of(data: &Path) -> PathBuf {
    data.join("executor-port")
}

/// How a client on this machine reaches a server that listens at `listen`.
pub(crate) fn url(listen: SocketAddr) -> String {
    let mut reachable = listen;
    if listen.ip().is_unspecified() {
        reachable.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{reachable}")
}

/// Makes a folder that only its owner may enter, with what is above it.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Puts `text` into `path` in one step: a reader sees the old file or the new one.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    fs::write(&name, text)?;
    fs::rename(&name, path)
}

fn refuse_network(path: &Path) -> Result<(), Failure> {
    // The folder may not be there yet; it will be on the file system of what is.
    let Some(existing) = path.ancestors().find(|folder| folder.exists()) else { return Ok(()) };
    let Some(name) = network_file_system(existing) else { return Ok(()) };
    Err(Failure::usage(format!("the data folder {} cannot be used", path.display()))
        .because(format!("it is on {name}, where two machines could write at once without noticing"))
        .advise("name a folder on a local disk with --data"))
}

/// The sockets in a data folder have paths, and those have a longest.
pub(crate) fn refuse_too_long(path: &Path) -> Result<(), Failure> {
    let socket = socket_of(path);
    let length = socket.as_os_str().len();
    if length <= MOST_SOCKET_PATH {
        return Ok(());
    }
    Err(Failure::usage(format!("the data folder {} cannot be used", path.display()))
        .because(format!(
            "the socket in it would have a path of {length} bytes, and the system takes {MOST_SOCKET_PATH}"
        ))
        .advise("name a folder with a shorter path with --data"))
}

#[cfg(target_os = "linux")]
fn network_file_system(path: &Path) -> Option<&'static str> {
    named(rustix::fs::statfs(path).ok()?.f_type)
}

#[cfg(target_os = "linux")]
fn named(kind: rustix::fs::FsWord) -> Option<&'static str> {
    // Some systems keep the number signed, and SMB's has the highest bit set.
    let kind = u64::from(u32::try_from(kind & 0xffff_ffff).ok()?);
    NETWORK_FILE_SYSTEMS.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

#[cfg(not(target_os = "linux"))]
fn network_file_system(_path: &Path) -> Option<&'static str> {
    None
}

fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join("lock");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(|error| unusable(&path, &error))?;
    match file.try_lock() {
        Ok(()) => {
            let write = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            write.map_err(|error| unusable(&path, &error))?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let owner = fs::read_to_string(&path).unwrap_or_default();
            let owner = match owner.trim() {
                "" => String::new(),
                pid => format!(" (process {pid})"),
            };
            Err(Failure::new(format!("the data folder {} is already in use", folder.display()))
                .because(format!("another `wingbeat up`{owner} has it"))
                .advise("use that one, stop it, or name another folder with --data"))
        }
        Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
    }
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be used", path.display()))
        .because(error.to_string())
        .advise("name another data folder with --data")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::DataFolder;

    #[test]
    fn a_folder_is_made_for_its_owner_and_used_once() {
        let root = tempfile::tempdir().expect("temporary folder");
        let path = root.path().join("a/b");
        let taken = DataFolder::take(&path).expect("a fresh folder");
        let mode = std::fs::metadata(&path).expect("folder").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);

        let told = DataFolder::take(&path).expect_err("it is taken").to_string();
        assert!(told.contains("already in use") && told.contains(&std::process::id().to_string()), "{told}");
        drop(taken);
        DataFolder::take(&path).expect("free again");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn network_file_systems_are_known_by_their_numbers() {
        let cases = [(0x6969, Some("NFS")), (0x0102_1997, Some("9P")), (0xef53, None)];
        for (number, name) in cases {
            assert_eq!(super::named(number), name, "{number:#x}");
        }
        // As some systems keep SMB2's number: with the sign stretched.
        assert_eq!(super::named(i64::from(0xfe53_4d42_u32.cast_signed())), Some("SMB2"));
    }

    #[test]
    fn a_path_that_no_socket_can_have_is_refused_by_its_length() {
        let root = tempfile::tempdir().expect("temporary folder");
        let told = DataFolder::take(&root.path().join("d".repeat(100))).expect_err("too long").to_string();
        assert!(told.contains("107") && told.contains("--data"), "{told}");
    }

    #[test]
    fn the_address_is_kept_for_clients_and_for_the_next_start() {
        let root = tempfile::tempdir().expect("temporary folder");
        let folder = DataFolder::take(root.path()).expect("folder");
        folder.keep_address("0.0.0.0:4711".parse().expect("address")).expect("kept");
        let read = |name: &str| std::fs::read_to_string(root.path().join(name)).expect("file");
        assert_eq!(read("listen"), "0.0.0.0:4711\n");
        assert_eq!(read("address"), "http://127.0.0.1:4711\n");
    }
}
