//! The only door to background tasks: each has a name, and shutdown joins all of them.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// Background tasks of one server.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
    failed: CancellationToken,
    #[cfg(feature = "simulation")]
    mortality: crate::simulation::Mortality,
}

impl Tasks {
    /// Starts a task that ends by itself or when [`Tasks::cancelled`] resolves in it.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let span = tracing::debug_span!("server.task", name);
        let failed = self.failed.clone();
        #[cfg(feature = "simulation")]
        let task = self.mortality.bind(task);
        self.tracker.spawn(
            async move {
                if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                    tracing::error!(name, "a part of the server broke; it has to start anew");
                    failed.cancel();
                }
            }
            .instrument(span),
        );
    }

    /// How a simulation kills all tasks at once.
    #[cfg(feature = "simulation")]
    pub(crate) fn mortality(&self) -> &crate::simulation::Mortality {
        &self.mortality
    }

    /// Resolves when a task broke. What is stored is whole; a new start heals.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Resolves when the server shuts down.
    pub async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// A token that is cancelled when the server shuts down.
    pub fn token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Tells every task to end.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Waits until every task has ended.
    pub async fn join(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
