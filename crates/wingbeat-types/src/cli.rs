//! An input as an option of the command line: what it takes, and what its text means. Decides nothing about flags that
//! are not inputs, and touches neither the clock nor a file but through [`Surroundings`].

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

mod clocks;
mod json;
mod json_text;
mod kind;
mod yaml;

use jiff::civil;

use crate::error::ConvertError;
use crate::python::repr;
use crate::schema::{Rules, json_of};
use crate::string_repr::json_text;
use crate::ty::{Dialect, Type};
use crate::value::Value;
use crate::{json_coercion, to_literal_type};

use json::Parsed;
pub use kind::Kind;

/// What a command line may ask of the world.
pub trait Surroundings {
    /// What the clock on the wall shows.
    fn now(&self) -> civil::DateTime;
    /// The text of a file; none if there is none.
    fn read(&self, path: &str) -> Option<String>;
    /// Is there a file or a folder?
    fn exists(&self, path: &str) -> bool;
}

/// Why a command line is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CliError {
    /// The text is none for this input.
    #[error("Invalid value for '--{name}': {reason}")]
    BadParameter {
        /// Which input.
        name: String,
        /// What is wrong with its text.
        reason: String,
    },
    /// The command line has a part that belongs to no option.
    #[error("{0}")]
    Usage(String),
    /// There is no such option; one that is written almost so is named.
    #[error("No such option '{flag}'.{}", meant(.near.as_deref()))]
    NoSuchOption {
        /// What was given.
        flag: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// The option is not given as it has to be.
    #[error("{0}")]
    BadOptionUsage(String),
    /// The input cannot be an option.
    #[error("{0}")]
    Unsupported(String),
    /// The text says something that its type does not take.
    #[error(transparent)]
    Convert(#[from] ConvertError),
}

fn meant(near: Option<&str>) -> String {
    near.map(|near| format!(" Did you mean '{near}'?")).unwrap_or_default()
}

/// The option that is written most like a flag, if it is like it at all.
fn nearest(flag: &str, known: Vec<String>) -> Option<String> {
    /// Of two texts, this part of their letters has to be alike.
    const ENOUGH: f64 = 0.6;
    #[allow(clippy::cast_precision_loss, reason = "names of options are short")]
    let alike =
        |one: &str| 2.0 * common(flag.as_bytes(), one.as_bytes()) as f64 / (flag.len() + one.len()) as f64;
    let rated = known.into_iter().map(|one| (alike(&one), one)).filter(|(alike, _)| *alike >= ENOUGH);
    rated.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, one)| one)
}

/// How many letters two texts have in common, in their order: those of the longest part, of what is before, and after.
fn common(a: &[u8], b: &[u8]) -> usize {
    let mut longest = (0, 0, 0);
    for from in 0..a.len() {
        for at in 0..b.len() {
            let len = a[from..].iter().zip(&b[at..]).take_while(|(a, b)| a == b).count();
            if len > longest.0 {
                longest = (len, from, at);
            }
        }
    }
    match longest {
        (0, ..) => 0,
        (len, from, at) => len + common(&a[..from], &b[..at]) + common(&a[from + len..], &b[at + len..]),
    }
}

/// An input as an option.
#[derive(Debug, Clone)]
pub struct CliOption {
    name: String,
    ty: Type,
    default: Option<Value>,
    kind: Kind,
}

impl CliOption {
    /// The option of an input.
    ///
    /// # Errors
    /// [`CliError::Unsupported`] for a name or a type that no option can have.
    pub fn new(name: &str, ty: &Type, default: Option<Value>) -> Result<Self, CliError> {
        if name.chars().any(char::is_uppercase) {
            let shown = repr(&Value::Str(name.to_owned()));
            return Err(CliError::Unsupported(format!("Workflow input name must be lowercase: {shown}")));
        }
        to_literal_type(ty)?;
        let kind = Kind::of(ty)?;
        Ok(Self { name: name.to_owned(), ty: ty.clone(), default, kind })
    }

    /// How it is written: `--x`, and `--no-x` for what is true by default.
    pub fn declarations(&self) -> Vec<String> {
        let mut names = vec![format!("--{}", self.name)];
        if self.is_flag() && self.default == Some(Value::Bool(true)) {
            names.push(format!("--no-{}", self.name));
        }
        names
    }

    /// What it takes.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Does it stand alone, without a value?
    pub fn is_flag(&self) -> bool {
        matches!(self.kind, Kind::Bool)
    }

    /// Has it to be given?
    pub fn is_required(&self) -> bool {
        let given = self.default.as_ref().is_some_and(|value| *value != Value::None);
        !given && !self.is_flag() && !self.kind.is_optional()
    }

    /// What help shows as the default.
    pub fn shown_default(&self) -> String {
        let value = match &self.default {
            None | Some(Value::None) if self.is_flag() => return "False".to_owned(),
            None => return "None".to_owned(),
            Some(value) => value,
        };
        match (self.ty.bare(), value) {
            (Type::Struct(_) | Type::Dict(..), value) if *value != Value::Map(Vec::new()) => {
                repr(&Value::Str(self.default_text(value)))
            }
            (_, value) => repr(value),
        }
    }

    /// A default as JSON; models leave no spaces.
    fn default_text(&self, value: &Value) -> String {
        match value.dialect() {
            Some(Dialect::Model) => json::compact(value),
            Some(Dialect::Dataclass) => json_text(&json::in_order(value, &json_of(value, Rules::Dataclass))),
            _ => json_text(&json::in_order(value, &json_coercion::serialize_json(value, &self.ty))),
        }
    }

    /// The value that a command line gives this input; None when it gives none and there is no default.
    ///
    /// # Errors
    /// [`CliError`] with what is wrong, in the client's words.
    pub fn parse(&self, arguments: &[String], world: &dyn Surroundings) -> Result<Value, CliError> {
        let mut found = None;
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let (flag, attached) = match argument.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let declared = self.declarations();
            match declared.iter().position(|known| known == flag) {
                Some(ix) if self.is_flag() => found = Some(Value::Bool(ix == 0)),
                Some(_) => {
                    let text = attached.or_else(|| arguments.next().cloned());
                    let Some(text) = text else {
                        let message = format!("Option '--{}' requires an argument.", self.name);
                        return Err(CliError::BadOptionUsage(message));
                    };
                    found = Some(self.value_of(&text, world)?);
                }
                None if flag.starts_with("--") && flag.len() > 2 => {
                    let near = nearest(flag, declared);
                    return Err(CliError::NoSuchOption { flag: flag.to_owned(), near });
                }
                None if flag.starts_with('-') && !flag.starts_with("--") && flag.len() > 1 => {
                    let flag = flag.chars().take(2).collect();
                    return Err(CliError::NoSuchOption { flag, near: None });
                }
                None => return Err(CliError::Usage(format!("Got unexpected extra argument ({argument})"))),
            }
        }
        Ok(match found {
            Some(value) => value,
            None => self.default_value(world)?,
        })
    }

    /// The default, which an option converts as it converts text.
    fn default_value(&self, world: &dyn Surroundings) -> Result<Value, CliError> {
        Ok(match (&self.kind, &self.default) {
            (Kind::Bool, None | Some(Value::None)) => Value::Bool(false),
            #[allow(clippy::cast_precision_loss, reason = "a float loses the same digits in Python")]
            (Kind::Float, Some(Value::Int(number))) => Value::Float(*number as f64),
            (Kind::Int | Kind::Float | Kind::Choice(_), Some(Value::Str(text))) => {
                self.value_of(text, world)?
            }
            (_, default) => default.clone().unwrap_or(Value::None),
        })
    }

    /// What text means for this input.
    ///
    /// # Errors
    /// [`CliError`] with what is wrong, in the client's words.
    pub fn value_of(&self, text: &str, world: &dyn Surroundings) -> Result<Value, CliError> {
        let parsed = Parsed { name: &self.name, default: self.default.as_ref(), world };
        let value = parsed.value_of(text, &self.kind)?;
        // Days are read as moments.
        Ok(match (self.ty.bare(), value) {
            (Type::Date, Value::Datetime(moment)) => Value::Date(moment.civil.date()),
            (_, value) => value,
        })
    }
}

#[cfg(test)]
mod tests;
