//! What names stand for: the classes and values of a prelude, and those of a single record.

use std::collections::HashMap;

use super::declarations::{Class, Statement, statements};
use super::parser::Expr;

/// Names and what was said of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    classes: HashMap<String, Class>,
    assigned: HashMap<String, Expr>,
    /// Where its classes were defined.
    pub(crate) module: String,
    /// Are annotations left as text?
    pub(crate) postponed: bool,
}

impl Scope {
    /// The names of a source.
    pub(crate) fn of(source: &str, module: &str) -> Self {
        let mut scope = Self { module: module.to_owned(), ..Self::default() };
        scope.extend(source);
        scope
    }

    /// Adds the names of another source.
    pub(crate) fn extend(&mut self, source: &str) {
        self.postponed |= source.contains("from __future__ import annotations");
        for statement in statements(source) {
            match statement {
                Statement::Class(class) => {
                    self.classes.insert(class.name.clone(), class);
                }
                Statement::Assign(name, value) => {
                    self.assigned.insert(name, value);
                }
                Statement::Function(_) => (),
            }
        }
    }

    pub(super) fn class(&self, name: &str) -> Option<&Class> {
        self.classes.get(name)
    }

    pub(super) fn assigned(&self, name: &str) -> Option<&Expr> {
        self.assigned.get(name)
    }

    /// The bases of a class, by name.
    pub(super) fn bases(class: &Class) -> Vec<String> {
        class
            .bases
            .iter()
            .filter_map(|base| if let Expr::Index(inner, _) = base { inner.dotted() } else { base.dotted() })
            .collect()
    }

    /// Is a class, or one that it extends, called this?
    pub(super) fn extends(&self, class: &Class, name: &str) -> bool {
        Self::bases(class)
            .iter()
            .any(|base| base == name || self.class(base).is_some_and(|inner| self.extends(inner, name)))
    }
}
