//! What has to be true of a history when it is over.

use wingbeat_engine::invariants;
use wingbeat_model::{ActionKey, CacheStatus, Phase};

use super::plan::Plan;
use super::{Simulation, Summary};
use crate::Recorder;

impl Simulation {
    /// What has to be true when all is over.
    pub(super) fn account(mut self) -> Result<(Summary, Recorder), String> {
        self.watcher.look(&self.recorder)?;
        self.watcher.agrees(&self.recorder)?;
        let disagreements = self.recorder.disagreements();
        if !disagreements.is_empty() {
            return Err(disagreements.join("\n"));
        }
        for plan in &self.plans {
            let root = ActionKey::root(plan.run);
            if invariants::succeeded(&self.recorder.rows, &root) {
                self.summary.succeeded += 1;
                self.result_is_right(plan)?;
            }
        }
        self.summary.actions = self.recorder.rows.actions.len();
        self.summary.attempts = self.recorder.rows.attempts.len();
        Ok((self.summary, self.recorder))
    }

    /// A task that ran and succeeded has seen all its children succeed.
    fn result_is_right(&self, plan: &Plan) -> Result<(), String> {
        for (name, node) in &plan.nodes {
            let key = plan.key(name);
            let ran = self.recorder.rows.actions.get(&key).is_some_and(|action| {
                action.phase() == Phase::Succeeded && action.cache_status != CacheStatus::Hit
            });
            let unwell = node
                .children
                .iter()
                .find(|child| !invariants::succeeded(&self.recorder.rows, &plan.key(child)));
            if let (true, Some(child)) = (ran, unwell) {
                return Err(format!("{name} of {:?} succeeded without its child {child}", plan.run));
            }
        }
        Ok(())
    }
}
