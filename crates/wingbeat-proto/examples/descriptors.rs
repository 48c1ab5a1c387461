//! Writes [`wingbeat_proto::DESCRIPTOR_SET`] to standard output, for tools that compare or read it.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(wingbeat_proto::DESCRIPTOR_SET)
}
