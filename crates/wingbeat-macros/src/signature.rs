//! The signature of a task or of a step: named arguments of owned types, some with defaults.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, Pat, Result, ReturnType, Type};

/// One argument.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) default: Option<Expr>,
}

impl Argument {
    /// The name on the wire.
    pub(crate) fn key(&self) -> String {
        plain(&self.name)
    }
}

/// A name without the mark of one that is a word of Rust's.
pub(crate) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text).to_owned()
}

/// What the macros need of a function.
pub(crate) struct Signature {
    pub(crate) arguments: Vec<Argument>,
    /// The whole type behind the arrow.
    pub(crate) output: TokenStream,
    pub(crate) is_async: bool,
}

/// Reads the signature and takes the attributes of arguments away, which only we understand.
pub(crate) fn read(function: &mut ItemFn, what: &str) -> Result<Signature> {
    let sig = &function.sig;
    if let Some(parameter) = sig.generics.params.first() {
        let text = format!("{what} cannot be generic: its types are a part of its interface");
        return Err(Error::new(parameter.span(), text));
    }
    if let Some(word) = &sig.unsafety {
        return Err(Error::new(word.span(), format!("{what} cannot be unsafe")));
    }
    if let Some(dots) = &sig.variadic {
        return Err(Error::new(dots.span(), format!("{what} has a fixed number of arguments")));
    }
    let output = match &sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => {
            refuse_borrowed(ty, "the result")?;
            ty.to_token_stream()
        }
    };
    let is_async = sig.asyncness.is_some();
    let arguments = function.sig.inputs.iter_mut().map(|argument| read_argument(argument, what));
    Ok(Signature { arguments: arguments.collect::<Result<_>>()?, output, is_async })
}

fn read_argument(argument: &mut FnArg, what: &str) -> Result<Argument> {
    let typed = match argument {
        FnArg::Typed(typed) => typed,
        FnArg::Receiver(receiver) => {
            return Err(Error::new(receiver.span(), format!("{what} is a free function, not a method")));
        }
    };
    let mut default = None;
    for attribute in std::mem::take(&mut typed.attrs) {
        if attribute.path().is_ident("default") {
            default = Some(attribute.parse_args::<Expr>()?);
        } else {
            typed.attrs.push(attribute);
        }
    }
    let Pat::Ident(pattern) = typed.pat.as_ref() else {
        let text = "an argument needs a name: it is how others give it a value";
        return Err(Error::new(typed.pat.span(), text));
    };
    refuse_borrowed(&typed.ty, "the argument")?;
    Ok(Argument { name: pattern.ident.clone(), ty: typed.ty.as_ref().clone(), default })
}

/// Values travel between processes, so they are owned.
fn refuse_borrowed(ty: &Type, what: &str) -> Result<()> {
    let text = match ty {
        Type::Reference(reference) => {
            let inner = reference.elem.to_token_stream().to_string();
            let owned = match inner.as_str() {
                "str" => "String",
                "[u8]" | "[u8 ]" => "Bytes",
                _ => "an owned type",
            };
            format!("{what} is a reference, but values travel between processes: take {owned} instead")
        }
        Type::ImplTrait(_) => format!("{what} needs a concrete type: it is a part of the interface"),
        _ => return Ok(()),
    };
    Err(Error::new(ty.span(), text))
}

/// A default as a value of its type; text may stand for whatever is made of text.
pub(crate) fn typed(default: &Expr, ty: &Type) -> TokenStream {
    match default {
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
            quote!({ let value: #ty = ::core::convert::Into::into(#default); value })
        }
        _ => quote!({ let value: #ty = #default; value }),
    }
}

impl Signature {
    /// Code that fails to compile, at the argument's type, where a type has no wire form.
    pub(crate) fn assertions(&self) -> TokenStream {
        let inputs = self.arguments.iter().map(|argument| {
            let ty = &argument.ty;
            quote_spanned!(ty.span()=> ::wingbeat::__private::assert_input::<#ty>();)
        });
        let output = &self.output;
        let output = quote_spanned!(output.span()=> ::wingbeat::__private::assert_output::<#output>(););
        quote!(const _: fn() = || { #(#inputs)* #output };)
    }

    pub(crate) fn names(&self) -> Vec<&Ident> {
        self.arguments.iter().map(|argument| &argument.name).collect()
    }

    pub(crate) fn types(&self) -> Vec<&Type> {
        self.arguments.iter().map(|argument| &argument.ty).collect()
    }

    /// `Param` values for the interface.
    pub(crate) fn params(&self) -> Vec<TokenStream> {
        let params = self.arguments.iter().map(|argument| {
            let (key, ty) = (argument.key(), &argument.ty);
            match &argument.default {
                None => quote!(::wingbeat::__private::Param::required::<#ty>(#key)),
                Some(default) => {
                    let value = typed(default, ty);
                    quote_spanned! {default.span()=>
                    ::wingbeat::__private::Param::with_default::<#ty>(#key, || {
                        ::wingbeat::__private::encode::<#ty>(#key, &#value)
                    })
                    }
                }
            }
        });
        params.collect()
    }

    /// Statements that encode every argument, from a tuple of them called `arguments`.
    pub(crate) fn encode(&self) -> TokenStream {
        let names = self.names();
        let keys: Vec<String> = self.arguments.iter().map(Argument::key).collect();
        quote! {
            let (#(#names,)*) = arguments;
            ::core::result::Result::Ok(::std::vec![
                #(::wingbeat::__private::named(#keys, ::wingbeat::__private::encode(#keys, #names)?)),*
            ])
        }
    }
}
