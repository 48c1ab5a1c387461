//! Waits for a store inside a simulation, where time stands still meanwhile.

use futures::executor::block_on;
use tokio::task::unconstrained;

/// The result of `work`, which other threads make ready. Unconstrained: the runtime around it would have it yield after
/// many steps, and is never asked again before the end.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    block_on(unconstrained(work))
}
