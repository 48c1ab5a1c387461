//! Panics in users' code as user errors: the message, and where it was. The process stays alive.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use futures::FutureExt as _;

use crate::failure::Error;

/// Code of a panic.
pub const PANIC: &str = "Panic";

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes where panics are, and then does what was done before.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PLACE.set(info.location().map(ToString::to_string));
            before(info);
        }));
    });
}

/// Runs a future; a panic in it is an error.
pub(crate) async fn catch<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    watch();
    // What a panic leaves behind is dropped here: nobody sees it half done.
    AssertUnwindSafe(future).catch_unwind().await.unwrap_or_else(|payload| Err(error(payload.as_ref())))
}

/// Runs a function; a panic in it is an error.
pub(crate) fn catch_sync<T>(function: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    watch();
    panic::catch_unwind(AssertUnwindSafe(function)).unwrap_or_else(|payload| Err(error(payload.as_ref())))
}

fn error(payload: &(dyn Any + Send)) -> Error {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a value that is no text");
    match PLACE.take() {
        Some(place) => Error::user(PANIC, format!("panicked at {place}: {text}")),
        None => Error::user(PANIC, format!("panicked: {text}")),
    }
}
