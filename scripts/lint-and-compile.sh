#!/bin/sh
# Stands between cargo and the compiler (RUSTC_WORKSPACE_WRAPPER): clippy's driver compiles as rustc does, and lints,
# so that one pass over all crates is enough where `cargo clippy` and `cargo test` would make two. Generated code is
# compiled only: linting it takes long and says nothing.
case " $* " in
*" --crate-name wingbeat_proto "*) exec "$@" ;;
*) exec clippy-driver "$@" ;;
esac
