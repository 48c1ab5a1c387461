//! Weighted fair shares: which project has had least of the executors' time for its weight.
//!
//! A project's account grows by the time that its attempts hold places, divided by its weight; whoever has the
//! smallest one is next. One that had nothing to do comes back level with the others: nobody saves shares up.

use std::collections::HashMap;

use wingbeat_model::{Share, ShareKey, Timestamp};

/// What a claim costs at once, in microseconds of a place: claims of one moment are shared too.
const CLAIM_COST: u64 = 10_000;

/// Keeps small differences of large weights.
const SCALE: u128 = 1_000_000;

#[derive(Debug, Default)]
struct Account {
    /// Scaled place-time over weight.
    used: u128,
    /// When it was served last, in claims: of two that stand level, the other one is next.
    turn: u64,
    /// Places it holds now.
    held: u32,
}

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Shares {
    accounts: HashMap<ShareKey, Account>,
    weights: HashMap<ShareKey, u32>,
    /// Where the one that was served last stood: whoever comes back starts here.
    level: u128,
    turns: u64,
    upto: Option<Timestamp>,
}

impl Shares {
    /// An operator set a weight.
    pub(super) fn observe(&mut self, share: &Share) {
        self.weights.insert(share.project.clone(), share.weight.max(1));
    }

    /// Charges everybody for the time until `now`.
    pub(super) fn advance(&mut self, now: Timestamp) {
        let Some(upto) = self.upto.replace(now) else { return };
        let Ok(elapsed) = u128::try_from(now.as_micros() - upto.as_micros()) else { return };
        for (project, account) in self.accounts.iter_mut().filter(|(_, account)| account.held > 0) {
            let weight = u128::from(self.weights.get(project).copied().unwrap_or(1));
            account.used += elapsed * u128::from(account.held) * SCALE / weight;
        }
    }

    /// The project has something to do that it did not have before.
    pub(super) fn wake(&mut self, project: &ShareKey) {
        let level = self.level;
        let account = self.accounts.entry(project.clone()).or_default();
        account.used = account.used.max(level);
    }

    /// Where the project stands; the smallest is next.
    pub(super) fn standing(&self, project: &ShareKey) -> (u128, u64) {
        self.accounts.get(project).map_or((self.level, 0), |account| (account.used, account.turn))
    }

    /// The project is given a place.
    pub(super) fn claim(&mut self, project: &ShareKey) {
        let weight = u128::from(self.weights.get(project).copied().unwrap_or(1));
        let account = self.accounts.entry(project.clone()).or_default();
        self.level = self.level.max(account.used);
        account.used += u128::from(CLAIM_COST) * SCALE / weight;
        self.turns += 1;
        account.turn = self.turns;
    }

    /// An attempt of the project begins (or ends) to hold a place.
    pub(super) fn hold(&mut self, project: &ShareKey, more: bool) {
        let account = self.accounts.entry(project.clone()).or_default();
        account.held = if more { account.held + 1 } else { account.held.saturating_sub(1) };
    }

    /// Forgets who holds what; weights and accounts stay.
    pub(super) fn empty(&mut self) {
        self.accounts.values_mut().for_each(|account| account.held = 0);
    }
}
