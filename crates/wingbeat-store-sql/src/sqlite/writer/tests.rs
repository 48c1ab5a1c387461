use std::any::Any;
use std::path::Path;

use futures::future::join_all;
use tempfile::{TempDir, tempdir};
use wingbeat_model::{Changes, Digest, Loaded, Needs, RunId, Seq, UnitOfWork};

use super::{Fault, Writer};
use crate::sqlite::open::connect_writer;
use crate::sqlite::queries;
use crate::sqlite::row::{find, first};

/// A unit that stores a spec, or fails on the way.
struct Put {
    byte: u8,
    size: usize,
    needs: Needs,
    panics: bool,
}

fn put(byte: u8) -> Put {
    Put { byte, size: 10, needs: Needs::default(), panics: false }
}

impl UnitOfWork for Put {
    fn needs(&self, _loaded: &Loaded) -> Needs {
        self.needs.clone()
    }

    fn decide(&mut self, _loaded: Loaded, _seq: Seq) -> Changes {
        assert!(!self.panics, "a bug in a decision");
        let specs = (0..self.size).step_by(1_000).map(|at| {
            let mut digest = [self.byte; 32];
            digest[..8].copy_from_slice(&at.to_be_bytes());
            (Digest(digest), vec![self.byte; 1_000])
        });
        Changes { specs: specs.collect(), ..Changes::default() }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

fn start(folder: &TempDir, prepare: &str) -> Writer {
    let db = connect_writer(&folder.path().join("meta.db")).expect("opens");
    db.execute_batch(prepare).expect("prepares");
    Writer::start(db).expect("starts")
}

async fn stored_specs(writer: &Writer) -> i64 {
    let count = |db: &rusqlite::Connection| {
        Ok(db.query_row("SELECT count(*) FROM spec", [], |row| row.get::<_, i64>(0))?)
    };
    writer.call(count).await.expect("reads")
}

fn stored_head(path: &Path) -> i64 {
    let db = connect_writer(path).expect("opens");
    find(&db, &queries::HEAD_READ, [], first).expect("reads").expect("the row is there")
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_written() {
    let folder = tempdir().expect("a folder");
    // SQLite answers a full disk and a full database file with the same code.
    let writer = start(&folder, "PRAGMA max_page_count = 120");
    let (_, small) = writer.commit(Box::new(put(1))).await.expect("has space");
    let full = writer.commit(Box::new(Put { size: 1_000_000, ..put(2) })).await;
    assert!(matches!(full, Err(Fault::DiskFull)));
    assert_eq!(stored_specs(&writer).await, 1);
    let (_, next) = writer.commit(Box::new(put(3))).await.expect("still has space for a small one");
    assert_eq!((small, next), (Seq(1), Seq(2)));
    assert_eq!(stored_specs(&writer).await, 2);
}

#[tokio::test]
async fn a_failed_unit_is_undone_alone() {
    let folder = tempdir().expect("a folder");
    let writer = start(
        &folder,
        "INSERT INTO run (id, org, project, domain, name, created_at, created_by, spec, source, label_count,
            base, raw_prefix, start_time, queue, running, waiting_parents, overwrite_cache, cache_scope, changed)
        VALUES (1, '', '', '', '', 0, '', x'00', 0, 0, '', '', 0, '', 0, 0, 0, 99, 0)",
    );
    let damaged = Needs { runs: [RunId(1)].into(), ..Needs::default() };
    let units = [put(1), Put { panics: true, ..put(2) }, put(3), Put { needs: damaged, ..put(4) }, put(5)];
    let outcomes = join_all(units.into_iter().map(|unit| writer.commit(Box::new(unit)))).await;
    let shown = outcomes.iter().map(|outcome| match outcome {
        Ok((_, seq)) => format!("{}", seq.0),
        Err(Fault::Corrupt(what)) => what.clone(),
        Err(Fault::Unavailable(cause) | Fault::Lost(cause)) => cause.to_string(),
        Err(Fault::DiskFull) => "full".to_owned(),
    });
    let wanted = ["1", "a unit of work panicked", "2", "run_get.sql", "3"];
    for (shown, wanted) in shown.zip(wanted) {
        assert!(shown.contains(wanted), "{shown} instead of {wanted}");
    }
    assert_eq!(stored_specs(&writer).await, 3);
    let thread = writer.close().expect("the first to close it");
    thread.join().expect("ends");
    assert_eq!(stored_head(&folder.path().join("meta.db")), 3);
}
