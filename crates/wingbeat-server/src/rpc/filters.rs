//! Filters and sort keys of the wire, typed. A field that is not known is refused by name.

use connectrpc::ConnectError;
use jiff::Timestamp as Instant;
use wingbeat_proto::flyteidl2::common::{Filter as WireFilter, ListRequest, Sort, filter, sort};
use wingbeat_store::{ActionField, Cursor, Direction, Filter, FilterOp, TaskField};

/// What kind of text a field's values are.
enum Values {
    Text,
    Number,
    Time,
}

/// Filters of a list of actions.
pub(crate) fn action_filters(wire: &[WireFilter]) -> Result<Vec<Filter<ActionField>>, ConnectError> {
    wire.iter().map(|filter| read(filter, action_field(&filter.field))).collect()
}

/// Filters of a list of tasks.
pub(crate) fn task_filters(wire: &[WireFilter]) -> Result<Vec<Filter<TaskField>>, ConnectError> {
    wire.iter().map(|filter| read(filter, task_field(&filter.field))).collect()
}

/// Sort order of a list of actions.
pub(crate) fn action_sort(request: &ListRequest) -> Result<Vec<(ActionField, Direction)>, ConnectError> {
    sort_keys(request, |key| action_field(key).map(|(field, _)| field))
}

/// Sort order of a list of tasks.
pub(crate) fn task_sort(request: &ListRequest) -> Result<Vec<(TaskField, Direction)>, ConnectError> {
    sort_keys(request, |key| task_field(key).map(|(field, _)| field))
}

/// Where a list starts.
pub(crate) fn cursor(request: &ListRequest) -> Option<Cursor> {
    Some(request.token.clone()).filter(|token| !token.is_empty()).map(Cursor)
}

fn sort_keys<F>(
    request: &ListRequest,
    field: impl Fn(&str) -> Option<F>,
) -> Result<Vec<(F, Direction)>, ConnectError> {
    #[allow(deprecated, reason = "old clients send only this one")]
    let old = request.sort_by.as_option();
    let keys: Vec<&Sort> = if request.sort_by_fields.is_empty() {
        old.into_iter().collect()
    } else {
        request.sort_by_fields.iter().collect()
    };
    let read = |sort: &Sort| {
        let direction = if sort.direction == sort::Direction::ASCENDING {
            Direction::Ascending
        } else {
            Direction::Descending
        };
        let unknown =
            || ConnectError::invalid_argument(format!("request.sort: this list has no field `{}`", sort.key));
        field(&sort.key).map(|field| (field, direction)).ok_or_else(unknown)
    };
    keys.into_iter().filter(|sort| !sort.key.is_empty()).map(read).collect()
}

fn action_field(name: &str) -> Option<(ActionField, Values)> {
    use Values::{Number, Text, Time};
    Some(match name {
        "name" => (ActionField::Name, Text),
        "run_name" => (ActionField::RunName, Text),
        "phase" => (ActionField::Phase, Number),
        "action_type" => (ActionField::Kind, Number),
        "parent_name" | "parent_action_name" => (ActionField::Parent, Text),
        "group" | "action_group" => (ActionField::Group, Text),
        "run_source" => (ActionField::Source, Number),
        "created_by" | "created_by_subject" => (ActionField::CreatedBy, Text),
        "task_project" => (ActionField::TaskProject, Text),
        "task_domain" => (ActionField::TaskDomain, Text),
        "task_name" => (ActionField::TaskName, Text),
        "task_version" => (ActionField::TaskVersion, Text),
        "function_name" | "task_short_name" => (ActionField::ShortName, Text),
        "created_at" | "start_time" => (ActionField::CreatedAt, Time),
        "updated_at" => (ActionField::UpdatedAt, Time),
        "ended_at" | "end_time" => (ActionField::EndedAt, Time),
        "duration_ms" => (ActionField::DurationMicros, Number),
        _ => (ActionField::Label(name.strip_prefix("labels.")?.to_owned()), Text),
    })
}

fn task_field(name: &str) -> Option<(TaskField, Values)> {
    use Values::{Text, Time};
    Some(match name {
        "name" => (TaskField::Name, Text),
        "version" => (TaskField::Version, Text),
        "environment" | "environment_name" => (TaskField::Environment, Text),
        "function_name" | "short_name" => (TaskField::ShortName, Text),
        "deployed_by" => (TaskField::DeployedBy, Text),
        "created_at" | "deployed_at" | "updated_at" => (TaskField::CreatedAt, Time),
        _ => return None,
    })
}

fn read<F>(wire: &WireFilter, field: Option<(F, Values)>) -> Result<Filter<F>, ConnectError> {
    let name = &wire.field;
    let bad = |text: String| ConnectError::invalid_argument(format!("request.filters: {text}"));
    let (field, kind) = field.ok_or_else(|| bad(format!("this list has no field `{name}`")))?;
    let op = operation(wire).ok_or_else(|| bad(format!("the function on `{name}` is not known")))?;
    let values = match (&kind, op) {
        // One phase arrives split into its digits.
        (Values::Number, FilterOp::Equal) if wire.values.len() > 1 => vec![wire.values.concat()],
        _ => wire.values.clone(),
    };
    let wanted = match op {
        FilterOp::Exists | FilterOp::NotExists => values.is_empty(),
        FilterOp::In | FilterOp::NotIn => !values.is_empty(),
        FilterOp::Equal
        | FilterOp::NotEqual
        | FilterOp::Greater
        | FilterOp::GreaterOrEqual
        | FilterOp::Less
        | FilterOp::LessOrEqual
        | FilterOp::Contains
        | FilterOp::ContainsIgnoringCase
        | FilterOp::EndsWith
        | FilterOp::NotEndsWith => values.len() == 1,
    };
    if !wanted {
        return Err(bad(format!("`{name}` has {} values, which its function does not take", values.len())));
    }
    let values: Result<Vec<String>, ConnectError> =
        values.iter().map(|value| read_value(name, &kind, value)).collect();
    Ok(Filter { field, op, values: values? })
}

fn read_value(field: &str, kind: &Values, value: &str) -> Result<String, ConnectError> {
    let bad = |what: &str| {
        ConnectError::invalid_argument(format!("request.filters: `{field}` expects {what}, got `{value}`"))
    };
    match kind {
        Values::Text => Ok(value.to_owned()),
        Values::Number => value.parse::<i64>().map(|number| number.to_string()).map_err(|_| bad("a number")),
        Values::Time => {
            let at: Instant = value.parse().map_err(|_| bad("a time such as 2026-01-31T12:00:00+00:00"))?;
            Ok(at.as_microsecond().to_string())
        }
    }
}

fn operation(wire: &WireFilter) -> Option<FilterOp> {
    use filter::Function as F;
    Some(match wire.function.as_known()? {
        F::EQUAL => FilterOp::Equal,
        F::NOT_EQUAL => FilterOp::NotEqual,
        F::GREATER_THAN => FilterOp::Greater,
        F::GREATER_THAN_OR_EQUAL => FilterOp::GreaterOrEqual,
        F::LESS_THAN => FilterOp::Less,
        F::LESS_THAN_OR_EQUAL => FilterOp::LessOrEqual,
        F::CONTAINS => FilterOp::Contains,
        F::VALUE_IN => FilterOp::In,
        F::VALUE_NOT_IN => FilterOp::NotIn,
        F::ENDS_WITH => FilterOp::EndsWith,
        F::NOT_ENDS_WITH => FilterOp::NotEndsWith,
        F::CONTAINS_CASE_INSENSITIVE => FilterOp::ContainsIgnoringCase,
        F::EXISTS => FilterOp::Exists,
        F::NOT_EXISTS => FilterOp::NotExists,
    })
}
