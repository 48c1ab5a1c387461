//! One attempt of a task's body, in this process: decodes its inputs, runs it where it may ask for everything, and
//! encodes what it gave. A panic is an error like others.

use std::future::Future;

use wingbeat_proto::flyteidl2::task::NamedLiteral;

use crate::context::Scope;
use crate::failure::{Error, Result};
use crate::panics;
use crate::task::{TaskDef, TaskInputs};
use crate::value::{Outputs, TaskReturn};

/// Runs the body once.
pub(crate) async fn run(
    task: &'static TaskDef,
    literals: &[NamedLiteral],
    scope: Scope,
) -> Result<Vec<NamedLiteral>> {
    let inputs = TaskInputs { params: task.params, literals };
    // The body is made inside the scope: a default may ask for the context too.
    scope.enter(panics::catch(async { (task.run)(&inputs)?.await })).await
}

/// The body of a task that is an `async fn`.
pub async fn run_async<R: TaskReturn>(body: impl Future<Output = R>) -> Result<R::Output> {
    body.await.into_result()
}

/// The body of a task that is a plain `fn`: it may block, so it gets a thread on which that harms nobody.
pub async fn run_blocking<R: TaskReturn>(body: impl FnOnce() -> R + Send + 'static) -> Result<R::Output> {
    let scope = Scope::current();
    if tokio::runtime::Handle::try_current().is_err() {
        return body().into_result();
    }
    let work = move || {
        let inner = || panics::catch_sync(|| body().into_result());
        match scope {
            Some(scope) => scope.enter_sync(inner),
            None => inner(),
        }
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::system("Stopped", format!("the thread of a task is gone: {error}"))),
    }
}

/// What a body gave, as literals.
pub async fn encode_outputs<T: Outputs>(body: impl Future<Output = Result<T>>) -> Result<Vec<NamedLiteral>> {
    Ok(body.await?.to_literals()?)
}
