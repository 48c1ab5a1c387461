//! Rows as both databases keep them: which column holds what, in which order, and by which number.
//! Knows nothing of connections and statements.

pub(crate) mod action;
pub(crate) mod attempt;
pub(crate) mod cache;
pub(crate) mod catalog;
pub(crate) mod cell;
pub(crate) mod codes;
pub(crate) mod parts;
pub(crate) mod queue;
pub(crate) mod readable;
pub(crate) mod run;
pub(crate) mod session;
pub(crate) mod tally;
