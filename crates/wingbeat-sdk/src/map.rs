//! The same task for many inputs, so many at once.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::call::Call;
use crate::context::{Scope, carried};
use crate::failure::{Error, Result};
use crate::local::spawned;
use crate::task::BoxFuture;
use crate::value::Outputs;

/// How many calls run at once where nothing is said: as many as a parent may have in flight anyway.
const CONCURRENCY: usize = 1_000;

/// Calls `task` for every item; results come in the order of the items.
///
/// The first failure ends it, and aborts the calls that still run; see [`Map::settled`].
pub fn map<I, F, T>(task: F, items: I) -> Map<I::IntoIter, F>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Call<T>,
{
    Map { items: items.into_iter(), task, concurrency: CONCURRENCY, group: None }
}

/// Many calls of one task, to be awaited.
#[must_use = "a map does nothing until it is awaited"]
pub struct Map<I, F> {
    items: I,
    task: F,
    concurrency: usize,
    group: Option<String>,
}

impl<I, F> fmt::Debug for Map<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}

impl<I, F, T> Map<I, F>
where
    I: Iterator + Send + 'static,
    F: FnMut(I::Item) -> Call<T> + Send + 'static,
    T: Outputs,
{
    /// At most so many calls run at once.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Under which name people see the calls together.
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.group = Some(name.into());
        self
    }

    /// Every result, whether good or bad: a failure ends nothing but its own call.
    ///
    /// # Errors
    /// There is no error that is not in the list.
    pub async fn settled(self) -> Vec<Result<T>> {
        let concurrency = self.concurrency;
        stream::iter(self.calls()).buffered(concurrency).collect().await
    }

    fn calls(self) -> impl Iterator<Item = BoxFuture<Result<T>>> {
        let Self { items, mut task, group, .. } = self;
        let scope = Scope::current();
        let is_local = scope.as_ref().is_some_and(|scope| scope.task.local.is_some());
        let mut name: Option<Arc<str>> = None;
        items.map(move |item| {
            let call = task(item);
            let name = name.get_or_insert_with(|| {
                let group = group.as_deref().unwrap_or("map");
                format!("{}_{group}", call.task().full_name()).into()
            });
            let call = call.in_group(name);
            // Elsewhere each call has a process of its own; here it should have a thread where one is free.
            if is_local { spawned(carried(call)) } else { Box::pin(call) }
        })
    }
}

impl<I, F, T> IntoFuture for Map<I, F>
where
    I: Iterator + Send + 'static,
    F: FnMut(I::Item) -> Call<T> + Send + 'static,
    T: Outputs,
{
    type Output = Result<Vec<T>>;
    type IntoFuture = BoxFuture<Result<Vec<T>>>;

    fn into_future(self) -> Self::IntoFuture {
        let concurrency = self.concurrency;
        Box::pin(async move {
            let results = stream::iter(self.calls()).buffered(concurrency);
            results.try_collect::<Vec<T>>().await.map_err(|error: Error| error)
        })
    }
}
