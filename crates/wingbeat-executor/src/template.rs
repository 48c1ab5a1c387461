//! Fills the placeholders of a command line: `{{.input}}`, `{{$OutputPrefix}}`, `{{ .runName }}`.
//!
//! Pure. Names are matched without regard to case, after `.` or `$`, with spaces inside the braces, as
//! the Go engine does it. A placeholder that is not known stays as it is: it may be the user's own text.

use crate::assignment::Assignment;

/// Fills every placeholder of `text` that is known.
pub(crate) fn substitute(text: &str, assignment: &Assignment) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, from_open) = rest.split_at(open);
        filled.push_str(before);
        let Some((inner, after)) = from_open[2..].split_once("}}") else {
            rest = from_open;
            break;
        };
        if let Some(value) = placeholder(inner).and_then(|name| value(&name, assignment)) {
            filled.push_str(&value);
            rest = after;
        } else {
            // Only the braces are passed over, so that `{{ {{.input}}` still finds its second half.
            filled.push_str("{{");
            rest = &from_open[2..];
        }
    }
    filled.push_str(rest);
    filled
}

/// The lower-case name inside the braces, if this is a placeholder at all.
fn placeholder(inner: &str) -> Option<String> {
    let name = inner.trim().strip_prefix(['.', '$'])?;
    Some(name.to_ascii_lowercase())
}

fn value(name: &str, a: &Assignment) -> Option<String> {
    let text = match name {
        "input" => a.input_uri.clone(),
        "inputprefix" => a.input_uri.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned()),
        "outputprefix" => a.output_prefix.clone(),
        "rawoutputdataprefix" => a.raw_data_prefix.clone(),
        "checkpointoutputprefix" => a.checkpoint_uri.clone(),
        // Empty on the first attempt. The Go engine writes two quotes here, which the SDK strips again.
        "prevcheckpointprefix" => a.prev_checkpoint_uri.clone(),
        "perretryuniquekey" => format!("{}_{}_{}", a.run, a.action(), a.attempt()).replace('-', "_"),
        "namespace" => format!("{}-{}", a.project, a.domain),
        "runname" => a.run.clone(),
        "actionname" => a.action().to_owned(),
        "runstarttime" => return start_time(a),
        _ => return None,
    };
    Some(text)
}

/// RFC 3339 in UTC with six digits: Python 3.10 reads no other number of digits than 3 and 6.
fn start_time(a: &Assignment) -> Option<String> {
    let at = jiff::Timestamp::from_microsecond(a.run_start?.as_micros()).ok()?;
    Some(format!("{at:.6}"))
}

#[cfg(test)]
mod tests;
