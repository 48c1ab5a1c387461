//! Structs: a schema with the fields, and a map with their values in the order of the declaration.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Error, Field, Ident, Result, Token, Type, parse_quote};

use super::attributes::{self, FieldDefault, ValueAttributes};
use super::fields::{self, FieldPlan};
use crate::signature;

pub(super) fn expand(item: &DeriveInput, fields: &Punctuated<Field, Token![,]>) -> Result<TokenStream> {
    let own = attributes::read(&item.attrs, &["name"])?;
    let title = own.name.unwrap_or_else(|| item.ident.to_string());
    let plans = fields::plans(fields, &["name", "default", "description"])?;
    let name = &item.ident;
    if let Some(lifetime) = item.generics.lifetimes().next() {
        return Err(Error::new_spanned(
            lifetime,
            "values travel between processes, so they own their fields",
        ));
    }
    let mut generics = item.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::wingbeat::Value));
    }
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let (schema, pack, unpack) = (schema(&title, &plans), pack(&plans), unpack(&title, &plans));
    let assertions = fields::assertions(&plans);
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::wingbeat::Value for #name #ty_generics #where_clause {
            const TAG: &'static str = ::wingbeat::__private::DATACLASS;
            fn literal_type() -> ::wingbeat::__private::LiteralType {
                ::wingbeat::__private::dataclass_type(&<Self as ::wingbeat::Value>::schema())
            }
            fn to_literal(&self) -> ::core::result::Result<::wingbeat::__private::Literal, ::wingbeat::ValueError> {
                ::wingbeat::__private::packed_literal(self)
            }
            fn from_literal(
                literal: &::wingbeat::__private::Literal,
            ) -> ::core::result::Result<Self, ::wingbeat::ValueError> {
                ::wingbeat::__private::unpacked_literal(literal)
            }
            #schema
            #pack
            fn unpack(
                input: &mut ::wingbeat::__private::Unpacker<'_>,
            ) -> ::core::result::Result<Self, ::wingbeat::ValueError> {
                #(#assertions)*
                #unpack
            }
        }
    })
}

fn schema(title: &str, plans: &[FieldPlan<'_>]) -> TokenStream {
    let fields = plans.iter().map(|FieldPlan { ty, key, attributes, .. }| {
        let description = attributes.description.as_deref().unwrap_or_default();
        match default_of(ty, attributes) {
            None => quote!(.required::<#ty>(#key, #description)),
            Some(default) => quote!(.optional::<#ty>(#key, #description, &#default)),
        }
    });
    quote! {
        fn schema() -> ::wingbeat::__private::Json {
            ::wingbeat::__private::ObjectSchema::of::<Self>(#title, |schema| schema #(#fields)*)
        }
    }
}

fn default_of(ty: &Type, attributes: &ValueAttributes) -> Option<TokenStream> {
    match &attributes.default {
        FieldDefault::Absent => None,
        FieldDefault::OfType => Some(quote!(<#ty as ::core::default::Default>::default())),
        FieldDefault::Value(expr) => Some(signature::typed(expr, ty)),
    }
}

fn pack(plans: &[FieldPlan<'_>]) -> TokenStream {
    let n_fields = plans.len();
    let fields = plans.iter().map(|FieldPlan { ident, key, .. }| {
        quote! {
            out.key(#key);
            ::wingbeat::Value::pack(&self.#ident, out).map_err(|error| error.within(#key))?;
        }
    });
    quote! {
        fn pack(
            &self,
            out: &mut ::wingbeat::__private::Packer,
        ) -> ::core::result::Result<(), ::wingbeat::ValueError> {
            out.map(#n_fields);
            #(#fields)*
            ::core::result::Result::Ok(())
        }
    }
}

fn unpack(title: &str, plans: &[FieldPlan<'_>]) -> TokenStream {
    let slots: Vec<Ident> = plans.iter().map(|plan| quote::format_ident!("field_{}", plan.ident)).collect();
    let types = plans.iter().map(|plan| plan.ty);
    let keys: Vec<&String> = plans.iter().map(|plan| &plan.key).collect();
    let idents = plans.iter().map(|plan| plan.ident);
    let fallbacks = plans.iter().map(|FieldPlan { ty, key, attributes, .. }| {
        default_of(ty, attributes).map_or_else(
            || quote!(::wingbeat::__private::missing_field::<#ty>(#title, #key)?),
            |default| quote!(#default),
        )
    });
    quote! {
        #(let mut #slots: ::core::option::Option<#types> = ::core::option::Option::None;)*
        input.map(#title, |key, input| {
            match key {
                #(#keys => {
                    let value = ::wingbeat::Value::unpack(input);
                    #slots = ::core::option::Option::Some(value.map_err(|error| error.within(#keys))?);
                })*
                // Another version of the same type: what it does not know, it leaves out.
                _ => input.skip()?,
            }
            ::core::result::Result::Ok(())
        })?;
        ::core::result::Result::Ok(Self {
            #(#idents: match #slots {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None => #fallbacks,
            },)*
        })
    }
}
