//! Code bundles of the stock runtime, unpacked before it starts: it would start a process to do so.
//!
//! Whatever is unusual about a bundle is left to the runtime, which then unpacks it itself: nothing here is an error.

use std::io::{self, Cursor};
use std::path::Path;

use wingbeat_blob::BlobStore;
use wingbeat_blob::bundle::{UnpackLimits, unpack};

use super::{archive_name, flag, stays_within};

/// Larger ones are streamed by the runtime.
const MAX_ARCHIVE_BYTES: u64 = 16 << 20;

/// Puts the bundle of a command's `--tgz` where the runtime looks for it, with its sign that nothing is left to do.
pub(crate) async fn unpack_ahead(store: &BlobStore, work: &Path, args: &[String]) {
    let (Some(uri), Some(dest)) = (flag(args, "--tgz"), flag(args, "--dest")) else { return };
    let dest = Path::new(dest);
    let (true, Ok(path)) = (stays_within(dest), store.locate(uri)) else { return };
    let Ok(archive) = store.get_at_most(&path, MAX_ARCHIVE_BYTES).await else { return };
    let (folder, name) = (work.join(dest), archive_name(uri).to_owned());
    let unpacking = tokio::task::spawn_blocking(move || -> io::Result<()> {
        unpack(Cursor::new(&archive), &folder, UnpackLimits::default()).map_err(io::Error::other)?;
        std::fs::write(folder.join(&name), &archive)?;
        std::fs::write(folder.join(format!(".{name}.extracted")), "")
    });
    if let Err(error) = unpacking.await.map_err(io::Error::other).flatten() {
        tracing::debug!(%error, "a code bundle is left to the runtime");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bytes::Bytes;
    use wingbeat_blob::{BlobStore, Durability};

    use super::super::tests::archive;
    use super::unpack_ahead;

    /// Puts an archive into a store, and unpacks it ahead for a command with that `--dest`.
    async fn unpacked(root: &Path, archive: Vec<u8>, dest: &str) {
        let store = BlobStore::open_local(&root.join("store")).unwrap();
        let path = store.locate(&root.join("store/p/fast.tar.gz").display().to_string()).unwrap();
        store.put(&path, Bytes::from(archive), Durability::Cached).await.unwrap();
        let args = ["--tgz", &store.uri(&path), "--dest", dest].map(ToOwned::to_owned);
        std::fs::create_dir(root.join("work")).unwrap();
        unpack_ahead(&store, &root.join("work"), &args).await;
    }

    #[tokio::test]
    async fn the_runtime_finds_its_code_and_nothing_left_to_do() {
        let root = tempfile::tempdir().unwrap();
        unpacked(root.path(), archive(&[("tasks/main.py", "x = 1")]), ".").await;
        let work = root.path().join("work");
        assert_eq!(std::fs::read_to_string(work.join("tasks/main.py")).unwrap(), "x = 1");
        assert!(work.join("fast.tar.gz").exists() && work.join(".fast.tar.gz.extracted").exists());
    }

    #[tokio::test]
    async fn what_is_unusual_is_left_to_the_runtime() {
        let damaged = b"no archive".to_vec();
        let escaping = archive(&[("../../escaped", "x")]);
        let usual = archive(&[("main.py", "")]);
        for (archive, dest) in [(damaged, "."), (escaping, "."), (usual.clone(), "/elsewhere"), (usual, "..")]
        {
            let root = tempfile::tempdir().unwrap();
            unpacked(root.path(), archive, dest).await;
            assert!(!root.path().join("work/.fast.tar.gz.extracted").exists(), "{dest}");
            assert!(!root.path().join("escaped").exists() && !root.path().join("main.py").exists());
        }
    }
}
