//! `#[task]`: the function becomes a call that a controller may run elsewhere, and a definition that a process finds
//! by its name.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Expr, ExprLit, ItemFn, Lit, Meta, Result};

use crate::options::TaskOptions;
use crate::signature::{self, Signature};

pub(crate) fn expand(options: &TaskOptions, mut function: ItemFn) -> Result<TokenStream> {
    // Before anything is taken out of it: it is what the version of the cache is made of.
    let source = quote!(#function).to_string();
    let signature = signature::read(&mut function, "a task")?;
    let definition = definition(options, &function, &signature, &source);
    let call = call(&signature);
    let assertions = signature.assertions();
    let body = body(&function);

    let ItemFn { attrs, vis, sig, .. } = &function;
    let name = &sig.ident;
    let inputs = plain_arguments(&signature);
    let output = &signature.output;
    Ok(quote! {
        #(#attrs)*
        #vis fn #name(#inputs) -> ::wingbeat::Call<<#output as ::wingbeat::TaskReturn>::Output> {
            #assertions
            #body
            #definition
            #call
        }
    })
}

/// The user's function, unchanged, within the one that others see.
fn body(function: &ItemFn) -> TokenStream {
    let mut inner = function.clone();
    inner.sig.ident = format_ident!("__body");
    inner.vis = syn::Visibility::Inherited;
    inner.attrs.retain(|attribute| !attribute.path().is_ident("doc"));
    quote! {
        #[allow(clippy::unused_async, reason = "a task may be async without waiting for anything")]
        #inner
    }
}

fn plain_arguments(signature: &Signature) -> TokenStream {
    let (names, types) = (signature.names(), signature.types());
    quote!(#(#names: #types),*)
}

/// How the body is run: on the runtime, or on a thread where it may block.
pub(crate) fn run(signature: &Signature) -> TokenStream {
    let names = signature.names();
    if signature.is_async {
        quote!(::wingbeat::__private::run_async(__body(#(#names),*)))
    } else {
        quote!(::wingbeat::__private::run_blocking(move || __body(#(#names),*)))
    }
}

fn call(signature: &Signature) -> TokenStream {
    let (names, types) = (signature.names(), signature.types());
    let encode = signature.encode();
    let run = run(signature);
    quote! {
        ::wingbeat::__private::call::<(#(#types,)*), _>(
            &__TASK,
            (#(#names,)*),
            |arguments| { #encode },
            |(#(#names,)*)| ::std::boxed::Box::pin(#run),
        )
    }
}

fn definition(options: &TaskOptions, function: &ItemFn, signature: &Signature, source: &str) -> TokenStream {
    let function_name = signature::plain(&function.sig.ident);
    let name = match &options.name {
        Some(name) => quote!(#name),
        None => quote!(#function_name),
    };
    let environment = match &options.env {
        Some(env) => quote!(&#env),
        None => quote!({
            static DEFAULT: ::wingbeat::Environment =
                ::wingbeat::Environment::new(::core::env!("CARGO_CRATE_NAME"));
            &DEFAULT
        }),
    };
    let (params, settings) = (signature.params(), &options.settings);
    let (names, types) = (signature.names(), signature.types());
    let keys = signature.arguments.iter().map(signature::Argument::key);
    let ordinals = 0..signature.arguments.len();
    let docs = docs(&function.attrs);
    let output = &signature.output;
    let run = run(signature);
    quote! {
        static __TASK: ::wingbeat::__private::TaskDef = ::wingbeat::__private::TaskDef {
            name: #name,
            environment: #environment,
            settings: ::wingbeat::__private::TaskSettings::new() #(#settings)*,
            params: &[#(#params),*],
            outputs: <#output as ::wingbeat::TaskReturn>::variables,
            // No name that an argument may have.
            run: |__inputs| {
                #(let #names: #types = __inputs.take(#ordinals, #keys)?;)*
                ::core::result::Result::Ok(::std::boxed::Box::pin(::wingbeat::__private::encode_outputs(#run)))
            },
            docs: #docs,
            source: #source,
            module: ::core::module_path!(),
            made: ::wingbeat::__private::Made::new(),
        };
        ::wingbeat::__private::inventory::submit! { ::wingbeat::__private::Registered(&__TASK) }
    }
}

/// The text of the doc comments.
fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}
