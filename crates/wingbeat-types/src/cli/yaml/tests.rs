use std::fmt::Write as _;

use proptest::prelude::{any, prop, proptest};

use super::read;
use crate::python;

fn shown(text: &str) -> String {
    read(text).map_or_else(|error| format!("error: {}", error.message), |value| python::repr(&value))
}

#[test]
fn text_without_quotes_is_what_it_looks_like() {
    for (text, value) in [
        ("[1, -7, +5, 1_000, 0b101, 017, 0x1F, 190:20:30]", "[1, -7, 5, 1000, 5, 15, 31, 685230]"),
        ("[1.5, .5, 1., 1.5e+3, -.inf, 190:20:30.15]", "[1.5, 0.5, 1.0, 1500.0, -inf, 685230.15]"),
        ("[08, 0o17, 1e3, 1.5e3, y, '1', \"no\"]", "['08', '0o17', '1e3', '1.5e3', 'y', '1', 'no']"),
        ("[yes, Off, TRUE, ~, null, ]", "[True, False, True, None, None]"),
        ("[2020-01-02]", "[datetime.date(2020, 1, 2)]"),
        (
            "[2020-01-02T03:04:05Z, 2020-01-02 3:04:05]",
            "[datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), \
             datetime.datetime(2020, 1, 2, 3, 4, 5)]",
        ),
        ("a: !!str 5\nb: !!int '7'", "{'a': '5', 'b': 7}"),
        ("|\n  a\n  b\n", "'a\\nb\\n'"),
        ("", "None"),
        ("--- 5\n", "5"),
    ] {
        assert_eq!(shown(text), value, "{text}");
    }
}

#[test]
fn names_stand_for_what_they_name_and_mappings_merge() {
    assert_eq!(shown("- &a [1]\n- *a\n"), "[[1], [1]]");
    let text = "base: &b {x: 1, y: 1}\nother:\n  <<: *b\n  y: 2\n";
    assert_eq!(shown(text), "{'base': {'x': 1, 'y': 1}, 'other': {'x': 1, 'y': 2}}");
    assert_eq!(shown("x: 5\ny: 1\nx: 6\n"), "{'x': 6, 'y': 1}");
    assert_eq!(shown("1: a\ntrue: b\n1.0: c\n"), "{1: 'c'}", "what is equal is one key");
}

#[test]
fn what_is_no_plain_data_is_refused() {
    for (text, part) in [
        ("a: !foo 5", "could not determine a constructor for the tag '!foo'"),
        ("a: 1\n---\nb: 2\n", "expected a single document"),
        ("[1]: 2", "unhashable key"),
        ("a: [1, 2", "error: "),
        ("<<: 5", "expected a mapping"),
    ] {
        assert!(shown(text).contains(part), "{text}: {}", shown(text));
    }
}

#[test]
fn what_unfolds_without_end_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for ix in 1..12 {
        let last = format!("*a{}", ix - 1);
        writeln!(bomb, "a{ix}: &a{ix} [{}]", [last.as_str(); 10].join(", "))
            .expect("a string takes all text");
    }
    assert!(shown(&bomb).contains("more than 1000000 values"));
    assert!(shown(&"[".repeat(5_000)).starts_with("error: "));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        drop(read(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn no_text_that_looks_like_yaml_makes_it_panic(text in "[-a-z0-9:.,\\[\\]{}&*!|><'\"# \n_eET+~]{0,40}") {
        drop(read(&text));
    }
}
