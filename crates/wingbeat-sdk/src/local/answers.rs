//! What people would answer, in a local run: values that were given beforehand, or a function that asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use wingbeat_proto::flyteidl2::workflow::ConditionAction;

use crate::condition::CONDITION_FAILED;
use crate::failure::{Error, Result};

/// Asks a person for the text of an answer; blocking.
type Ask = dyn Fn(&ConditionAction) -> Result<String> + Send + Sync;

/// Where the answers to conditions come from.
#[derive(Clone, Default)]
pub struct Answers {
    given: BTreeMap<String, String>,
    ask: Option<Arc<Ask>>,
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.given.keys().collect();
        f.debug_struct("Answers").field("given", &names).finish_non_exhaustive()
    }
}

impl Answers {
    /// An answer to the condition of this name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.given.insert(name.into(), value.to_string());
        self
    }

    /// Asks for what was not given.
    #[must_use]
    pub fn asking(
        mut self,
        ask: impl Fn(&ConditionAction) -> Result<String> + Send + Sync + 'static,
    ) -> Self {
        self.ask = Some(Arc::new(ask));
        self
    }

    /// The text of the answer. Waits for a person on a thread where that harms nobody.
    pub(crate) async fn find(&self, condition: &ConditionAction) -> Result<String> {
        if let Some(given) = self.given.get(&condition.name) {
            return Ok(given.clone());
        }
        let Some(ask) = self.ask.clone() else {
            let text = format!("nobody answers `{}` here; give the answer with the run", condition.name);
            return Err(Error::user(CONDITION_FAILED, text).not_recoverable());
        };
        let condition = condition.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&condition)).await;
        asked.unwrap_or_else(|error| Err(Error::system("Stopped", error)))
    }
}
