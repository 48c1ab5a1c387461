//! The file that the client's own runs made passes here, byte for byte, but for what needs Python.

use crate::{Summary, run};

const VECTORS: &str = include_str!("../../wingbeat-types/testdata/types-vectors.json");

fn summary() -> Summary {
    run(&serde_json::from_str(VECTORS).expect("the test data is JSON"))
}

#[test]
fn no_vector_fails_and_most_need_no_python() {
    let summary = summary();
    assert_eq!(summary.failed, vec![], "{summary}");
    assert!(summary.passed > 400, "{summary}");
}

#[test]
fn every_skipped_vector_says_why() {
    assert!(summary().skipped.iter().all(|(name, reason)| !name.is_empty() && !reason.is_empty()));
}

#[test]
fn a_vector_that_is_wrong_fails() {
    let mut vectors: serde_json::Value = serde_json::from_str(VECTORS).expect("the test data is JSON");
    vectors["cases"][0]["literal_b64"] = "CgQKAggC".into();
    vectors["json_schema"][0]["json_schema"]["format"] = "double".into();
    let summary = run(&vectors);
    assert_eq!(summary.failed.len(), 2, "{summary}");
}
