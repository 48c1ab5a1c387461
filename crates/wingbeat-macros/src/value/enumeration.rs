//! Enums without data: their names travel as inputs and outputs, their values as fields, as Python's do.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Error, Fields, Result, Token, Variant};

use super::attributes;
use crate::signature;

pub(super) fn expand(item: &DeriveInput, variants: &Punctuated<Variant, Token![,]>) -> Result<TokenStream> {
    let name = &item.ident;
    attributes::read(&item.attrs, &[])?;
    if variants.is_empty() {
        return Err(Error::new_spanned(name, "an enum without members has no values"));
    }
    if let Some(parameter) = item.generics.params.first() {
        return Err(Error::new_spanned(parameter, "an enum that is a value has no parameters"));
    }
    let (mut names, mut values, mut idents) = (Vec::new(), Vec::new(), Vec::new());
    for variant in variants {
        if !matches!(variant.fields, Fields::Unit) {
            let text =
                "members of an enum carry no data on the wire; use a struct with an optional field for each";
            return Err(Error::new_spanned(&variant.fields, text));
        }
        let attributes = attributes::read(&variant.attrs, &["name", "value"])?;
        let own = attributes.name.unwrap_or_else(|| signature::plain(&variant.ident));
        let value = attributes.value.unwrap_or_else(|| own.clone());
        if names.contains(&own) || values.contains(&value) {
            let text = format!("two members are called `{own}`, or have the value `{value}`");
            return Err(Error::new_spanned(variant, text));
        }
        values.push(value);
        names.push(own);
        idents.push(&variant.ident);
    }
    Ok(quote! {
        impl #name {
            #[doc(hidden)]
            const __MEMBERS: &'static [::wingbeat::__private::Member] =
                &[#(::wingbeat::__private::Member { name: #names, value: #values }),*];
        }
        #[automatically_derived]
        impl ::wingbeat::Value for #name {
            const TAG: &'static str = ::wingbeat::__private::ENUM;
            fn literal_type() -> ::wingbeat::__private::LiteralType {
                ::wingbeat::__private::enum_type(Self::__MEMBERS)
            }
            fn to_literal(&self) -> ::core::result::Result<::wingbeat::__private::Literal, ::wingbeat::ValueError> {
                let name = match self { #(Self::#idents => #names),* };
                ::core::result::Result::Ok(::wingbeat::__private::text_literal(name))
            }
            fn from_literal(
                literal: &::wingbeat::__private::Literal,
            ) -> ::core::result::Result<Self, ::wingbeat::ValueError> {
                const ALL: &[fn() -> #name] = &[#(|| #name::#idents),*];
                let ix = ::wingbeat::__private::member_of_literal(literal, Self::__MEMBERS)?;
                ::core::result::Result::Ok(ALL[ix]())
            }
            fn schema() -> ::wingbeat::__private::Json {
                ::wingbeat::__private::enum_schema(Self::__MEMBERS)
            }
            fn pack(
                &self,
                out: &mut ::wingbeat::__private::Packer,
            ) -> ::core::result::Result<(), ::wingbeat::ValueError> {
                out.text(match self { #(Self::#idents => #values),* });
                ::core::result::Result::Ok(())
            }
            fn unpack(
                input: &mut ::wingbeat::__private::Unpacker<'_>,
            ) -> ::core::result::Result<Self, ::wingbeat::ValueError> {
                const ALL: &[fn() -> #name] = &[#(|| #name::#idents),*];
                let ix = ::wingbeat::__private::unpack_member(input, Self::__MEMBERS)?;
                ::core::result::Result::Ok(ALL[ix]())
            }
        }
    })
}
