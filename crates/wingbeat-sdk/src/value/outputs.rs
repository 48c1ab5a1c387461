//! What a task returns: nothing, a value, or several; and the result types that a task may have.

use wingbeat_proto::flyteidl2::core::LiteralType;
use wingbeat_proto::flyteidl2::task::NamedLiteral;

use super::literals::kind_of;
use super::{Value, ValueError};
use crate::failure::Error;

/// Outputs by position: `()` has none, a value is `o0`, a tuple is `o0`, `o1`, ….
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a task: it has no wire form",
    label = "not a value that can travel between tasks",
    note = "for a type of your own: `#[derive(wingbeat::Value)]`, on a struct with named fields or an enum without data",
    note = "a task returns nothing, a value, a tuple of values, or a Result of one of them"
)]
pub trait Outputs: Sized + Send + 'static {
    /// Names and types.
    fn variables() -> Vec<(String, LiteralType)>;

    /// The values in their order.
    ///
    /// # Errors
    /// A value has no form on the wire.
    fn to_literals(&self) -> Result<Vec<NamedLiteral>, ValueError>;

    /// Reads values, by name.
    ///
    /// # Errors
    /// One is missing or of another type.
    fn from_literals(literals: &[NamedLiteral]) -> Result<Self, ValueError>;
}

fn name(ix: usize) -> String {
    format!("o{ix}")
}

fn encode(ix: usize, value: &impl Value) -> Result<NamedLiteral, ValueError> {
    let name = name(ix);
    let literal = value.to_literal().map_err(|error| error.within(&name))?;
    Ok(NamedLiteral { name, value: literal.into(), ..Default::default() })
}

/// By its name; by position where names are others, as those of a Python `NamedTuple`.
fn decode<T: Value>(literals: &[NamedLiteral], ix: usize) -> Result<T, ValueError> {
    let name = name(ix);
    let by_name = literals.iter().find(|one| one.name == name);
    let is_named_otherwise = !literals.iter().any(|one| one.name.starts_with('o'));
    let found = by_name.or_else(|| literals.get(ix).filter(|_| is_named_otherwise));
    match found {
        Some(found) => T::from_literal(&found.value).map_err(|error| error.within(&name)),
        None => T::absent().ok_or_else(|| ValueError::new(format!("an output `{name}`"), "no such output")),
    }
}

impl Outputs for () {
    fn variables() -> Vec<(String, LiteralType)> {
        Vec::new()
    }
    fn to_literals(&self) -> Result<Vec<NamedLiteral>, ValueError> {
        Ok(Vec::new())
    }
    fn from_literals(literals: &[NamedLiteral]) -> Result<Self, ValueError> {
        match literals.first() {
            None => Ok(()),
            Some(one) => Err(ValueError::new("no outputs", kind_of(&one.value))),
        }
    }
}

impl<T: Value> Outputs for T {
    fn variables() -> Vec<(String, LiteralType)> {
        vec![(name(0), T::literal_type())]
    }
    fn to_literals(&self) -> Result<Vec<NamedLiteral>, ValueError> {
        Ok(vec![encode(0, self)?])
    }
    fn from_literals(literals: &[NamedLiteral]) -> Result<Self, ValueError> {
        decode(literals, 0)
    }
}

macro_rules! tuples {
    ($(($($ty:ident $ix:tt),+))*) => {$(
        impl<$($ty: Value),+> Outputs for ($($ty,)+) {
            fn variables() -> Vec<(String, LiteralType)> {
                vec![$((name($ix), $ty::literal_type())),+]
            }
            fn to_literals(&self) -> Result<Vec<NamedLiteral>, ValueError> {
                Ok(vec![$(encode($ix, &self.$ix)?),+])
            }
            fn from_literals(literals: &[NamedLiteral]) -> Result<Self, ValueError> {
                Ok(($(decode::<$ty>(literals, $ix)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

/// What may stand behind the arrow of a task: outputs, or a `Result` of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a task: it has no wire form",
    label = "not a value that can travel between tasks",
    note = "for a type of your own: `#[derive(wingbeat::Value)]`, on a struct with named fields or an enum without data",
    note = "a task returns nothing, a value, a tuple of values, or a Result of one of them"
)]
pub trait TaskReturn: Sized {
    /// The outputs.
    type Output: Outputs;

    /// Names and types of the outputs.
    fn variables() -> Vec<(String, LiteralType)> {
        <Self::Output as Outputs>::variables()
    }

    /// The outputs, or what the task failed with.
    ///
    /// # Errors
    /// The task's own.
    fn into_result(self) -> Result<Self::Output, Error>;
}

impl<T: Outputs> TaskReturn for T {
    type Output = T;
    fn into_result(self) -> Result<T, Error> {
        Ok(self)
    }
}

impl<T: Outputs, E: Into<Error>> TaskReturn for Result<T, E> {
    type Output = T;
    fn into_result(self) -> Result<T, Error> {
        self.map_err(Into::into)
    }
}
