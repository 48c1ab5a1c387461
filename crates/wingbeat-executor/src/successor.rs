//! Ends what a dead executor left running and writes what it left unwritten, before its successor takes up work.
//!
//! Their attempts are lost: nobody can learn how a process ended that is not one's own child. The server
//! retries them as failures of the infrastructure, and must find no process of them alive. Their lines are not
//! lost: the files have them.

use std::fs;
use std::path::PathBuf;

use wingbeat_blob::BlobStore;

use crate::folder::{AttemptOutput, DataFolder, Leftover};
use crate::logs::salvage;
use crate::process::{GroupTrust, end_family};

/// What is still to be done when nothing runs any more. The records stay until it is.
#[derive(Debug)]
pub(crate) struct Estate {
    /// Processes that were ended.
    pub(crate) n_killed: usize,
    records: Vec<(PathBuf, Option<AttemptOutput>)>,
}

/// Kills every recorded family.
pub(crate) async fn end_leftovers(folder: &DataFolder) -> Estate {
    let leftovers = folder.leftovers();
    let ended = leftovers.into_iter().map(|Leftover { record, family, output }| async move {
        let killed = match family {
            Some(family) => end_family(&family, GroupTrust::Recorded).await,
            None => 0,
        };
        (killed, (record, output))
    });
    let ended = futures::future::join_all(ended).await;
    let n_killed = ended.iter().map(|(killed, _)| killed).sum();
    Estate { n_killed, records: ended.into_iter().map(|(_, record)| record).collect() }
}

impl Estate {
    /// Makes lines durable that the dead executor had not, and clears the records.
    pub(crate) async fn settle(self, store: &BlobStore) {
        // One after the other: each holds a chunk in memory, and there may be hundreds.
        for (record, output) in self.records {
            if let Some(output) = output {
                match salvage(store, &output).await {
                    Ok(0) => {}
                    Ok(n_lines) => tracing::info!(
                        n_lines,
                        prefix = output.log_prefix,
                        "saved lines of a former executor"
                    ),
                    Err(error) => {
                        tracing::error!(%error, prefix = output.log_prefix, "could not store lines of a former executor; the next one tries again");
                        continue;
                    }
                }
            }
            if let Err(error) = fs::remove_file(&record) {
                tracing::warn!(%error, record = %record.display(), "could not remove a former executor's record");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::end_leftovers;
    use crate::environment::MARKER;
    use crate::folder::DataFolder;
    use crate::process::{FamilyMark, Launch, TaskProcess};
    use crate::testing::assignment;
    use wingbeat_blob::BlobStore;

    #[tokio::test]
    async fn a_successor_kills_what_is_on_record_and_clears_the_record() {
        let data = tempfile::tempdir().unwrap();
        let held = assignment().held;
        let former = DataFolder::open(data.path()).await.unwrap();
        let attempt = former.create_attempt(&held).unwrap();
        attempt.make_work().unwrap();
        let marker = "successor-test".to_owned();
        attempt.record(&FamilyMark::announce(marker.clone()), "logs").unwrap();
        let mut task = TaskProcess::start(Launch {
            program: "/bin/sleep".into(),
            args: vec!["600".to_owned()],
            env: BTreeMap::from([(MARKER.to_owned(), marker.clone())]),
            folder: &attempt.work,
            stdin: None,
            stdout: &attempt.stdout,
            stderr: &attempt.stderr,
            marker,
        })
        .unwrap();
        attempt.record(task.mark(), "logs").unwrap();
        drop(former);

        let successor = DataFolder::open(data.path()).await.unwrap();
        let (estate, _exit) = tokio::join!(end_leftovers(&successor), task.wait());
        assert_eq!(estate.n_killed, 1);
        assert_eq!(successor.leftovers().len(), 1, "it stays on record until its lines are safe");
        let store = BlobStore::open_local(&data.path().join("objects")).unwrap();
        estate.settle(&store).await;
        assert!(successor.leftovers().is_empty());
        assert_eq!(end_leftovers(&successor).await.n_killed, 0);
    }
}
