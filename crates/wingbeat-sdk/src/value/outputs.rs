//! What a task returns: nothing, a value, or several; and the result types that a task may have.

use wingbeat_proto::flyteidl2::core::LiteralType;
use wingbeat_proto::flyteidl2::task::NamedLiteral;

use super::literals::kind_of;
use super::{Value, ValueError};
use crate::failure::Error;

/// What a task gives: `()` nothing, a value `o0`, a tuple `o0`, `o1`, …; a struct with `#[derive(wingbeat::Outputs)]` an
/// output for each of its fields, by its name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a task: it has no wire form",
    label = "not a value that can travel between tasks",
    note = "for a type of your own: `#[derive(wingbeat::Value)]`, on a struct with named fields or an enum without data",
    note = "a task returns nothing, a value, a tuple of values, a struct with `#[derive(wingbeat::Outputs)]`, or a Result of one of them"
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
    named_output(&name(ix), value)
}

/// An output by its name.
///
/// # Errors
/// The value has no form on the wire.
pub fn named_output(name: &str, value: &impl Value) -> Result<NamedLiteral, ValueError> {
    let literal = value.to_literal().map_err(|error| error.within(name))?;
    Ok(NamedLiteral { name: name.to_owned(), value: literal.into(), ..Default::default() })
}

/// The output of this name; or the one at `ix` of a task whose outputs have no names of their own.
///
/// # Errors
/// It is missing or of another type.
pub fn output_named<T: Value>(literals: &[NamedLiteral], ix: usize, own: &str) -> Result<T, ValueError> {
    let position = name(ix);
    let by_name = literals.iter().find(|one| one.name == own);
    let found = by_name.or_else(|| literals.iter().find(|one| one.name == position));
    value_of(found, own)
}

fn value_of<T: Value>(found: Option<&NamedLiteral>, name: &str) -> Result<T, ValueError> {
    match found {
        Some(found) => T::from_literal(&found.value).map_err(|error| error.within(name)),
        None => T::absent().ok_or_else(|| ValueError::new(format!("an output `{name}`"), "no such output")),
    }
}

/// Is it `o0`, `o1`, …: the name of an output that has none of its own?
fn is_position(name: &str) -> bool {
    name.strip_prefix('o')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// By its name; by position where names are others, as those of a Python `NamedTuple`.
fn decode<T: Value>(literals: &[NamedLiteral], ix: usize) -> Result<T, ValueError> {
    let name = name(ix);
    let by_name = literals.iter().find(|one| one.name == name);
    let is_named_otherwise = !literals.iter().any(|one| is_position(&one.name));
    value_of(by_name.or_else(|| literals.get(ix).filter(|_| is_named_otherwise)), &name)
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

#[cfg(test)]
mod tests {
    use super::{NamedLiteral, Outputs, named_output, output_named};

    fn literals(names: &[&str]) -> Vec<NamedLiteral> {
        (1_i64..).zip(names).map(|(value, name)| named_output(name, &value).unwrap()).collect()
    }

    #[test]
    fn outputs_without_names_are_found_by_their_position() {
        type Two = (i64, i64);
        for names in [["o0", "o1"], ["count", "other"], ["a", "b"]] {
            assert_eq!(Two::from_literals(&literals(&names)), Ok((1, 2)), "{names:?}");
        }
        assert_eq!(Two::from_literals(&literals(&["o1", "o0"])), Ok((2, 1)));
        let error = Two::from_literals(&literals(&["o0"])).unwrap_err();
        assert_eq!(error.to_string(), "expected an output `o1`, got no such output");
    }

    #[test]
    fn outputs_with_names_are_found_by_them_or_where_a_task_has_none() {
        let named = literals(&["mean", "count"]);
        assert_eq!(output_named::<i64>(&named, 0, "count"), Ok(2));
        assert_eq!(output_named::<i64>(&literals(&["o0", "o1"]), 1, "count"), Ok(2));
        let error = output_named::<i64>(&named, 0, "sum").unwrap_err();
        assert_eq!(error.to_string(), "expected an output `sum`, got no such output");
        assert_eq!(output_named::<Option<i64>>(&named, 0, "sum"), Ok(None));
    }
}
