//! The attributes and derives of the Rust SDK.
//!
//! They only write code that names `::wingbeat`; what that code does is decided in `wingbeat-sdk`. What cannot work is
//! refused here, at the place in the user's source where it stands.

#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::single_match_else,
    reason = "syntax has many forms, and we name those that we know"
)]

mod columns;
mod duration;
mod options;
mod outputs;
mod signature;
mod task;
mod trace;
mod value;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemFn, parse_macro_input};

/// Makes a task of a function. The documentation is with the re-export in the crate `wingbeat`.
#[proc_macro_attribute]
pub fn task(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(arguments as options::TaskOptions);
    let function = parse_macro_input!(item as ItemFn);
    task::expand(&options, function).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a durable step of a function. The documentation is with the re-export in the crate `wingbeat`.
#[proc_macro_attribute]
pub fn trace(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let _: syn::parse::Nothing = parse_macro_input!(arguments);
    let function = parse_macro_input!(item as ItemFn);
    trace::expand(function).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Lets a struct or an enum be an input or an output. The documentation is with the re-export in the crate `wingbeat`.
#[proc_macro_derive(Value, attributes(value))]
pub fn value(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    value::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Lets a struct be the named outputs of a task. The documentation is with the re-export in the crate `wingbeat`.
#[proc_macro_derive(Outputs, attributes(value))]
pub fn outputs(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    outputs::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Lets a struct name the columns of a table. The documentation is with the re-export in the crate `wingbeat`.
#[proc_macro_derive(Columns, attributes(value))]
pub fn columns(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    columns::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}
