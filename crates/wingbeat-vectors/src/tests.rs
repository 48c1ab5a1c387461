//! The file that the client's own runs made passes here, byte for byte, but for what needs Python.

use serde_json::json;

use crate::{Summary, run};

const VECTORS: &str = include_str!("../../wingbeat-types/testdata/types-vectors.json");

fn summary() -> Summary {
    run(&serde_json::from_str(VECTORS).expect("the test data is JSON")).expect("it holds vectors")
}

#[test]
fn no_vector_fails_and_most_need_no_python() {
    let summary = summary();
    assert_eq!(summary.failed, vec![], "{summary}");
    assert!(summary.passed >= 530, "{summary}");
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
    let summary = run(&vectors).expect("it holds vectors");
    assert_eq!(summary.failed.len(), 2, "{summary}");
}

#[test]
fn what_holds_no_vectors_is_told_what_is_wrong_with_it() {
    for (content, message) in [
        (json!([]), "it is no object"),
        (json!({}), "it has none of the sections"),
        (json!({"prelude": "x = 1"}), "it has none of the sections"),
        (json!({"prelude": 5, "cases": []}), "`prelude` is no text"),
        (json!({"cases": {}}), "`cases` is no list"),
        (json!({"cli": [{}, 5]}), "`cli[1]` is no object"),
    ] {
        let refused = run(&content).map_err(|error| error.to_string());
        assert!(refused.as_ref().is_err_and(|told| told.starts_with(message)), "{content}: {refused:?}");
    }
    assert_eq!(
        run(&json!({"cases": []})).map(|summary| summary.to_string()),
        Ok("0 passed, 0 failed, 0 skipped".into())
    );
}
