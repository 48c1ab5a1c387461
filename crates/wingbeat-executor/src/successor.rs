//! Ends what a dead executor left running, before its successor takes up work.
//!
//! Their attempts are lost: nobody can learn how a process ended that is not one's own child. The server
//! retries them as failures of the infrastructure, and must find no process of them alive.

use std::fs;

use crate::folder::DataFolder;
use crate::process::{GroupTrust, end_family};

/// Kills every recorded family and returns how many processes that were.
pub(crate) async fn end_leftovers(folder: &DataFolder) -> usize {
    let leftovers = folder.leftovers();
    let ended = leftovers.into_iter().map(|(record, family)| async move {
        let killed = match family {
            Some(family) => end_family(&family, GroupTrust::Recorded).await,
            None => 0,
        };
        if let Err(error) = fs::remove_file(&record) {
            tracing::warn!(%error, record = %record.display(), "could not remove a former executor's record");
        }
        killed
    });
    futures::future::join_all(ended).await.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::end_leftovers;
    use crate::environment::MARKER;
    use crate::folder::DataFolder;
    use crate::process::{FamilyMark, Launch, TaskProcess};
    use crate::testing::assignment;

    #[tokio::test]
    async fn a_successor_kills_what_is_on_record_and_clears_the_record() {
        let data = tempfile::tempdir().unwrap();
        let held = assignment().held;
        let former = DataFolder::open(data.path()).await.unwrap();
        let attempt = former.create_attempt(&held).unwrap();
        let marker = "successor-test".to_owned();
        former.record(&held, &FamilyMark::announce(marker.clone())).unwrap();
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
        former.record(&held, task.mark()).unwrap();
        drop(former);

        let successor = DataFolder::open(data.path()).await.unwrap();
        let (killed, _exit) = tokio::join!(end_leftovers(&successor), task.wait());
        assert_eq!(killed, 1);
        assert!(successor.leftovers().is_empty());
        assert_eq!(end_leftovers(&successor).await, 0);
    }
}
