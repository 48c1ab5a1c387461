//! Expressions as values.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::sync::Arc;

use jiff::civil;
use jiff::tz::Offset;
use wingbeat_types::ty::{Default, Dialect, Mutability, StructType, TextKind};
use wingbeat_types::value::{Datetime, Opaque, Record, Reference};
use wingbeat_types::{Type, Value, python, validate};

use super::parser::Expr;
use super::types::Place;
use super::{Need, Scope};

type Arguments<'e> = (&'e [Expr], &'e [(String, Expr)]);

impl Scope {
    /// The value that an expression has.
    pub(crate) fn value(&self, expr: &Expr) -> Result<Value, Need> {
        match expr {
            Expr::Number(text) => number(text),
            Expr::Text(text) => Ok(Value::Str(text.clone())),
            Expr::Bytes(bytes) => Ok(Value::Bytes(bytes.clone(), Mutability::Fixed)),
            Expr::List(items) => self.values(items).map(Value::List),
            Expr::Tuple(items) => self.values(items).map(Value::Tuple),
            Expr::Set(items) => {
                let mut items = self.values(items)?;
                items.sort_by_key(python::repr);
                Ok(Value::Set(items, Mutability::Mutable))
            }
            Expr::Dict(entries) => {
                let entries: Result<Vec<_>, Need> =
                    entries.iter().map(|(key, value)| Ok((self.value(key)?, self.value(value)?))).collect();
                entries.map(Value::Map)
            }
            Expr::Each(key, value, name, over) => self.each(key.as_deref(), value, name, over),
            Expr::Minus(inner) => match self.value(inner)? {
                Value::Int(number) => Ok(Value::Int(-number)),
                Value::Float(number) => Ok(Value::Float(-number)),
                _ => Err(Need::python("a minus before what is no number")),
            },
            Expr::Binary(left, mark, right) => binary(self.value(left)?, mark, self.value(right)?),
            Expr::Name(name) => self.name(name),
            Expr::Attribute(inner, name) => self.attribute(expr, inner, name),
            Expr::Call(function, positional, named) => self.call(function, (positional, named)),
            Expr::Index(..) | Expr::Lambda(_) | Expr::Ellipsis => Err(Need::python("an object of Python's")),
        }
    }

    fn values(&self, items: &[Expr]) -> Result<Vec<Value>, Need> {
        items.iter().map(|item| self.value(item)).collect()
    }

    fn name(&self, name: &str) -> Result<Value, Need> {
        match name {
            "None" => Ok(Value::None),
            "True" => Ok(Value::Bool(true)),
            "False" => Ok(Value::Bool(false)),
            _ => match self.assigned(name) {
                Some(assigned) => self.value(&assigned.clone()),
                // A class is an object, too.
                None if self.class(name).is_some() => {
                    let shown = format!("<class '{}.{name}'>", self.module);
                    Ok(Value::Opaque(Box::new(Opaque { class: "type".to_owned(), shown })))
                }
                None => Err(Need::python(format!("the object `{name}`"))),
            },
        }
    }

    fn attribute(&self, whole: &Expr, inner: &Expr, name: &str) -> Result<Value, Need> {
        if whole.dotted().as_deref() == Some("timezone.utc") {
            return Ok(Value::Text(TextKind::Timezone, "UTC".to_owned()));
        }
        if let Some(class) = inner.dotted()
            && let Ok(Type::Enum(ty)) = self.ty(inner, Place::Alone)
        {
            if let Some(ix) = ty.members.iter().position(|(known, _)| known == name) {
                return Ok(Value::Enum(ty, ix));
            }
            // Another name for a member's value.
            let found = self.class(&class).and_then(|class| {
                class
                    .members
                    .iter()
                    .find(|(known, _, _)| known == name)
                    .and_then(|(_, _, value)| value.clone())
            });
            if let Some(value) = found {
                let value = self.value(&value)?;
                let ix = ty.members.iter().position(|(_, known)| known.same_as(&value));
                return ix.map(|ix| Value::Enum(ty, ix)).ok_or_else(|| Need::python("a member"));
            }
        }
        Err(Need::python(format!("the object `{}`", whole.dotted().unwrap_or_default())))
    }

    fn each(&self, key: Option<&Expr>, value: &Expr, name: &str, over: &Expr) -> Result<Value, Need> {
        let Value::List(items) = self.value(over)? else { return Err(Need::python("a loop over no list")) };
        let mut entries = Vec::new();
        for item in items {
            let mut inner = self.clone();
            let Value::Int(number) = item else { return Err(Need::python("a loop over no numbers")) };
            inner.extend(&format!("{name} = {number}"));
            let found = key.map(|key| inner.value(key)).transpose()?;
            entries.push((found.unwrap_or(Value::None), inner.value(value)?));
        }
        Ok(match key {
            Some(_) => Value::Map(entries),
            None => Value::List(entries.into_iter().map(|(_, value)| value).collect()),
        })
    }

    fn call(&self, function: &Expr, arguments: Arguments<'_>) -> Result<Value, Need> {
        let (positional, named) = arguments;
        let name = function.dotted().unwrap_or_default();
        match name.as_str() {
            "dict" | "OrderedDict" if positional.is_empty() => {
                let entries: Result<Vec<_>, Need> =
                    named.iter().map(|(key, one)| Ok((Value::Str(key.clone()), self.value(one)?))).collect();
                if name == "OrderedDict" && !named.is_empty() {
                    return Err(Need::python("a dictionary of another class"));
                }
                return entries.map(Value::Map);
            }
            "defaultdict" => return Err(Need::python("a dictionary of another class")),
            "object" => {
                let shown = "<object object at 0xADDR>".to_owned();
                return Ok(Value::Opaque(Box::new(Opaque { class: "object".to_owned(), shown })));
            }
            "list" | "tuple" | "set" | "frozenset" | "str" | "float" | "int" | "range" | "bytearray" => {
                return self.builtin(&name, positional);
            }
            _ => (),
        }
        if let Some(value) = super::messages::made(self, &name, positional, named)? {
            return Ok(value);
        }
        if let Some(value) = self.clock(&name, arguments)? {
            return Ok(value);
        }
        if let Some(value) = self.reference(&name, arguments)? {
            return Ok(value);
        }
        if let Some(value) = self.text(&name, arguments)? {
            return Ok(value);
        }
        match self.ty(function, Place::Alone)? {
            Type::Struct(ty) => self.construct(&ty, arguments),
            _ => Err(Need::python(format!("an object made by `{name}`"))),
        }
    }

    fn builtin(&self, name: &str, positional: &[Expr]) -> Result<Value, Need> {
        let first = positional.first().map(|one| self.value(one)).transpose()?;
        Ok(match (name, first) {
            ("list", None) => Value::List(Vec::new()),
            ("set", None) => Value::Set(Vec::new(), Mutability::Mutable),
            ("frozenset", None) => Value::Set(Vec::new(), Mutability::Fixed),
            ("list", Some(Value::List(items))) => Value::List(items),
            ("tuple", Some(Value::List(items))) => Value::Tuple(items),
            ("set", Some(Value::List(items) | Value::Set(items, _))) => {
                Value::Set(items, Mutability::Mutable)
            }
            ("frozenset", Some(Value::List(items) | Value::Set(items, _))) => {
                Value::Set(items, Mutability::Fixed)
            }
            ("range", Some(Value::Int(count))) => Value::List((0..count).map(Value::Int).collect()),
            ("str", Some(value)) => Value::Str(python::show(&value)),
            ("bytearray", Some(Value::Bytes(bytes, _))) => Value::Bytes(bytes, Mutability::Mutable),
            ("float", Some(Value::Str(text))) => {
                Value::Float(text.parse().map_err(|_| Need::python("a float made of text"))?)
            }
            #[allow(clippy::cast_precision_loss, reason = "a float loses the same digits in Python")]
            ("float", Some(Value::Int(number))) => Value::Float(number as f64),
            _ => return Err(Need::python(format!("`{name}` of a value"))),
        })
    }

    /// Numbers by name or by place.
    fn numbers(&self, known: &[&str], (positional, keywords): Arguments<'_>) -> Result<Vec<f64>, Need> {
        let mut found = vec![0.0; known.len()];
        let by_place = positional.iter().enumerate();
        let by_name = keywords
            .iter()
            .filter_map(|(name, one)| Some((known.iter().position(|known| known == name)?, one)));
        for (ix, one) in by_place.chain(by_name) {
            let slot = found.get_mut(ix).ok_or_else(|| Need::python("too many arguments"))?;
            *slot = match self.value(one)? {
                #[allow(clippy::cast_precision_loss, reason = "parts of times are small")]
                Value::Int(number) => number as f64,
                Value::Float(number) => number,
                _ => return Err(Need::python("an argument that is no number")),
            };
        }
        Ok(found)
    }

    fn clock(&self, name: &str, arguments: Arguments<'_>) -> Result<Option<Value>, Need> {
        const MOMENT: [&str; 7] = ["year", "month", "day", "hour", "minute", "second", "microsecond"];
        const TIME: [&str; 4] = ["hour", "minute", "second", "microsecond"];
        const SPAN: [&str; 6] = ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours"];
        let wrong = || Need::python("a time outside the calendar");
        #[allow(clippy::cast_possible_truncation, reason = "parts of times are small")]
        let small = |number: f64| number as i16;
        Ok(Some(match name {
            "dt" | "datetime.datetime" => {
                let numbers: Vec<i32> =
                    self.numbers(&MOMENT, arguments)?.iter().map(|number| whole(*number)).collect();
                let part = |ix: usize| i8::try_from(numbers[ix]).unwrap_or(i8::MAX);
                let date =
                    civil::Date::new(small(f64::from(numbers[0])), part(1), part(2)).map_err(|_| wrong())?;
                let nanos = numbers[6] * 1000;
                let time = civil::Time::new(part(3), part(4), part(5), nanos).map_err(|_| wrong())?;
                let zone =
                    arguments.1.iter().find(|(name, _)| name == "tzinfo").map(|(_, zone)| self.zone(zone));
                Value::Datetime(Datetime { civil: date.to_datetime(time), offset: zone.transpose()? })
            }
            "date" | "datetime.date" => {
                let numbers = self.numbers(&MOMENT[..3], arguments)?;
                let part = |ix: usize| i8::try_from(whole(numbers[ix])).unwrap_or(i8::MAX);
                Value::Date(civil::Date::new(small(numbers[0]), part(1), part(2)).map_err(|_| wrong())?)
            }
            "datetime.time" => {
                let numbers = self.numbers(&TIME, arguments)?;
                let part = |ix: usize| i8::try_from(whole(numbers[ix])).unwrap_or(i8::MAX);
                let nanos = whole(numbers[3]) * 1000;
                Value::Time(civil::Time::new(part(0), part(1), part(2), nanos).map_err(|_| wrong())?)
            }
            "timedelta" | "datetime.timedelta" => {
                let numbers = self.numbers(&SPAN, arguments)?;
                let lengths = [86_400e6, 1e6, 1.0, 1e3, 60e6, 3_600e6];
                let micros: f64 = numbers.iter().zip(lengths).map(|(number, length)| number * length).sum();
                #[allow(clippy::cast_possible_truncation, reason = "spans of vectors are small")]
                Value::Duration(micros.round() as i64)
            }
            "timezone" | "datetime.timezone" => {
                let [zone] = arguments.0 else { return Err(Need::python("a zone with a name")) };
                let Value::Duration(micros) = self.value(zone)? else { return Err(wrong()) };
                let minutes = micros / 60_000_000;
                let sign = if minutes < 0 { '-' } else { '+' };
                let shown = format!("UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
                Value::Text(TextKind::Timezone, shown)
            }
            _ => return Ok(None),
        }))
    }

    fn zone(&self, expr: &Expr) -> Result<Offset, Need> {
        let Value::Text(TextKind::Timezone, text) = self.value(expr)? else {
            return Err(Need::python("a zone"));
        };
        if text == "UTC" {
            return Ok(Offset::UTC);
        }
        let parts: Vec<i32> = text[4..].split(':').filter_map(|part| part.parse().ok()).collect();
        let [hours, minutes] = parts.as_slice() else { return Err(Need::python("a zone")) };
        let seconds = hours * 3600 + minutes * 60;
        let seconds = if text.as_bytes()[3] == b'-' { -seconds } else { seconds };
        Offset::from_seconds(seconds).map_err(|_| Need::python("a zone"))
    }

    fn reference(&self, name: &str, (positional, named): Arguments<'_>) -> Result<Option<Value>, Need> {
        let (class, method) = name.split_once('.').unwrap_or((name, ""));
        if !matches!(class, "File" | "Dir" | "DataFrame") || !matches!(method, "" | "from_existing_remote") {
            return Ok(None);
        }
        let mut found = Reference::default();
        if let Some(first) = positional.first() {
            found.uri = python::show(&self.value(first)?);
        }
        for (name, value) in named {
            let value = match self.value(value)? {
                Value::Str(text) => text,
                Value::None => continue,
                _ => return Err(Need::python("an argument of a file")),
            };
            match name.as_str() {
                "path" | "uri" | "remote_path" => found.uri = value,
                "format" => found.format = value,
                "hash" | "file_cache_key" | "dir_cache_key" | "df_cache_key" => found.hash = Some(value),
                "name" => found.name = Some(value),
                other => return Err(Need::python(format!("`{other}` of a file"))),
            }
        }
        let found = Box::new(found);
        Ok(Some(match class {
            "File" => Value::File(found),
            "Dir" => Value::Dir(found),
            _ => Value::Dataset(found),
        }))
    }

    fn text(&self, name: &str, (positional, named): Arguments<'_>) -> Result<Option<Value>, Need> {
        let kind = match name {
            "decimal.Decimal" => TextKind::Decimal,
            "pathlib.Path" => TextKind::Path,
            "ipaddress.IPv4Address" => TextKind::Ipv4,
            "uuid.UUID" => TextKind::Uuid,
            "fractions.Fraction" => TextKind::Fraction,
            _ => return Ok(None),
        };
        let text = match (kind, positional, named) {
            (TextKind::Fraction, [above, below], _) => {
                format!("{}/{}", python::show(&self.value(above)?), python::show(&self.value(below)?))
            }
            (TextKind::Uuid, [], [(name, value)]) if name == "int" => {
                let Value::Int(number) = self.value(value)? else { return Err(Need::python("a UUID")) };
                let hex = format!("{number:032x}");
                [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
            }
            (_, [one], []) => python::show(&self.value(one)?),
            _ => return Err(Need::python(format!("the arguments of `{name}`"))),
        };
        Ok(Some(Value::Text(kind, text)))
    }

    fn construct(&self, ty: &Arc<StructType>, (positional, named): Arguments<'_>) -> Result<Value, Need> {
        let mut given: Vec<(String, Value)> = Vec::new();
        let places = ty.fields.iter().filter(|field| field.init);
        for (field, one) in places.zip(positional) {
            given.push((field.name.clone(), self.value(one)?));
        }
        for (name, one) in named {
            given.push((name.clone(), self.value(one)?));
        }
        let entries: Vec<(Value, Value)> =
            given.iter().map(|(name, value)| (Value::Str(name.clone()), value.clone())).collect();
        if ty.dialect == Dialect::TypedDict {
            return Ok(Value::Map(entries));
        }
        if ty.dialect == Dialect::Model {
            return Ok(validate(Value::Map(entries), &Type::Struct(ty.clone()))?);
        }
        let value_of = |field: &wingbeat_types::ty::Field| {
            let found = given.iter().find(|(name, _)| *name == field.name).map(|(_, value)| value.clone());
            found.or_else(|| match &field.default {
                Default::Required => None,
                Default::Shown(value) | Default::Made(value) => Some(value.clone()),
            })
        };
        let values: Option<Vec<Value>> = ty.fields.iter().map(value_of).collect();
        let values =
            values.ok_or_else(|| Need::python(format!("`{}` without all of its fields", ty.name)))?;
        Ok(Value::Struct(Box::new(Record { ty: ty.clone(), values, unknown: Vec::new() })))
    }
}

fn whole(number: f64) -> i32 {
    #[allow(clippy::cast_possible_truncation, reason = "parts of times are small")]
    let whole = number as i32;
    whole
}

fn number(text: &str) -> Result<Value, Need> {
    let digits: String = text.chars().filter(|one| *one != '_').collect();
    if let Some(hex) = digits.strip_prefix("0x") {
        return i128::from_str_radix(hex, 16).map(Value::Int).map_err(|_| Need::python("a number"));
    }
    if let Ok(number) = digits.parse::<i128>() {
        return Ok(Value::Int(number));
    }
    digits.parse::<f64>().map(Value::Float).map_err(|_| Need::python(format!("the number `{text}`")))
}

fn binary(left: Value, mark: &str, right: Value) -> Result<Value, Need> {
    let beyond = || Need::python("a number of more than 128 bits");
    Ok(match (left, mark, right) {
        (Value::Int(a), "+", Value::Int(b)) => Value::Int(a.checked_add(b).ok_or_else(beyond)?),
        (Value::Int(a), "-", Value::Int(b)) => Value::Int(a.checked_sub(b).ok_or_else(beyond)?),
        (Value::Int(a), "*", Value::Int(b)) => Value::Int(a.checked_mul(b).ok_or_else(beyond)?),
        (Value::Int(a), "**", Value::Int(b)) => {
            let power = u32::try_from(b).map_err(|_| beyond())?;
            Value::Int(a.checked_pow(power).ok_or_else(beyond)?)
        }
        (Value::Str(text), "*", Value::Int(count)) => {
            Value::Str(text.repeat(usize::try_from(count).unwrap_or_default()))
        }
        (Value::Bytes(bytes, kind), "*", Value::Int(count)) => {
            Value::Bytes(bytes.repeat(usize::try_from(count).unwrap_or_default()), kind)
        }
        (Value::List(items), "*", Value::Int(count)) => {
            let all = items.len() * usize::try_from(count).unwrap_or_default();
            Value::List(items.iter().cycle().take(all).cloned().collect())
        }
        (Value::Str(a), "+", Value::Str(b)) => Value::Str(a + &b),
        (Value::List(mut a), "+", Value::List(b)) => {
            a.extend(b);
            Value::List(a)
        }
        (_, mark, _) => return Err(Need::python(format!("`{mark}` between two objects"))),
    })
}
