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
