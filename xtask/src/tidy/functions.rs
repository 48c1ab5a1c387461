//! Measures functions, from the `fn` of the signature to the closing brace, in masked source.

use super::Finding;

/// A function that does not fit here has two ideas in it; see CONTRIBUTING.md.
pub(crate) const MAX_FUNCTION_LINES: usize = 70;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FunctionSpan {
    pub(crate) name: String,
    /// Counted from 1.
    pub(crate) first_line: usize,
    pub(crate) n_lines: usize,
}

pub(crate) fn check(path: &str, masked: &str) -> Vec<Finding> {
    let too_long = spans(masked).into_iter().filter(|span| span.n_lines > MAX_FUNCTION_LINES);
    too_long
        .map(|span| Finding {
            path: path.to_owned(),
            line: span.first_line,
            rule: "function-length",
            advice: format!(
                "`{}` has {} lines, {MAX_FUNCTION_LINES} are allowed: split it at a concept",
                span.name, span.n_lines
            ),
            subject: span.name,
        })
        .collect()
}

/// Every function with a body, nested ones too.
pub(crate) fn spans(masked: &str) -> Vec<FunctionSpan> {
    let tokens = tokens(masked);
    let heads = tokens.windows(2).enumerate().filter_map(|(ix, pair)| match (&pair[0].kind, &pair[1].kind) {
        (Kind::Word(keyword), Kind::Word(name)) if keyword == "fn" => Some((ix, name.clone())),
        _ => None,
    });
    heads
        .filter_map(|(ix, name)| {
            let first_line = tokens[ix].line;
            let last_line = body_end(&tokens[ix + 2..])?;
            Some(FunctionSpan { name, first_line, n_lines: last_line - first_line + 1 })
        })
        .collect()
}

enum Kind {
    Word(String),
    Mark(char),
}

struct Token {
    kind: Kind,
    line: usize,
}

fn tokens(masked: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for (ix, text) in masked.lines().enumerate() {
        let mut word = String::new();
        for c in text.chars().chain([' ']) {
            // `$` lets a macro's `fn $name` count as a function.
            if c.is_alphanumeric() || matches!(c, '_' | '$' | '#') {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                found.push(Token { kind: Kind::Word(std::mem::take(&mut word)), line: ix + 1 });
            }
            if !c.is_whitespace() {
                found.push(Token { kind: Kind::Mark(c), line: ix + 1 });
            }
        }
    }
    found
}

/// The line of the brace that closes the body, or `None` for a declaration that ends in `;`.
fn body_end(after_name: &[Token]) -> Option<usize> {
    let mut brackets = 0_i32;
    let mut braces = 0_i32;
    for token in after_name {
        let Kind::Mark(mark) = token.kind else { continue };
        match mark {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 && brackets == 0 {
                    return Some(token.line);
                }
            }
            // `[u8; 4]` in a signature is inside brackets.
            ';' if braces == 0 && brackets == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::mask::mask;
    use super::spans;

    fn check(source: &str, expected: &[(&str, usize, usize)]) {
        let spans = spans(&mask(source));
        let found: Vec<_> = spans.iter().map(|s| (s.name.as_str(), s.first_line, s.n_lines)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_function_reaches_from_its_signature_to_its_closing_brace() {
        check("\nfn a(\n  x: u8,\n) -> u8 {\n  x\n}\n", &[("a", 2, 5)]);
        check("fn a() {}", &[("a", 1, 1)]);
    }

    #[test]
    fn braces_in_text_do_not_count() {
        check("fn a() {\n  // }\n  let _ = (\"}\", '}', r#\"}\"#);\n}\n", &[("a", 1, 4)]);
    }

    #[test]
    fn declarations_and_function_pointers_are_not_functions() {
        check("trait T { fn a(x: [u8; 4]) -> [u8; 2]; }\ntype F = fn(u8) -> u8;\n", &[]);
    }

    #[test]
    fn a_default_method_after_a_declaration_is_its_own_function() {
        check("trait T {\n fn a();\n fn b() {\n }\n}", &[("b", 3, 2)]);
    }

    #[test]
    fn nested_functions_are_measured_apart() {
        check("fn a() {\n fn b() {\n }\n}", &[("a", 1, 4), ("b", 2, 2)]);
    }

    #[test]
    fn where_clauses_and_generics_belong_to_the_signature() {
        check("fn a<T>(t: T)\nwhere\n  T: Fn() -> u8,\n{\n}\n", &[("a", 1, 5)]);
    }
}
