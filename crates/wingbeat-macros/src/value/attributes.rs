//! What stands in `#[value(…)]`.

use syn::{Attribute, Expr, LitStr, Result};

/// What a field is that is missing.
#[derive(Default)]
pub(crate) enum FieldDefault {
    /// It may not be.
    #[default]
    Absent,
    /// That of its type.
    OfType,
    /// This.
    Value(Box<Expr>),
}

/// On a struct, an enum, a field or a variant; each takes what it knows.
#[derive(Default)]
pub(crate) struct ValueAttributes {
    /// Another name than Rust's.
    pub(crate) name: Option<String>,
    /// The value of an enum's member, where it is not its name.
    pub(crate) value: Option<String>,
    /// What a missing field is.
    pub(crate) default: FieldDefault,
    /// For people.
    pub(crate) description: Option<String>,
}

/// Reads all of them; a word that is not in `known` is refused.
pub(crate) fn read(attributes: &[Attribute], known: &[&str]) -> Result<ValueAttributes> {
    let mut read = ValueAttributes::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("value")) {
        attribute.parse_nested_meta(|meta| {
            let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if !known.contains(&word.as_str()) {
                let there_are = match known {
                    [] => "nothing can stand here".to_owned(),
                    known => format!("there are: {}", known.join(", ")),
                };
                return Err(meta.error(format!("`{word}` means nothing here; {there_are}")));
            }
            match word.as_str() {
                "name" => read.name = Some(meta.value()?.parse::<LitStr>()?.value()),
                "value" => read.value = Some(meta.value()?.parse::<LitStr>()?.value()),
                "description" => read.description = Some(meta.value()?.parse::<LitStr>()?.value()),
                _ if meta.input.peek(syn::Token![=]) => {
                    read.default = FieldDefault::Value(Box::new(meta.value()?.parse()?));
                }
                _ => read.default = FieldDefault::OfType,
            }
            Ok(())
        })?;
    }
    Ok(read)
}
