//! Classes of the source as types: dataclasses, models, named tuples, dictionaries with known keys, enumerations.
#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::sync::Arc;

use serde_json::json;
use wingbeat_types::ty::{Default, Dialect, EnumKind, EnumType, Field, Unknown};
use wingbeat_types::{Type, Value};

use super::declarations::Class;
use super::parser::Expr;
use super::types::{Place, Reading};
use super::{Need, Scope};

impl Scope {
    pub(super) fn of_class(&self, class: &Class, reading: &Reading) -> Result<Type, Need> {
        if self.extends(class, "enum.Enum")
            || self.extends(class, "enum.IntEnum")
            || self.extends(class, "enum.Flag")
        {
            return self.enumeration(class);
        }
        let dialect = if class.decorators.iter().any(|one| one.starts_with("dataclass")) {
            Dialect::Dataclass
        } else if self.extends(class, "BaseModel") {
            Dialect::Model
        } else if self.extends(class, "NamedTuple") {
            Dialect::NamedTuple
        } else if self.extends(class, "TypedDict") {
            Dialect::TypedDict
        } else if !class.bases.is_empty() || self.registers(&class.name) {
            return Err(Need::python(format!("`{}`, a class of Python's own", class.name)));
        } else {
            return Ok(Type::Pickle(format!("<class '{}.{}'>", self.module, class.name)));
        };
        let mut inner = reading.clone();
        inner.open.push(class.name.clone());
        let mut fields = Vec::new();
        let mut ancestors = Vec::new();
        for base in Self::bases(class) {
            if let Some(base_class) = self.class(&base)
                && let Type::Struct(found) = self.of_class(base_class, &inner)?
            {
                fields.extend(found.fields.clone());
                ancestors.push(base);
                ancestors.extend(found.ancestors.clone());
            }
        }
        for (name, ty, value) in &class.members {
            let Some(ty) = ty else { continue };
            let ty_found = self.read(ty, Place::Inside, &inner)?;
            fields.push(self.field(name, (ty, ty_found), value.as_ref(), dialect)?);
        }
        let Type::Struct(mut found) = self.structure(&class.name, dialect, fields) else {
            return Err(Need::python("a struct"));
        };
        let ty = Arc::make_mut(&mut found);
        ty.ancestors = ancestors;
        if dialect == Dialect::Model {
            ty.description.clone_from(&class.description);
            let configured = |extra: &str| {
                class.members.iter().any(|(name, _, value)| {
                    name == "model_config"
                        && matches!(value, Some(Expr::Call(_, _, named))
                            if named.contains(&("extra".to_owned(), Expr::Text(extra.to_owned()))))
                })
            };
            ty.unknown = match (configured("allow"), configured("forbid")) {
                (true, _) => Unknown::Kept,
                (_, true) => Unknown::Refused,
                _ => Unknown::Dropped,
            };
        }
        Ok(Type::Struct(found))
    }

    /// Has the source a transformer for the class?
    fn registers(&self, name: &str) -> bool {
        self.class(&format!("{name}Transformer")).is_some()
    }

    fn field(
        &self,
        name: &str,
        (written, ty): (&Expr, Type),
        value: Option<&Expr>,
        dialect: Dialect,
    ) -> Result<Field, Need> {
        let not_required =
            matches!(written, Expr::Index(generic, _) if generic.dotted().as_deref() == Some("NotRequired"));
        if dialect == Dialect::TypedDict && not_required {
            return Ok(Field::with_default(name, Type::optional(ty), Default::Shown(Value::None)));
        }
        let mut field = Field::required(name, ty);
        match value {
            Some(Expr::Call(function, positional, named))
                if matches!(function.dotted().as_deref(), Some("field" | "Field" | "dataclasses.field")) =>
            {
                self.described(&mut field, positional, named)?;
            }
            Some(value) => field.default = Default::Shown(self.shaped(value, &field.ty, dialect)?),
            None => (),
        }
        Ok(field)
    }

    fn shaped(&self, value: &Expr, ty: &Type, dialect: Dialect) -> Result<Value, Need> {
        let value = self.value(value)?;
        Ok(match (dialect, &value, ty.bare()) {
            // Models keep defaults as they are, but for the kind of a container.
            (Dialect::Model, Value::Set(items, _), Type::Set(_, kind)) => Value::Set(items.clone(), *kind),
            _ => value,
        })
    }

    fn described(
        &self,
        field: &mut Field,
        positional: &[Expr],
        named: &[(String, Expr)],
    ) -> Result<(), Need> {
        if let Some(value) = positional.first().filter(|value| **value != Expr::Ellipsis) {
            field.default = Default::Shown(self.value(value)?);
        }
        for (name, value) in named {
            match (name.as_str(), value) {
                ("default", value) => field.default = Default::Shown(self.value(value)?),
                ("default_factory", Expr::Lambda(made)) if is_empty_dictionary(made) => {
                    field.default = Default::Made(Value::Map(Vec::new()));
                }
                ("default_factory", Expr::Lambda(made)) => field.default = Default::Made(self.value(made)?),
                ("default_factory", made) => {
                    let call = Expr::Call(Box::new(made.clone()), Vec::new(), Vec::new());
                    field.default = Default::Made(self.value(&call)?);
                }
                ("init", Expr::Name(flag)) => field.init = flag == "True",
                ("exclude", Expr::Name(flag)) => field.written = flag != "True",
                ("alias", Expr::Text(alias)) => field.alias = Some(alias.clone()),
                ("metadata", Expr::Dict(entries)) => {
                    for (key, value) in entries {
                        if let (Expr::Text(key), Expr::Text(text)) = (key, value) {
                            field.constraints.words.insert(key.clone(), json!(text));
                        }
                    }
                }
                _ => self.constrain(&mut field.constraints, &[(name.clone(), value.clone())])?,
            }
        }
        Ok(())
    }

    fn enumeration(&self, class: &Class) -> Result<Type, Need> {
        let bases = Self::bases(class);
        let kind = if self.extends(class, "enum.IntEnum") {
            EnumKind::Int
        } else if self.extends(class, "enum.Flag") {
            EnumKind::Flag
        } else if bases.iter().any(|base| base == "str") {
            EnumKind::Str
        } else {
            EnumKind::Plain
        };
        let mut members: Vec<(String, Value)> = Vec::new();
        for (name, _, value) in &class.members {
            let Some(value) = value else { continue };
            let value = self.value(value)?;
            // A second name for a value is no member.
            if !members.iter().any(|(_, known)| known.same_as(&value)) {
                members.push((name.clone(), value));
            }
        }
        let ty = EnumType { name: class.name.clone(), module: self.module.clone(), kind, members };
        Ok(Type::Enum(Arc::new(ty)))
    }
}

/// `defaultdict(int)`: it shows itself in its own way, but on the wire it is a dictionary.
fn is_empty_dictionary(made: &Expr) -> bool {
    matches!(made, Expr::Call(function, _, _) if function.dotted().as_deref() == Some("defaultdict"))
}
