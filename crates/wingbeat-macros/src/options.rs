//! What stands in `#[task(…)]`: words and values, checked as far as they can be without types.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, Ident, Lit, Result, Token};

use crate::duration;

/// Every word that may stand there, for the message about one that may not.
const WORDS: &str = "env, name, short_name, retries, timeout, cache, queue, report, interruptible, entrypoint, \
                     cpu, memory, gpu, disk, secrets, triggers, links";

/// The parsed attribute.
#[derive(Default)]
pub(crate) struct TaskOptions {
    /// A static `Environment`.
    pub(crate) env: Option<Expr>,
    /// Another name than the function's.
    pub(crate) name: Option<Expr>,
    /// Calls of the builder of `TaskSettings`, in the order in which they were written.
    pub(crate) settings: Vec<TokenStream>,
}

struct Item {
    word: Ident,
    value: Expr,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let word: Ident = input.parse()?;
        // `report` alone means `report = true`.
        if !input.peek(Token![=]) {
            let value = syn::parse_quote_spanned!(word.span()=> true);
            return Ok(Self { word, value });
        }
        input.parse::<Token![=]>()?;
        Ok(Self { word, value: input.parse()? })
    }
}

impl Parse for TaskOptions {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for item in Punctuated::<Item, Token![,]>::parse_terminated(input)? {
            let word = item.word.to_string();
            if seen.contains(&word) {
                return Err(Error::new(item.word.span(), format!("`{word}` stands here twice")));
            }
            options.add(&word, &item)?;
            seen.push(word);
        }
        Ok(options)
    }
}

impl TaskOptions {
    fn add(&mut self, word: &str, item: &Item) -> Result<()> {
        let value = &item.value;
        match word {
            "env" => self.env = Some(value.clone()),
            "name" => self.name = Some(value.clone()),
            "retries" => self.set("retries", &retries(value)),
            "timeout" => {
                let timeout = timeout(value)?;
                self.set("timeout", &timeout);
            }
            "cache" => {
                let cache = cache(value)?;
                self.set("cache", &cache);
            }
            "short_name" | "queue" | "report" | "interruptible" | "entrypoint" | "cpu" | "memory" | "gpu"
            | "disk" | "secrets" | "triggers" | "links" => self.set(word, &quote!(#value)),
            _ => {
                let text = format!("`{word}` is not an option of a task; there are: {WORDS}");
                return Err(Error::new(item.word.span(), text));
            }
        }
        Ok(())
    }

    fn set(&mut self, word: &str, value: &TokenStream) {
        let method = Ident::new(word, proc_macro2::Span::call_site());
        self.settings.push(quote!(.#method(#value)));
    }
}

fn retries(value: &Expr) -> TokenStream {
    match literal(value) {
        Some(Lit::Int(_)) => quote!(::wingbeat::Retries::times(#value)),
        _ => quote!(#value),
    }
}

fn timeout(value: &Expr) -> Result<TokenStream> {
    let Some(Lit::Str(text)) = literal(value) else { return Ok(quote!(#value)) };
    let milliseconds =
        duration::milliseconds(&text.value()).map_err(|what| Error::new(value.span(), what))?;
    Ok(quote!(::wingbeat::Timeout::after(::core::time::Duration::from_millis(#milliseconds))))
}

fn cache(value: &Expr) -> Result<TokenStream> {
    let Some(Lit::Str(text)) = literal(value) else { return Ok(quote!(#value)) };
    match text.value().as_str() {
        "auto" => Ok(quote!(::wingbeat::Cache::auto())),
        "disable" => Ok(quote!(::wingbeat::Cache::disabled())),
        other => {
            let text = format!(
                "`{other}` is no cache behaviour: it is \"auto\", \"disable\", or an expression such as Cache::version(\"v1\")"
            );
            Err(Error::new(value.span(), text))
        }
    }
}

fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}
