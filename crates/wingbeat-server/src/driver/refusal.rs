//! What becomes of a batch that the store did not take.

use wingbeat_engine::Command;
use wingbeat_store::CommitError;

use super::chain::Chain;
use super::{Driver, STORE_PAUSE, SubmitError, Waiting, boot};

impl Driver {
    /// Callers are told. Where nothing was written, internal work is kept for another try; where nobody knows,
    /// the rows do, and everything kept here is built from them anew.
    pub(super) async fn refused(&mut self, taken: Vec<Waiting>, error: CommitError) {
        tracing::error!(error = %Chain(&error), "commit failed");
        self.parts.metrics.refused(match error {
            CommitError::DiskFull => "disk_full",
            CommitError::Unavailable(_) => "unavailable",
            CommitError::Corrupt { .. } => "corrupt",
        });
        let (told, known) = match error {
            CommitError::DiskFull => (SubmitError::DiskFull, true),
            CommitError::Unavailable(_) => (SubmitError::Unavailable, false),
            // Rolled back. The command that met the bad row is found by trying one at a time.
            CommitError::Corrupt { .. } if taken.len() > 1 => {
                self.singly = taken.len();
                self.queue.put_back(taken);
                return;
            }
            CommitError::Corrupt { .. } => {
                for waiting in &taken {
                    if let Command::Claim { action, .. } = &waiting.command {
                        self.lock_scheduler().refused(action, false);
                    }
                }
                let asked = taken.into_iter().filter_map(|waiting| waiting.answer);
                asked.for_each(|place| self.settle(place, Err(SubmitError::Corrupt)));
                return;
            }
        };
        for waiting in taken {
            match waiting.answer {
                Some(place) => self.settle(place, Err(told.clone())),
                None if known => self.queue.push(waiting),
                None => (),
            }
        }
        tokio::time::sleep(STORE_PAUSE).await;
        if !known {
            self.rebuild().await;
        }
    }

    pub(super) async fn rebuild(&mut self) {
        while let Err(error) = boot::reload(self).await {
            tracing::error!(error = %Chain(&error), "the live rows cannot be read; trying again");
            tokio::select! {
                () = tokio::time::sleep(STORE_PAUSE) => (),
                () = self.tasks.cancelled() => return,
            }
        }
    }
}
