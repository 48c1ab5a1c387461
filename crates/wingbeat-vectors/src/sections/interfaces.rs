//! Records of a function's interface, and of a call of it.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use serde_json::Value as Json;
use wingbeat_proto::flyteidl2::core::TypedInterface;
use wingbeat_proto::flyteidl2::task::{Inputs, NamedParameter};
use wingbeat_types::ty::Dialect;
use wingbeat_types::{
    ConvertError, ConvertErrorKind, Interface, Parameter, Type, Value, cache_key, inputs_hash, inputs_repr,
    interface_hash, json_schema_of_inputs, python,
};

use super::base64;
use super::values::{same_as_shown, whole};
use crate::check::{Check, canonical_bytes, text, varies};
use crate::python::{Expr, Function, Need, Place, Scope, Statement, expression, statements};

fn raised(kind: ConvertErrorKind, message: impl Into<String>) -> Need {
    Need::Raised(ConvertError { kind, path: String::new(), message: message.into() })
}

fn function_of(source: &str) -> Result<Function, Need> {
    let found = statements(source).into_iter().find_map(|statement| match statement {
        Statement::Function(function) => Some(function),
        Statement::Class(_) | Statement::Assign(..) => None,
    });
    found.ok_or_else(|| Need::python("the source has no function that is understood"))
}

fn interface_of(scope: &Scope, source: &str) -> Result<Interface, Need> {
    let mut scope = scope.clone();
    scope.extend(source);
    let function = function_of(source)?;
    if function.is_open {
        let message =
            format!("Function {} cannot have variable positional or keyword arguments.", function.name);
        return Err(raised(ConvertErrorKind::Value, message));
    }
    let mut interface = Interface::default();
    for (name, ty, default) in &function.parameters {
        let ty = match ty {
            Some(ty) => parameter_type(&scope, ty)?,
            None => unannotated(),
        };
        if let Some(Expr::Attribute(_, last)) = default
            && last == "TriggerTime"
        {
            return Err(raised(ConvertErrorKind::Value, trigger_time(name)));
        }
        let default = default.as_ref().map(|default| scope.value(default)).transpose()?;
        interface.inputs.push(Parameter { name: name.clone(), ty, default });
    }
    if let Some(returns) = &function.returns {
        interface.outputs = outputs_of(&scope, returns)?;
    }
    Ok(interface)
}

/// What stands for the type of a parameter without one.
fn unannotated() -> Type {
    Type::Pickle("<class 'inspect._empty'>".to_owned())
}

fn trigger_time(name: &str) -> String {
    format!(
        "Input '{name}' uses flyte.TriggerTime as its default value. flyte.TriggerTime is only valid as a value in \
         `flyte.Trigger(inputs=...)` \u{2014} it cannot be used as a regular task default. Remove the default from the \
         task signature and pass it through the Trigger inputs instead."
    )
}

/// `Literal["a", "b"]` of a parameter is an enumeration; text is what it says.
fn parameter_type(scope: &Scope, expr: &Expr) -> Result<Type, Need> {
    match expr {
        Expr::Text(text) => parameter_type(scope, &expression(text)?),
        Expr::Index(generic, values) if generic.dotted().as_deref() == Some("Literal") => {
            Ok(Scope::literal_enum(values))
        }
        other => scope.ty(other, Place::Alone),
    }
}

fn outputs_of(scope: &Scope, expr: &Expr) -> Result<Vec<(String, Type)>, Need> {
    let numbered = |items: &[Expr]| {
        let each = items.iter().enumerate();
        each.map(|(ix, item)| Ok((format!("o{ix}"), parameter_type(scope, item)?))).collect()
    };
    match expr {
        Expr::Name(name) if name == "None" => Ok(Vec::new()),
        Expr::Text(text) => match outputs_of(scope, &expression(text)?) {
            Err(Need::Python(_)) => Err(Need::python(format!("the name '{text}' is looked up"))),
            found => found,
        },
        Expr::Tuple(items) if items.len() == 1 => {
            let message = "Please don't use a tuple if you're just returning one thing.";
            Err(raised(ConvertErrorKind::Type, message))
        }
        Expr::Tuple(items) => numbered(items),
        Expr::Index(generic, items)
            if generic
                .dotted()
                .is_some_and(|name| matches!(name.as_str(), "tuple" | "Tuple" | "typing.Tuple")) =>
        {
            if items.contains(&Expr::Ellipsis) {
                let message = "Variable length tuples are not supported as return types.";
                return Err(raised(ConvertErrorKind::Type, message));
            }
            if items.len() == 1 {
                let message = "Tuples should be used to indicate multiple return values, found only one return \
                               variable.";
                return Err(raised(ConvertErrorKind::Type, message));
            }
            numbered(items)
        }
        other => match parameter_type(scope, other)? {
            Type::Struct(ty) if ty.dialect == Dialect::NamedTuple => {
                Ok(ty.fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect())
            }
            ty => Ok(vec![("o0".to_owned(), ty)]),
        },
    }
}

/// The interface of a source on the wire.
pub(super) fn wire_of(scope: &Scope, source: &str, check: &mut Check) -> Option<TypedInterface> {
    let interface = check.value("interface", interface_of(scope, source))?;
    check.value("interface", interface.to_wire().map_err(Need::from))
}

pub(crate) fn interface(scope: &Scope, record: &Json, check: &mut Check) {
    check.again::<TypedInterface>(record, "typed_interface_b64");
    check.again::<Inputs>(&record["call"], "inputs_b64");
    for default in record["default_inputs"].as_array().into_iter().flatten() {
        check.again::<NamedParameter>(default, "b64");
    }
    if let Some(theirs) = check.decoded::<TypedInterface>(record, "typed_interface_b64") {
        check.equal("interface hash", &interface_hash(&theirs).as_str(), &text(record, "interface_hash"));
        hashes_of_call(record, &theirs, check);
    }
    let Some(ours) = check.value("interface", interface_of(scope, text(record, "source"))) else { return };
    in_words(&ours, record, check);
    let Some(wire) = check.value("interface", ours.to_wire().map_err(Need::from)) else { return };
    check.equal("interface", &base64(&canonical_bytes(&wire)), &text(record, "typed_interface_b64"));
    let mut schema = json_schema_of_inputs(&wire.inputs, &ours.required());
    for input in ours.inputs.iter().filter(|input| input.ty == unannotated()) {
        // Of what has no annotation a tool is told that it is text.
        schema["properties"][&input.name] = serde_json::json!({"type": "string"});
    }
    check.equal("schema", &whole(schema), &whole(record["inputs_json_schema"].clone()));
    if !varies(record, "pickled inputs") {
        defaults(&ours, record, check);
        call(scope, &ours, record, check);
    }
}

/// Hashes that follow from what the client sent.
fn hashes_of_call(record: &Json, interface: &TypedInterface, check: &mut Check) {
    let call = &record["call"];
    let Some(inputs) = check.decoded::<Inputs>(call, "inputs_b64") else { return };
    check.equal("inputs repr", &base64(&inputs_repr(&inputs, &[])), &text(call, "inputs_repr_b64"));
    check.equal("inputs hash", &inputs_hash(&inputs, &[]).as_str(), &text(call, "inputs_hash"));
    let of = &call["cache_key"];
    for key in ["cache_key", "cache_key_ignoring_first"]
        .map(|key| &call[key])
        .into_iter()
        .filter(|key| key.is_object())
    {
        let ignored: Vec<String> = key["ignored"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let hash = inputs_hash(&inputs, &ignored);
        let ours =
            cache_key(&hash, text(of, "task_name"), &interface_hash(interface), text(of, "cache_version"));
        check.equal("cache key", &ours.as_str(), &text(key, "key"));
    }
    let carries = inputs.literals.iter().any(|one| wingbeat_types::carries_hash(&one.value));
    let ours = carries.then(|| inputs_hash(&inputs, &[]));
    check.equal("hash of a root's inputs", &ours.as_deref(), &call["root_content_inputs_hash"].as_str());
}

/// Names, types and defaults as the client shows them.
fn in_words(ours: &Interface, record: &Json, check: &mut Check) {
    if ours.inputs.iter().any(|input| matches!(input.ty, Type::Constrained(..))) {
        return check.need("shown", &Need::python("the objects of an annotation show themselves"));
    }
    let inputs: Vec<Json> = ours
        .inputs
        .iter()
        .map(|input| {
            let default =
                input.default.as_ref().map_or(Json::Null, |value| Json::String(python::repr(value)));
            Json::Array(vec![Json::String(input.name.clone()), Json::String(name_of(&input.ty)), default])
        })
        .collect();
    check.equal("inputs", &Json::Array(inputs), &record["inputs_in_order"]);
    let outputs: Vec<Json> = ours
        .outputs
        .iter()
        .map(|(name, ty)| Json::Array(vec![Json::String(name.clone()), Json::String(name_of(ty))]))
        .collect();
    check.equal("outputs", &Json::Array(outputs), &record["outputs_in_order"]);
    check.equal("required", &Json::from(ours.required()), &record["required_inputs"]);
    let inputs: Vec<String> = ours
        .inputs
        .iter()
        .map(|input| match &input.default {
            None => format!("{}: {}", input.name, name_of(&input.ty)),
            Some(default) => format!("{}: {} = {}", input.name, name_of(&input.ty), python::show(default)),
        })
        .collect();
    let outputs: Vec<String> =
        ours.outputs.iter().map(|(name, ty)| format!("{name}: {}", name_of(ty))).collect();
    let returned = match outputs.as_slice() {
        [] => String::new(),
        [one] => format!(" -> {one}"),
        many => format!(" -> ({})", many.join(", ")),
    };
    check.equal(
        "shown",
        &format!("({}){returned}:", inputs.join(", ")).as_str(),
        &text(record, "native_repr"),
    );
}

/// A class by its own name, everything else as it is written.
fn name_of(ty: &Type) -> String {
    let shown = python::type_str(ty);
    if ty == &Type::Any {
        return "Any".to_owned();
    }
    if !shown.starts_with('<') {
        return shown;
    }
    let class = shown.split('\'').nth(1).unwrap_or_default();
    class.rsplit('.').next().unwrap_or_default().to_owned()
}

fn defaults(ours: &Interface, record: &Json, check: &mut Check) {
    let defaults = ours.default_inputs().map_err(Need::from);
    if record["default_inputs_error"].is_object() {
        let expected = &record["default_inputs_error"];
        match defaults {
            Err(Need::Raised(error)) => {
                check.equal("defaults", &error.message.as_str(), &text(expected, "message"));
            }
            other => check.failures.push(format!("defaults: ours {other:?}, theirs {expected}")),
        }
        return;
    }
    let Some(defaults) = check.value("defaults", defaults) else { return };
    let theirs = record["default_inputs"].as_array().map_or(&[][..], Vec::as_slice);
    check.equal("number of defaults", &defaults.len(), &theirs.len());
    for (default, theirs) in defaults.iter().zip(theirs) {
        check.equal("default", &base64(&canonical_bytes(default)), &text(theirs, "b64"));
    }
}

fn arguments(scope: &Scope, source: &str) -> Result<Vec<(String, Value)>, Need> {
    let Value::Map(entries) = scope.value(&expression(source)?)? else {
        return Err(Need::python("arguments that are no dictionary"));
    };
    Ok(entries.into_iter().map(|(key, value)| (python::show(&key), value)).collect())
}

fn call(scope: &Scope, ours: &Interface, record: &Json, check: &mut Check) {
    let call = &record["call"];
    if !call["inputs_b64"].is_string() {
        return;
    }
    let Some(given) = check.value("arguments", arguments(scope, text(call, "kwargs"))) else { return };
    let Some(inputs) = check.value("inputs", ours.bind(&given).map_err(Need::from)) else { return };
    check.equal("inputs", &base64(&canonical_bytes(&inputs)), &text(call, "inputs_b64"));
    let read = ours.read(&inputs).map_err(Need::from);
    if call["error"].is_object() {
        return check.refused("reading", read, &call["error"]);
    }
    let Some(mut read) = check.value("reading", read) else { return };
    read.sort_by(|a, b| a.0.cmp(&b.0));
    let read: Vec<(Value, Value)> = read.into_iter().map(|(name, value)| (Value::Str(name), value)).collect();
    same_as_shown(check, "read", &Value::Map(read), text(call, "outputs_of_inputs_native"));
}

pub(crate) fn failure(scope: &Scope, record: &Json, check: &mut Check) {
    let mode = text(record, "mode");
    let interface = interface_of(scope, text(record, "source"));
    if mode == "from_callable" {
        return check.refused("interface", interface, record);
    }
    let interface = match interface {
        Err(Need::Raised(error)) => return check.error("interface", &error, record),
        other => other,
    };
    let Some(interface) = check.value("interface", interface) else { return };
    match mode {
        "typed" => check.refused("interface", interface.to_wire().map_err(Need::from), record),
        "defaults" => match interface.default_inputs() {
            // The client wraps the reason in an error of its own.
            Err(error) => check.equal("message", &error.message.as_str(), &text(record, "message")),
            Ok(_) => check.failures.push("defaults: ours none is refused".to_owned()),
        },
        mode if mode.starts_with("POS:") => {
            let given = expression(&mode[4..]).and_then(|one| scope.value(&one));
            let Some(Value::Tuple(given)) = check.value("arguments", given) else { return };
            let refused = interface.bind_positional(&given).map_err(Need::from);
            check.refused("inputs", refused, record);
        }
        mode => {
            let Some(given) = check.value("arguments", arguments(scope, mode)) else { return };
            check.refused("inputs", interface.bind(&given).map_err(Need::from), record);
        }
    }
}
