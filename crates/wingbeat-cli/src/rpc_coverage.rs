//! `wingbeat rpc-coverage`: which RPCs the server answers, taken from its code. For `cargo xtask`.

use crate::arguments::RpcCoverage;
use crate::failure::Failure;
use crate::output;

/// Prints one `service method state` a line.
pub(crate) fn run(arguments: &RpcCoverage) -> Result<(), Failure> {
    let state = |served| if served { "served" } else { "unimplemented" };
    for rpc in wingbeat_server::coverage() {
        if arguments.json {
            output::json_line(&serde_json::json!({
                "service": rpc.service,
                "method": rpc.method,
                "state": state(rpc.served),
            }))?;
        } else {
            output::line(&format!("{} {} {}", rpc.service, rpc.method, state(rpc.served)))?;
        }
    }
    Ok(())
}
