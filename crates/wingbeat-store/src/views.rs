//! What pictures of one large run are made of: sums that are kept, and windows that follow an index. Nothing here may
//! cost more for a run of a million actions than for one of a thousand.

use async_trait::async_trait;
use wingbeat_model::tally::Marks;
use wingbeat_model::{Action, ActionName, Phase, RunId, Tallied, Timestamp};

use crate::listing::contains_ignoring_case;
use crate::{ActionCounts, Cursor, Direction, ReadError};

/// What a window is sorted by; the name breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowSort {
    /// When actions were created.
    Created,
    /// When they started; those that have not are left out.
    Started,
}

/// Where in the list a window begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowStart {
    /// So many rows from its beginning.
    Skip(usize),
    /// Behind another window.
    After(Cursor),
}

/// Some of a run's actions; never its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowQuery {
    /// Of which run.
    pub run: RunId,
    /// Whose direct children; `None`: whosever.
    pub parent: Option<ActionName>,
    /// In which phases; none means any.
    pub phases: Vec<Phase>,
    /// In which group; an empty text is no group.
    pub group: Option<String>,
    /// What the name, the task's name or the group has to contain, whatever the case. Empty: anything.
    pub text: String,
    /// Started at or after this.
    pub started_from: Option<Timestamp>,
    /// Started before this.
    pub started_before: Option<Timestamp>,
    /// The order.
    pub sort: WindowSort,
    /// Which way.
    pub direction: Direction,
    /// At most this many rows.
    pub limit: usize,
    /// Where it begins.
    pub start: WindowStart,
    /// How many actions the run, or the parent, has as far as the caller knows: what tells stores the better way.
    pub population: usize,
    /// Where no index tells which rows fit, a store looks at about this many and then says how far it came.
    pub look: usize,
}

impl WindowQuery {
    /// Does the list hold an action? Where the window begins does not matter.
    pub fn fits(&self, action: &Action) -> bool {
        let has = |text: &str| contains_ignoring_case(text, &self.text);
        let since = self.started_from.is_none_or(|from| action.started_at.is_some_and(|at| at >= from));
        let before = self.started_before.is_none_or(|to| action.started_at.is_some_and(|at| at < to));
        action.parent.is_some()
            && self.parent.as_ref().is_none_or(|parent| action.parent.as_ref() == Some(parent))
            && (self.phases.is_empty() || self.phases.contains(&action.phase()))
            && self.group.as_ref().is_none_or(|group| action.group == *group)
            && (has(action.key.name.as_str()) || has(&action.task.name) || has(&action.group))
            && since
            && before
    }

    /// Where the list holds an action; `None`: it does not.
    pub fn position(&self, action: &Action) -> Option<Position> {
        let at = match self.sort {
            WindowSort::Created => action.created_at,
            WindowSort::Started => action.started_at?,
        };
        self.fits(action).then(|| Position { at, name: action.key.name.clone() })
    }
}

/// What a list is sorted by, of one of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The time that the list's order is about.
    pub at: Timestamp,
    /// Breaks ties.
    pub name: ActionName,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its rows.
    pub rows: Vec<Action>,
    /// Where to go on; `None`: there is no more. There may be more although `rows` is short.
    pub next: Option<Cursor>,
}

/// See the module's text.
#[async_trait]
pub trait RunViews: Send + Sync {
    /// Counts of some actions' direct children, sorted by parent, group and phase.
    async fn counts_below(&self, run: RunId, parents: &[ActionName]) -> Result<Vec<ActionCounts>, ReadError>;
    /// How many actions of a run, its root left out, stand where.
    async fn standings(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError>;
    /// What happened in a run, its root left out, by time.
    async fn moments(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError>;
    /// The times of a run's actions, its root left out, in no order; at most `limit` of them.
    async fn marks(&self, run: RunId, limit: usize) -> Result<Vec<Marks>, ReadError>;
    /// A window.
    async fn window(&self, query: &WindowQuery) -> Result<Window, ReadError>;
    /// How many rows a list has before a position, wherever the window begins.
    async fn rows_before(&self, query: &WindowQuery, position: &Position) -> Result<usize, ReadError>;
}
