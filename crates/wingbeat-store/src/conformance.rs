//! What every metadata store must do, as tests that any store can run: see [`conformance_suite`].
//!
//! Each case gets an empty store. Cases panic when the store is at fault.

use std::any::Any;
use std::sync::Arc;

use wingbeat_model::{Changes, Loaded, Needs, Seq, UnitOfWork};

use crate::Metadata;

mod catalog;
mod commits;
mod concurrency;
mod feed;
mod listing;
mod paging;
mod roots;
pub mod rows;
mod sets;
mod views;

pub use catalog::{
    a_setting_is_set_once, newest_versions_of_tasks, projects, specs_are_stored_once,
    task_filters_and_orders, versions_of_a_task,
};
pub use commits::{
    absent_keys_are_left_out, actions_keep_every_state, attempts_keep_every_end, cache_entries_and_claims,
    counters_add_up, follow_ups_survive_until_done, rows_are_replaced, runs_keep_every_field,
    units_ask_in_rounds, units_without_changes_have_no_position, unusual_text_survives,
};
pub use concurrency::{
    counts_change_beside_the_rest, many_commits_at_once, reads_see_what_was_acknowledged,
    run_ids_are_never_given_twice,
};
pub use feed::{
    a_page_never_splits_a_position, changes_are_conflated, changes_come_in_order,
    ended_children_of_one_parent, roots_of_a_scope,
};
pub use listing::{every_filter_on_every_field, every_order, filters_take_text_literally, odd_filters};
pub use paging::{
    pages_join_to_the_whole_list, rows_may_change_between_pages, tokens_of_other_lists_are_refused,
};
pub use roots::{paused_runs, scopes_hold_their_roots};
pub use sets::{
    held_attempts, live_actions_by_key, live_children_come_in_chunks, queues_and_shares, replays_are_known,
    sessions_of_executors, waiters_come_oldest_first,
};

pub use views::{
    counts_below_some_parents, rows_before_a_position, sums_over_a_run, times_of_a_run,
    tokens_of_other_windows_are_refused, windows_by_phase_begin_anywhere, windows_of_a_run,
};

/// The store under test.
pub type Store = Arc<dyn Metadata>;

/// A unit of work that asks for given rows, round by round, and writes what a function says.
struct Step<F> {
    rounds: Vec<Needs>,
    write: Option<F>,
    loaded: Loaded,
}

impl<F: FnOnce(&Loaded, Seq) -> Changes + Send + 'static> UnitOfWork for Step<F> {
    fn needs(&self, loaded: &Loaded) -> Needs {
        // The first round that was not answered yet.
        let open = self.rounds.iter().find(|round| {
            let mut asked = loaded.asked.clone();
            !crate::take_new((*round).clone(), &mut asked).is_empty()
        });
        open.cloned().unwrap_or_default()
    }

    fn decide(&mut self, loaded: Loaded, seq: Seq) -> Changes {
        self.loaded = loaded;
        let write = self.write.take().expect("a store decides once");
        write(&self.loaded, seq)
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// Commits one step; what it saw, and its position.
async fn step<F>(store: &Store, rounds: Vec<Needs>, write: F) -> (Loaded, Seq)
where
    F: FnOnce(&Loaded, Seq) -> Changes + Send + 'static,
{
    let unit = Box::new(Step { rounds, write: Some(write), loaded: Loaded::default() });
    let (unit, seq) = store.commit(unit).await.expect("the commit works");
    let unit = unit.into_any().downcast::<Step<F>>().expect("the store gives back the unit that it got");
    (unit.loaded, seq)
}

/// Writes what `write` makes of the position.
async fn put<F>(store: &Store, write: F) -> Seq
where
    F: FnOnce(Seq) -> Changes + Send + 'static,
{
    step(store, Vec::new(), |_, seq| write(seq)).await.1
}

/// Loads rows and writes nothing.
async fn load(store: &Store, needs: Needs) -> Loaded {
    step(store, vec![needs], |_, _| Changes::default()).await.0
}

/// Makes one `#[tokio::test]` of each case. `$make` is a function whose future gives an empty store and
/// something to keep until the case ends, such as its folder; with `None` the case is left out.
#[macro_export]
macro_rules! conformance_suite {
    ($make:path) => {
        $crate::conformance_suite! { $make:
            a_page_never_splits_a_position
            a_setting_is_set_once
            absent_keys_are_left_out
            actions_keep_every_state
            attempts_keep_every_end
            cache_entries_and_claims
            changes_are_conflated
            changes_come_in_order
            ended_children_of_one_parent
            counters_add_up
            counts_below_some_parents
            counts_change_beside_the_rest
            every_filter_on_every_field
            every_order
            filters_take_text_literally
            follow_ups_survive_until_done
            held_attempts
            live_actions_by_key
            live_children_come_in_chunks
            many_commits_at_once
            newest_versions_of_tasks
            odd_filters
            pages_join_to_the_whole_list
            paused_runs
            projects
            queues_and_shares
            reads_see_what_was_acknowledged
            replays_are_known
            roots_of_a_scope
            rows_are_replaced
            rows_before_a_position
            rows_may_change_between_pages
            run_ids_are_never_given_twice
            runs_keep_every_field
            scopes_hold_their_roots
            sessions_of_executors
            specs_are_stored_once
            sums_over_a_run
            task_filters_and_orders
            times_of_a_run
            tokens_of_other_lists_are_refused
            tokens_of_other_windows_are_refused
            units_ask_in_rounds
            units_without_changes_have_no_position
            unusual_text_survives
            versions_of_a_task
            waiters_come_oldest_first
            windows_by_phase_begin_anywhere
            windows_of_a_run
        }
    };
    ($make:path: $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let Some((store, _kept)) = $make().await else { return };
                $crate::conformance::$case(store).await;
            }
        )*
    };
}
