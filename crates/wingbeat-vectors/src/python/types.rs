//! Type expressions as types.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::sync::Arc;

use serde_json::Value as Json;
use wingbeat_types::constraints::Constraints;
use wingbeat_types::ty::{
    DatasetType, Dialect, EnumKind, EnumType, Field, Mutability, SequenceKind, Spelling, StructType, TextKind,
};
use wingbeat_types::{ConvertError, ConvertErrorKind, Type, Value, python, serialize_json};

use super::parser::{Expr, expression};
use super::{Need, Scope};

/// Where a type stands: what is pickled alone has a form of its own inside a struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Alone,
    Inside,
}

/// Type parameters that are bound, and classes that are being read.
#[derive(Debug, Clone, std::default::Default)]
pub(super) struct Reading {
    bound: Vec<(String, Type)>,
    pub(super) open: Vec<String>,
}

impl Scope {
    /// The type that an expression is.
    pub(crate) fn ty(&self, expr: &Expr, place: Place) -> Result<Type, Need> {
        self.read(expr, place, &Reading::default())
    }

    pub(super) fn read(&self, expr: &Expr, place: Place, reading: &Reading) -> Result<Type, Need> {
        match expr {
            Expr::Text(text) if place == Place::Inside => self.read(&expression(text)?, place, reading),
            Expr::Text(text) => Ok(Type::Pickle(text.clone())),
            Expr::Index(generic, arguments) => self.generic(generic, arguments, place, reading),
            Expr::Binary(left, mark, right) if mark == "|" => {
                let mut variants = Vec::new();
                for one in [left, right] {
                    match self.read(one, place, reading)? {
                        Type::Union(inner, _) => variants.extend(inner),
                        other => variants.push(other),
                    }
                }
                Ok(Type::Union(variants, Spelling::Builtin))
            }
            Expr::Call(function, arguments, _) => self.called(function, arguments, reading),
            other => match other.dotted() {
                Some(name) => self.named(&name, place, reading),
                None => Err(Need::python("a type that is no name")),
            },
        }
    }

    fn named(&self, name: &str, place: Place, reading: &Reading) -> Result<Type, Need> {
        if let Some(simple) = simple(name) {
            return Ok(simple);
        }
        if let Some(class) = super::messages::class_of(name) {
            return Ok(Type::Message(class.into()));
        }
        if matches!(name, "List" | "typing.List") {
            let message = "Only generic univariate typing.List[T] type is supported.";
            return Err(unsupported("List", refused(message)));
        }
        if let Some((_, bound)) = reading.bound.iter().find(|(known, _)| known == name) {
            return Ok(bound.clone());
        }
        if reading.open.iter().any(|open| open == name) {
            return Ok(Type::Recursive(name.into()));
        }
        if let Some(class) = self.class(name) {
            return self.of_class(class, reading);
        }
        match self.assigned(name) {
            Some(Expr::Call(function, _, _))
                if function.dotted().is_some_and(|one| one.ends_with("TypeVar")) =>
            {
                Ok(if place == Place::Inside { Type::Any } else { Type::Pickle(format!("~{name}")) })
            }
            Some(Expr::Call(function, _, _))
                if function.dotted().is_some_and(|one| one.ends_with("NewType")) =>
            {
                Ok(Type::Pickle(format!("{}.{name}", self.module)))
            }
            Some(other) => self.read(other, place, reading),
            None => Err(Need::python(format!("the type `{name}`"))),
        }
    }

    fn called(&self, function: &Expr, arguments: &[Expr], reading: &Reading) -> Result<Type, Need> {
        match (function.dotted().as_deref(), arguments) {
            (Some("type"), [Expr::Name(none)]) if none == "None" => Ok(Type::None),
            (Some("literal_to_enum"), [Expr::Index(_, values)]) => Ok(Self::literal_enum(values)),
            (Some("NamedTuple" | "typing.NamedTuple"), [Expr::Text(name), Expr::List(fields)]) => {
                let mut found = Vec::new();
                for field in fields {
                    let Expr::Tuple(pair) = field else { return Err(Need::python("a named tuple")) };
                    let [Expr::Text(field), ty] = pair.as_slice() else {
                        return Err(Need::python("a named tuple"));
                    };
                    found.push(Field::required(field, self.read(ty, Place::Inside, reading)?));
                }
                Ok(self.structure(name, Dialect::NamedTuple, found))
            }
            _ => Err(Need::python("a type that is made by a call")),
        }
    }

    /// `Literal["a", "b"]` as the type of a parameter.
    pub(crate) fn literal_enum(values: &[Expr]) -> Type {
        let mut members = Vec::new();
        for value in values {
            let Expr::Text(text) = value else {
                return Type::Any;
            };
            let name = text.to_uppercase();
            if !members.iter().any(|(known, _)| *known == name) {
                members.push((name, Value::Str(text.clone())));
            }
        }
        let module = "flyte._interface".to_owned();
        let ty = EnumType { name: "LiteralEnum".to_owned(), module, kind: EnumKind::Literal, members };
        Type::Enum(Arc::new(ty))
    }

    pub(super) fn structure(&self, name: &str, dialect: Dialect, fields: Vec<Field>) -> Type {
        let plain = StructType::dataclass(name, fields);
        Type::of(StructType { dialect, module: self.module.clone(), ..plain })
    }

    fn generic(
        &self,
        generic: &Expr,
        arguments: &[Expr],
        place: Place,
        reading: &Reading,
    ) -> Result<Type, Need> {
        let Some(name) = generic.dotted() else { return Err(Need::python("a generic type")) };
        let read = |ix: usize| match arguments.get(ix) {
            Some(argument) => self.read(argument, place, reading),
            None => Err(Need::python(format!("`{name}` without its arguments"))),
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let spelling =
            if last.starts_with(char::is_lowercase) { Spelling::Builtin } else { Spelling::Typing };
        Ok(match last {
            "list" | "List" => {
                Type::List(Box::new(read(0).map_err(|need| unsupported("List", need))?), spelling)
            }
            "dict" | "Dict" => match (read(0)?, read(1).map_err(|need| unsupported("List", need))?) {
                (Type::Str, item) => Type::Map(Box::new(item), spelling),
                pair => Type::Dict(Some(Box::new(pair)), spelling),
            },
            "DefaultDict" | "defaultdict" if place == Place::Inside => {
                Type::Map(Box::new(read(1)?), spelling)
            }
            "Optional" => Type::union(vec![read(0).map_err(|need| unsupported("Union", need))?, Type::None]),
            "Union" => {
                let variants = arguments.iter().map(|one| self.read(one, place, reading));
                Type::union(variants.collect::<Result<_, Need>>().map_err(|need| unsupported("Union", need))?)
            }
            "tuple" | "Tuple" => return self.tuple(last, arguments, place, reading),
            "set" | "Set" => Type::Set(Box::new(read(0)?), Mutability::Mutable),
            "frozenset" | "FrozenSet" => Type::Set(Box::new(read(0)?), Mutability::Fixed),
            "NotRequired" | "Required" => read(0)?,
            "Literal" => {
                let values: Result<Vec<Value>, Need> = arguments.iter().map(|one| self.value(one)).collect();
                Type::Choice(values?)
            }
            "Annotated" => return self.annotated(arguments, place, reading),
            "File" | "Dir" => return Err(Need::python("a file of a named kind, which shows itself by it")),
            "Sequence" | "Iterator" | "Mapping" => {
                let shown: Result<Vec<String>, Need> =
                    arguments.iter().map(|one| Ok(short(&self.read(one, place, reading)?))).collect();
                Type::Pickle(format!("typing.{last}[{}]", shown?.join(", ")))
            }
            _ => return self.bound(&name, arguments, reading),
        })
    }

    /// A class of the source whose type parameter is given.
    fn bound(&self, name: &str, arguments: &[Expr], reading: &Reading) -> Result<Type, Need> {
        let (Some(class), Some(argument)) = (self.class(name), arguments.first()) else {
            return Err(Need::python(format!("the generic type `{name}`")));
        };
        let given = self.read(argument, Place::Inside, reading)?;
        let parameter = class.bases.iter().find_map(|base| match base {
            Expr::Index(generic, names) if generic.dotted().as_deref() == Some("Generic") => {
                names.first()?.dotted()
            }
            _ => None,
        });
        let shown = short(&given).rsplit('.').next().unwrap_or_default().to_owned();
        let mut inner = reading.clone();
        inner.bound.push((parameter.unwrap_or_default(), given));
        let bound = inner.bound.last().map(|(_, given)| given.clone());
        let mut ty = self.of_class(class, &inner)?;
        if let Type::Struct(found) = &mut ty {
            let found = Arc::make_mut(found);
            match found.dialect {
                Dialect::Model => found.name = format!("{name}[{shown}]"),
                _ => found.arguments.extend(bound),
            }
        }
        Ok(ty)
    }

    fn tuple(&self, name: &str, arguments: &[Expr], place: Place, reading: &Reading) -> Result<Type, Need> {
        if let [item, Expr::Ellipsis] = arguments {
            let item = self.read(item, Place::Inside, reading)?;
            return Ok(Type::Sequence(Box::new(item), SequenceKind::Tuple));
        }
        let items: Result<Vec<Type>, Need> =
            arguments.iter().map(|one| self.read(one, Place::Inside, reading)).collect();
        let items = items?;
        if place == Place::Inside {
            let spelling = if name == "Tuple" { Spelling::Typing } else { Spelling::Builtin };
            return Ok(Type::Tuple(items, spelling));
        }
        let each = items.into_iter().enumerate();
        let fields = each.map(|(ix, item)| Field::required(&format!("item_{ix}"), item)).collect();
        Ok(self.structure(name, Dialect::Tuple, fields))
    }

    fn annotated(&self, arguments: &[Expr], place: Place, reading: &Reading) -> Result<Type, Need> {
        let Some((first, rest)) = arguments.split_first() else { return Err(Need::python("Annotated")) };
        let ty = match (self.read(first, place, reading)?, place) {
            (Type::Dataset(mut ty), _) => {
                for one in rest {
                    self.annotate_dataset(&mut ty, one)?;
                }
                return Ok(Type::Dataset(ty));
            }
            (ty, _) => ty,
        };
        if ty.is_pickled() {
            return Err(Need::python("a pickled type, which names its annotations"));
        }
        let mut constraints = Constraints::default();
        for one in rest {
            match one {
                Expr::Call(function, _, named) => {
                    let name = function.dotted().unwrap_or_default();
                    let last = name.rsplit('.').next().unwrap_or_default();
                    match last {
                        "OrderedDict" => return Err(Need::python("an annotation that cannot be hashed")),
                        "Field" | "StringConstraints" | "Interval" => {
                            self.constrain(&mut constraints, named)?;
                        }
                        "Gt" | "Ge" | "Lt" | "Le" | "MultipleOf" | "MinLen" | "MaxLen" | "Len" => {
                            self.bound_by(&mut constraints, last, one)?;
                        }
                        _ => return Err(Need::python(format!("an annotation that calls `{name}`"))),
                    }
                }
                Expr::Name(name) if self.assigned(name).is_some() => {
                    return Err(Need::python(format!("`{name}`, an object of Python's, in an annotation")));
                }
                _ => (),
            }
        }
        Ok(Type::Constrained(Box::new(ty), Box::new(constraints)))
    }

    fn bound_by(&self, constraints: &mut Constraints, name: &str, call: &Expr) -> Result<(), Need> {
        let Expr::Call(_, positional, _) = call else { return Ok(()) };
        let key = match name {
            "Gt" => "gt",
            "Ge" => "ge",
            "Lt" => "lt",
            "Le" => "le",
            "MultipleOf" => "multiple_of",
            "MaxLen" => "max_length",
            _ => "min_length",
        };
        let mut named: Vec<(String, Expr)> =
            positional.first().map(|one| (key.to_owned(), one.clone())).into_iter().collect();
        named.extend(positional.get(1).map(|one| ("max_length".to_owned(), one.clone())));
        self.constrain(constraints, &named)
    }

    /// Arguments of `Field` and its like.
    pub(super) fn constrain(
        &self,
        constraints: &mut Constraints,
        named: &[(String, Expr)],
    ) -> Result<(), Need> {
        for (name, value) in named {
            let json = |scope: &Self| Ok::<Json, Need>(serialize_json(&scope.value(value)?, &Type::Any));
            let rule = match name.as_str() {
                "gt" => "exclusiveMinimum",
                "ge" => "minimum",
                "lt" => "exclusiveMaximum",
                "le" => "maximum",
                "multiple_of" => "multipleOf",
                "pattern" => "pattern",
                "discriminator" => {
                    constraints.discriminator = Some(python::show(&self.value(value)?));
                    continue;
                }
                "min_length" => {
                    constraints.min_length = Some(json(self)?);
                    continue;
                }
                "max_length" => {
                    constraints.max_length = Some(json(self)?);
                    continue;
                }
                "title" | "description" | "examples" | "deprecated" => {
                    constraints.words.insert(name.clone(), json(self)?);
                    continue;
                }
                "json_schema_extra" => {
                    if let Json::Object(extra) = json(self)? {
                        constraints.words.extend(extra);
                    }
                    continue;
                }
                "default" | "default_factory" | "alias" | "exclude" | "strict" | "init" => continue,
                other => return Err(Need::python(format!("`{other}` of a field"))),
            };
            constraints.rules.insert(rule.to_owned(), json(self)?);
        }
        Ok(())
    }

    fn annotate_dataset(&self, ty: &mut DatasetType, expr: &Expr) -> Result<(), Need> {
        match expr {
            Expr::Text(format) if ty.format.is_empty() => ty.format.clone_from(format),
            Expr::Text(format) => {
                let message = format!("A format was already specified {}, cannot use {format}", ty.format);
                return Err(refused(&message));
            }
            Expr::Call(function, _, columns) if function.dotted().as_deref() == Some("OrderedDict") => {
                for (name, column) in columns {
                    self.column(ty, name, column)?;
                }
            }
            Expr::Name(name) if self.class(name).is_some() => {
                let Type::Struct(found) = self.named(name, Place::Inside, &Reading::default())? else {
                    return Err(Need::python("a class as columns"));
                };
                ty.columns.extend(found.fields.iter().map(|field| (field.name.clone(), field.ty.clone())));
            }
            Expr::Call(function, arguments, named) if function.dotted().as_deref() == Some("pa.schema") => {
                let ([fields], []) = (arguments.as_slice(), named.as_slice()) else {
                    return Err(Need::python("a schema with metadata"));
                };
                ty.arrow = Some(super::arrow::fields(self, fields)?);
            }
            _ => return Err(Need::python("an annotation of a table")),
        }
        Ok(())
    }

    fn column(&self, ty: &mut DatasetType, name: &str, expr: &Expr) -> Result<(), Need> {
        if let Expr::Call(function, _, inner) = expr
            && function.dotted().as_deref() == Some("dict")
        {
            return inner
                .iter()
                .try_for_each(|(key, column)| self.column(ty, &format!("{name}.{key}"), column));
        }
        let column = match expr.dotted().as_deref() {
            Some("np.int32" | "np.int64" | "np.uint32" | "np.uint64") => Type::Int,
            Some("np.float32" | "np.float64") => Type::Float,
            Some("np.bool_") => Type::Bool,
            Some("np.datetime64") => Type::Datetime,
            Some("np.timedelta64") => Type::Duration,
            Some("np.str_" | "np.object_" | "np.bytes_") => Type::Str,
            _ => self.ty(expr, Place::Alone)?,
        };
        ty.columns.push((name.to_owned(), column));
        Ok(())
    }
}

fn refused(message: &str) -> Need {
    let (kind, path) = (ConvertErrorKind::Value, String::new());
    Need::Raised(ConvertError { kind, path, message: message.to_owned() })
}

/// What the client says of a generic type whose argument it does not take.
fn unsupported(name: &str, need: Need) -> Need {
    match need {
        Need::Raised(error) => {
            refused(&format!("Type of Generic {name} type is not supported, {}", error.message))
        }
        Need::Python(_) => need,
    }
}

/// Types that have a name of their own.
fn simple(name: &str) -> Option<Type> {
    Some(match name {
        "int" => Type::Int,
        "float" => Type::Float,
        "str" => Type::Str,
        "bool" => Type::Bool,
        "bytes" => Type::Bytes(Mutability::Fixed),
        "bytearray" => Type::Bytes(Mutability::Mutable),
        "None" | "NoneType" => Type::None,
        "dt" | "datetime.datetime" => Type::Datetime,
        "date" | "datetime.date" => Type::Date,
        "timedelta" | "datetime.timedelta" => Type::Duration,
        "datetime.time" => Type::Time,
        "Any" | "typing.Any" => Type::Any,
        "list" => Type::Sequence(Box::new(Type::Any), SequenceKind::List),
        "dict" | "OrderedDict" | "defaultdict" => Type::Dict(None, Spelling::Builtin),
        "Dict" | "typing.Dict" => Type::Dict(None, Spelling::Typing),
        "set" => Type::Set(Box::new(Type::Any), Mutability::Mutable),
        "frozenset" => Type::Set(Box::new(Type::Any), Mutability::Fixed),
        "tuple" => Type::Sequence(Box::new(Type::Any), SequenceKind::Tuple),
        "File" => Type::File,
        "Dir" => Type::Dir,
        "DataFrame" => Type::Dataset(Box::default()),
        "decimal.Decimal" => Type::Text(TextKind::Decimal),
        "uuid.UUID" => Type::Text(TextKind::Uuid),
        "pathlib.Path" => Type::Text(TextKind::Path),
        "ipaddress.IPv4Address" => Type::Text(TextKind::Ipv4),
        "fractions.Fraction" => Type::Text(TextKind::Fraction),
        "timezone" | "datetime.timezone" => Type::Text(TextKind::Timezone),
        "object" => Type::Pickle("<class 'object'>".to_owned()),
        "complex" => Type::Pickle("<class 'complex'>".to_owned()),
        "range" => Type::Pickle("<class 'range'>".to_owned()),
        "deque" => Type::Pickle("<class 'collections.deque'>".to_owned()),
        _ => return None,
    })
}

/// A type as it stands inside another one.
pub(crate) fn short(ty: &Type) -> String {
    let shown = python::type_str(ty);
    match shown.strip_prefix("<class '").and_then(|rest| rest.strip_suffix("'>")) {
        Some(class) => class.to_owned(),
        None => shown,
    }
}
