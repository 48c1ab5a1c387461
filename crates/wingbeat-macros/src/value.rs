//! `#[derive(Value)]`: a struct as the wire form of a dataclass, an enum without data as that of an enum.

pub(crate) mod attributes;
mod enumeration;
pub(crate) mod fields;
mod structure;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Error, Fields, Result};

pub(crate) fn expand(item: &DeriveInput) -> Result<TokenStream> {
    match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => structure::expand(item, &fields.named),
            Fields::Unit => structure::expand(item, &syn::punctuated::Punctuated::new()),
            Fields::Unnamed(fields) => {
                let text = "a value's fields need names: they are what other languages know them by";
                Err(Error::new_spanned(fields, text))
            }
        },
        Data::Enum(data) => enumeration::expand(item, &data.variants),
        Data::Union(data) => {
            Err(Error::new_spanned(data.union_token, "a union has no wire form; use a struct"))
        }
    }
}
