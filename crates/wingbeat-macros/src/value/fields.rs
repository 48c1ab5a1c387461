//! Fields of a struct by the names that others know them by.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, Result, Type};

use super::attributes::{self, ValueAttributes};
use crate::signature;

pub(crate) struct FieldPlan<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) key: String,
    pub(crate) attributes: ValueAttributes,
}

/// The fields of a struct in braces; only the attributes in `known` may stand at them.
pub(crate) fn named<'a>(item: &'a DeriveInput, known: &[&str]) -> Result<Vec<FieldPlan<'a>>> {
    match &item.data {
        Data::Struct(data) if matches!(data.fields, Fields::Named(_) | Fields::Unit) => {
            plans(data.fields.iter(), known)
        }
        _ => Err(Error::new_spanned(&item.ident, "only a struct with named fields can have this")),
    }
}

/// A plan for each field.
pub(crate) fn plans<'a>(
    fields: impl IntoIterator<Item = &'a Field>,
    known: &[&str],
) -> Result<Vec<FieldPlan<'a>>> {
    let mut plans: Vec<FieldPlan<'a>> = Vec::new();
    for field in fields {
        let plan = plan(field, known)?;
        if plans.iter().any(|other| other.key == plan.key) {
            return Err(Error::new_spanned(field, format!("two fields are called `{}`", plan.key)));
        }
        plans.push(plan);
    }
    Ok(plans)
}

fn plan<'a>(field: &'a Field, known: &[&str]) -> Result<FieldPlan<'a>> {
    let attributes = attributes::read(&field.attrs, known)?;
    let ident = field.ident.as_ref().expect("fields of a struct in braces have names");
    let key = attributes.name.clone().unwrap_or_else(|| signature::plain(ident));
    if key.is_empty() {
        return Err(Error::new_spanned(field, "a field needs a name that is not empty"));
    }
    Ok(FieldPlan { ident, ty: &field.ty, key, attributes })
}

/// Where a type of a field is refused.
pub(crate) fn assertions(plans: &[FieldPlan<'_>]) -> Vec<TokenStream> {
    let assertion = |plan: &FieldPlan<'_>| {
        let ty = plan.ty;
        quote_spanned!(ty.span()=> ::wingbeat::__private::assert_field::<#ty>();)
    };
    plans.iter().map(assertion).collect()
}
