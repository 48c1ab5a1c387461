//! `#[derive(Columns)]`: a struct whose fields name the columns of a table. No value of it is ever needed.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Error, Result};

use crate::value::{attributes, fields};

pub(crate) fn expand(item: &DeriveInput) -> Result<TokenStream> {
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(&item.generics, "the columns of a table are fixed: no parameters"));
    }
    // The name is for the struct as a value, which it may be, too.
    attributes::read(&item.attrs, &["name"])?;
    let plans = fields::named(item, &["name"])?;
    if plans.is_empty() {
        let text = "there is no field: a table of any columns is a DataFrame";
        return Err(Error::new_spanned(&item.ident, text));
    }
    let name = &item.ident;
    let idents: Vec<_> = plans.iter().map(|plan| plan.ident).collect();
    let columns = plans.iter().map(|plan| {
        let (key, ty) = (&plan.key, plan.ty);
        quote_spanned! {ty.span()=>
            ::wingbeat::Column {
                name: ::std::string::String::from(#key),
                kind: <#ty as ::wingbeat::ColumnValue>::kind(),
            }
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl ::wingbeat::Columns for #name {
            fn columns() -> ::std::vec::Vec<::wingbeat::Column> {
                ::std::vec![#(#columns),*]
            }
        }
        // The fields name columns; that nobody reads or fills them is no mistake of the user's.
        const _: () = {
            #[allow(dead_code, reason = "the fields name columns")]
            fn names(all: #name) -> #name {
                #name { #(#idents: all.#idents),* }
            }
        };
    })
}
