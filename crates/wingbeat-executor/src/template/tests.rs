use wingbeat_model::Timestamp;

use super::substitute;
use crate::testing::assignment;

fn check(text: &str, expected: &str) {
    assert_eq!(substitute(text, &assignment()), expected, "{text}");
}

#[test]
fn every_placeholder_of_the_sdk_is_filled() {
    check("{{.input}}", "/store/r1/a0/inputs.pb");
    check("{{.inputPrefix}}", "/store/r1/a0");
    check("{{.outputPrefix}}", "/store/r1/a0/1");
    check("{{.rawOutputDataPrefix}}", "/store/raw/r1/a0/1");
    check("{{.checkpointOutputPrefix}}", "/store/raw/r1/a0/1/_flytecheckpoints");
    check("{{.runName}}", "r1");
    check("{{.actionName}}", "a0");
    check("{{.namespace}}", "proj-dev");
    check("{{.perRetryUniqueKey}}", "r1_a0_1");
}

#[test]
fn case_spaces_and_the_dollar_form_do_not_matter() {
    check("{{ .Input }}", "/store/r1/a0/inputs.pb");
    check("{{$OUTPUTPREFIX}}", "/store/r1/a0/1");
    check("--x={{.runname}}/{{ $actionname }}!", "--x=r1/a0!");
}

#[test]
fn a_first_attempt_has_an_empty_previous_checkpoint() {
    check("{{.prevCheckpointPrefix}}", "");
}

#[test]
fn what_is_not_known_stays_as_it_is() {
    for text in
        ["{{.inputs.x}}", "{{input}}", "{{", "{{.input", "}} {{ x }}", "no braces", "{{.runStartTime}}"]
    {
        check(text, text);
    }
    check("{{ {{.runName}}", "{{ r1");
}

#[test]
fn the_start_time_is_utc_with_six_digits() {
    let mut a = assignment();
    a.run_start = Some(Timestamp::from_micros(1_700_000_000_123_456));
    assert_eq!(substitute("{{.runStartTime}}", &a), "2023-11-14T22:13:20.123456Z");
    a.run_start = Some(Timestamp::from_micros(1_700_000_000_000_000));
    assert_eq!(substitute("{{.runStartTime}}", &a), "2023-11-14T22:13:20.000000Z");
}
