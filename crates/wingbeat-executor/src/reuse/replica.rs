//! One reused process as its attempts see it: they begin in it, hear how they end, and can be made to.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::line::{Order, Said};
use super::seat::Seat;
use crate::outcome::Exit;
use crate::process::FamilyMark;

/// A reused process that is there.
#[derive(Debug)]
pub(crate) struct Replica {
    mark: FamilyMark,
    pid: u32,
    orders: mpsc::UnboundedSender<Vec<u8>>,
    tenants: Mutex<HashMap<u64, Tenant>>,
    next_id: AtomicU64,
    killed: CancellationToken,
}

#[derive(Debug)]
struct Tenant {
    stage: watch::Sender<Stage>,
    seat: Seat,
}

#[derive(Debug, Clone)]
enum Stage {
    Ordered,
    Taken,
    Refused(String),
    Ended(i32),
    Lost(Loss),
}

/// How a process went from under an attempt.
#[derive(Debug, Clone)]
pub(crate) enum Loss {
    /// It ended, and nobody else was in it.
    Own(Exit),
    /// It ended while several attempts were in it; nobody knows whose doing it was.
    Shared(Exit),
    /// It was ended because of another attempt.
    Killed,
}

/// How an attempt in a reused process ended.
#[derive(Debug)]
pub(crate) enum End {
    /// As a process with this status would have.
    Status(i32),
    /// The process went.
    Lost(Loss),
}

/// What an attempt needs to begin.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// The command line of `a0`, its name first.
    pub(crate) args: Vec<String>,
    pub(crate) stdout: &'a Path,
    pub(crate) stderr: &'a Path,
}

/// An attempt in a reused process. Dropping it before its end ends the process.
#[derive(Debug)]
pub(crate) struct Tenancy {
    id: u64,
    replica: Arc<Replica>,
    stage: watch::Receiver<Stage>,
}

impl Replica {
    pub(super) fn new(mark: FamilyMark, pid: u32, orders: mpsc::UnboundedSender<Vec<u8>>) -> Self {
        Self {
            mark,
            pid,
            orders,
            tenants: Mutex::default(),
            next_id: AtomicU64::new(1),
            killed: CancellationToken::new(),
        }
    }

    /// Its number, for people.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// What its processes are found by.
    pub(crate) fn mark(&self) -> &FamilyMark {
        &self.mark
    }

    pub(super) fn begin(self: &Arc<Self>, seat: Seat, start: &Start<'_>) -> Tenancy {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (announce, stage) = watch::channel(Stage::Ordered);
        let order = Order::Run {
            run: id,
            env: &seat.env,
            args: &start.args,
            stdout: start.stdout,
            stderr: start.stderr,
        };
        let line = order.line();
        self.lock().insert(id, Tenant { stage: announce, seat });
        // One that has ended says so to those who are in it.
        if self.orders.send(line).is_err() {
            self.lose(|_| Loss::Killed);
        }
        Tenancy { id, replica: Arc::clone(self), stage }
    }

    /// Takes in what the process said. Returns why it should take no other attempt, if it said so.
    pub(super) fn hear(&self, said: Said) -> Option<String> {
        let id = said.id?;
        let mut tenants = self.lock();
        if let Some(waits) = said.waits
            && let Some(tenant) = tenants.get(&id)
        {
            tenant.seat.waits(waits);
        }
        let stage = match (said.refused, said.ended) {
            (Some(reason), _) => Stage::Refused(reason),
            (None, Some(status)) => Stage::Ended(status),
            (None, None) if said.taken => {
                if let Some(tenant) = tenants.get(&id) {
                    tenant.stage.send_replace(Stage::Taken);
                }
                return None;
            }
            (None, None) => return None,
        };
        let tenant = tenants.remove(&id);
        drop(tenants);
        let tenant = tenant?;
        let spent = Some(said.spent).filter(|reason| !reason.is_empty());
        if let Some(reason) = &spent {
            // Before its place is free for the next one.
            tenant.seat.spend(reason);
        }
        let Tenant { stage: announce, seat } = tenant;
        drop(seat);
        announce.send_replace(stage);
        spent
    }

    /// The process has gone with everything it left.
    pub(super) fn gone(&self, exit: Exit) {
        let killed = self.killed.is_cancelled();
        self.lose(|count| match (killed, count) {
            (true, _) => Loss::Killed,
            (false, 1) => Loss::Own(exit),
            (false, _) => Loss::Shared(exit),
        });
    }

    /// Resolves when it is to be killed.
    pub(super) async fn killed(&self) {
        self.killed.cancelled().await;
    }

    fn lose(&self, loss: impl Fn(usize) -> Loss) {
        let tenants = std::mem::take(&mut *self.lock());
        let loss = loss(tenants.len());
        for Tenant { stage, .. } in tenants.into_values() {
            stage.send_replace(Stage::Lost(loss.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Tenant>> {
        // No method can panic with a half-changed map.
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tenancy {
    /// The number of the process, for people.
    pub(crate) fn pid(&self) -> u32 {
        self.replica.pid
    }

    /// Waits until the process has taken the attempt. Harmless to cancel and to repeat.
    ///
    /// # Errors
    /// The reason why it did not; nothing of the attempt has run.
    pub(crate) async fn taken(&mut self) -> Result<(), String> {
        match self.reached(|stage| !matches!(stage, Stage::Ordered)).await {
            Stage::Refused(reason) => Err(reason),
            // The process says that it takes an attempt before it runs any of it.
            Stage::Lost(_) => Err("the reused process ended".to_owned()),
            Stage::Ordered | Stage::Taken | Stage::Ended(_) => Ok(()),
        }
    }

    /// Waits for the attempt's end. Harmless to cancel and to repeat.
    pub(crate) async fn ended(&mut self) -> End {
        match self.reached(Stage::is_last).await {
            Stage::Ended(status) => End::Status(status),
            Stage::Lost(loss) => End::Lost(loss),
            Stage::Refused(_) | Stage::Ordered | Stage::Taken => End::Lost(Loss::Killed),
        }
    }

    /// Cancels the attempt, and ends the process if that is not enough within `grace`.
    pub(crate) async fn stop(&mut self, grace: Duration) {
        // A process that has ended needs no order.
        let _gone = self.replica.orders.send(Order::Cancel { cancel: self.id }.line());
        if timeout(grace, self.ended()).await.is_err() {
            tracing::info!(pid = self.pid(), "a reused process ends: an attempt in it did not stop");
            self.replica.killed.cancel();
            self.ended().await;
        }
    }

    async fn reached(&mut self, wanted: impl FnMut(&Stage) -> bool) -> Stage {
        match self.stage.wait_for(wanted).await {
            Ok(stage) => stage.clone(),
            // The process's keeper is gone, so the process is.
            Err(_) => Stage::Lost(Loss::Killed),
        }
    }
}

impl Drop for Tenancy {
    fn drop(&mut self) {
        // Only when the supervising task was dropped or panicked: nobody may run without a supervisor.
        if !self.stage.borrow().is_last() {
            self.replica.killed.cancel();
        }
    }
}

impl Stage {
    fn is_last(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Ended(_) | Self::Lost(_))
    }
}
