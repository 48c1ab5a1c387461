//! `#[derive(Outputs)]`: a struct whose fields are the outputs of a task, as a Python `NamedTuple`'s are.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Result};

use crate::value::{attributes, fields};

pub(crate) fn expand(item: &DeriveInput) -> Result<TokenStream> {
    attributes::read(&item.attrs, &[])?;
    let plans = fields::named(item, &["name"])?;
    if plans.is_empty() {
        let text = "there is no field: a task that gives nothing returns ()";
        return Err(Error::new_spanned(&item.ident, text));
    }
    let name = &item.ident;
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    let idents: Vec<_> = plans.iter().map(|plan| plan.ident).collect();
    let types: Vec<_> = plans.iter().map(|plan| plan.ty).collect();
    let keys: Vec<&String> = plans.iter().map(|plan| &plan.key).collect();
    let places = 0..plans.len();
    let assertions = fields::assertions(&plans);
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::wingbeat::Outputs for #name #ty_generics #where_clause {
            fn variables() -> ::std::vec::Vec<(::std::string::String, ::wingbeat::__private::LiteralType)> {
                #(#assertions)*
                ::std::vec![#((
                    ::std::string::String::from(#keys),
                    <#types as ::wingbeat::Value>::literal_type(),
                )),*]
            }
            fn to_literals(
                &self,
            ) -> ::core::result::Result<
                ::std::vec::Vec<::wingbeat::__private::NamedLiteral>,
                ::wingbeat::ValueError,
            > {
                ::core::result::Result::Ok(::std::vec![
                    #(::wingbeat::__private::named_output(#keys, &self.#idents)?),*
                ])
            }
            fn from_literals(
                literals: &[::wingbeat::__private::NamedLiteral],
            ) -> ::core::result::Result<Self, ::wingbeat::ValueError> {
                ::core::result::Result::Ok(Self {
                    #(#idents: ::wingbeat::__private::output_named(literals, #places, #keys)?),*
                })
            }
        }
    })
}
