//! Where in its list a window begins: which requests make sense, and which window holds a given action. Lists that are
//! walked have no such places.

use connectrpc::ConnectError;
use wingbeat_model::{Action, ActionKey, ActionName, Run};
use wingbeat_proto::wingbeat::platform::v1::ListWindowRequest;
use wingbeat_store::{Window, WindowQuery, WindowSort, WindowStart};

use super::bad;
use crate::platform::Platform;
use crate::rpc::read_failed;

/// A list may change between the count of its rows and the window; so often it is counted anew.
const TRIES: usize = 5;

/// Refuses what makes no sense together.
pub(super) fn check(query: &WindowQuery, request: &ListWindowRequest) -> Result<(), ConnectError> {
    let has_bounds = query.started_from.is_some() || query.started_before.is_some();
    if has_bounds && query.sort != WindowSort::Started {
        return Err(bad("started_from, started_before", "they need sort SORT_STARTED"));
    }
    if let (Some(from), Some(before)) = (query.started_from, query.started_before)
        && before <= from
    {
        return Err(bad("started_before", "it must be later than started_from"));
    }
    let is_walked = is_searched(query) || (query.sort == WindowSort::Started && !query.phases.is_empty());
    let why = "not with text, group, or phases in the order SORT_STARTED";
    if matches!(query.start, WindowStart::Skip(skipped) if skipped > 0) && is_walked {
        return Err(bad("offset", &format!("{why}; go on with token instead")));
    }
    if request.containing.is_empty() {
        return Ok(());
    }
    if is_walked {
        return Err(bad("containing", why));
    }
    match query.start {
        WindowStart::Skip(0) => Ok(()),
        WindowStart::Skip(_) => Err(bad("containing", "it cannot be used together with offset")),
        WindowStart::After(_) => Err(bad("containing", "it cannot be used together with token")),
    }
}

/// Is the list looked through, as no index tells what fits?
fn is_searched(query: &WindowQuery) -> bool {
    !query.text.is_empty() || query.group.is_some()
}

/// Rows before the window, where somebody knows.
pub(super) fn offset(query: &WindowQuery) -> Option<i64> {
    match query.start {
        WindowStart::Skip(skipped) if !is_searched(query) => i64::try_from(skipped).ok(),
        WindowStart::Skip(_) | WindowStart::After(_) => None,
    }
}

/// The window that holds an action, of those that lie side by side; `query` begins there afterwards.
pub(super) async fn window_of(
    platform: &Platform,
    run: &Run,
    query: &mut WindowQuery,
    name: &str,
) -> Result<Window, ConnectError> {
    let name = ActionName::new(name).map_err(|error| bad("containing", &error.to_string()))?;
    let key = ActionKey { run: run.id, name };
    for _ in 0..TRIES {
        let action = platform.store.find_action(&key).await.map_err(read_failed)?;
        let Some(action) = action else {
            let text =
                format!("containing: action `{}` does not exist in run `{}`", key.name, run.key.name());
            return Err(ConnectError::not_found(text));
        };
        let Some(position) = query.position(&action) else { return Err(not_listed(query, &action)) };
        let before = platform.store.rows_before(query, &position).await.map_err(read_failed)?;
        query.start = WindowStart::Skip(before - before % query.limit);
        let window = platform.store.window(query).await.map_err(read_failed)?;
        if window.rows.iter().any(|row| row.key.name == key.name) {
            return Ok(window);
        }
    }
    let text =
        format!("containing: the list changes faster than action `{}` is found in it; ask again", key.name);
    Err(ConnectError::aborted(text))
}

fn not_listed(query: &WindowQuery, action: &Action) -> ConnectError {
    let name = &action.key.name;
    let why = match (&action.parent, &query.parent) {
        (None, _) => "it is the root, which no list holds".to_owned(),
        (Some(parent), Some(wanted)) if parent != wanted => format!("its parent is `{parent}`"),
        _ if !query.phases.is_empty() && !query.phases.contains(&action.phase()) => {
            format!("its phase is {:?} now", action.phase())
        }
        _ if action.started_at.is_none() => "it has not begun to run".to_owned(),
        _ => "it did not begin to run in that time".to_owned(),
    };
    ConnectError::not_found(format!("containing: action `{name}` is in the run, but not in this list: {why}"))
}
