//! `#[trace]`: a function whose result is recorded, so that a task's next attempt does not run it again.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{ItemFn, Result};

use crate::signature;
use crate::task;

pub(crate) fn expand(mut function: ItemFn) -> Result<TokenStream> {
    let source = quote!(#function).to_string();
    let signature = signature::read(&mut function, "a traced step")?;
    let (params, assertions, encode) = (signature.params(), signature.assertions(), signature.encode());
    let (names, types, output) = (signature.names(), signature.types(), &signature.output);
    let run = task::run(&signature);

    let mut inner = function.clone();
    inner.sig.ident = format_ident!("__body");
    inner.vis = syn::Visibility::Inherited;
    inner.attrs.retain(|attribute| !attribute.path().is_ident("doc"));
    let ItemFn { attrs, vis, sig, .. } = &function;
    let (name, text) = (&sig.ident, signature::plain(&sig.ident));
    Ok(quote! {
        #(#attrs)*
        #vis async fn #name(#(#names: #types),*) -> ::wingbeat::Result<<#output as ::wingbeat::TaskReturn>::Output> {
            #assertions
            #[allow(clippy::unused_async, reason = "a step may be async without waiting for anything")]
            #inner
            static __STEP: ::wingbeat::__private::StepDef = ::wingbeat::__private::StepDef {
                name: #text,
                params: &[#(#params),*],
                outputs: <#output as ::wingbeat::TaskReturn>::variables,
                source: #source,
            };
            ::wingbeat::__private::step::<(#(#types,)*), _, _>(
                &__STEP,
                (#(#names,)*),
                |arguments| { #encode },
                |(#(#names,)*)| ::std::boxed::Box::pin(#run),
            )
            .await
        }
    })
}
