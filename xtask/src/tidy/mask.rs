//! Blanks out comments and the contents of literals in Rust source, keeping every line break, so that the other rules
//! can look for words and braces without a parser. It never fails: odd input gives odd output, not a panic.

/// The source with the same lines and columns (in characters), where only code is left.
pub(crate) fn mask(source: &str) -> String {
    let mut masker = Masker { source: source.chars().collect(), position: 0, masked: String::new() };
    while masker.position < masker.source.len() {
        masker.step();
    }
    masker.masked
}

struct Masker {
    source: Vec<char>,
    position: usize,
    masked: String,
}

impl Masker {
    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (Some('/'), Some('/')) => self.blank_while(|masker| masker.peek(0) != Some('\n')),
            (Some('/'), Some('*')) => self.block_comment(),
            (Some('"'), _) => self.string(),
            (Some('\''), _) => self.quote(),
            (Some('r'), Some('"' | '#')) if !self.follows_a_word() => self.raw_string(),
            (Some('b' | 'c'), Some('r')) if !self.follows_a_word() && self.raw_hashes(2).is_some() => {
                self.keep();
                self.raw_string();
            }
            _ => self.keep(),
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.source.get(self.position + ahead).copied()
    }

    fn keep(&mut self) {
        self.masked.extend(self.peek(0));
        self.position += 1;
    }

    fn blank(&mut self) {
        self.masked.push(if self.peek(0) == Some('\n') { '\n' } else { ' ' });
        self.position += 1;
    }

    fn blank_while(&mut self, more: impl Fn(&Self) -> bool) {
        while self.position < self.source.len() && more(self) {
            self.blank();
        }
    }

    fn follows_a_word(&self) -> bool {
        let before = self.position.checked_sub(1).and_then(|position| self.source.get(position));
        before.is_some_and(|c| c.is_alphanumeric() || *c == '_')
    }

    /// Rust's block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.position < self.source.len() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank();
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep();
        while let Some(c) = self.peek(0) {
            match c {
                '"' => return self.keep(),
                '\\' => {
                    self.blank();
                    if self.position < self.source.len() {
                        self.blank();
                    }
                }
                _ => self.blank(),
            }
        }
    }

    /// A character literal or a lifetime: only the literal has a closing quote after one character or an escape.
    fn quote(&mut self) {
        let is_literal =
            self.peek(1) == Some('\\') || (self.peek(2) == Some('\'') && self.peek(1) != Some('\''));
        self.keep();
        if !is_literal {
            return;
        }
        if self.peek(0) == Some('\\') {
            self.blank();
        }
        self.blank();
        self.blank_while(|masker| !matches!(masker.peek(0), Some('\'' | '\n')));
        if self.peek(0) == Some('\'') {
            self.keep();
        }
    }

    /// How many `#` stand before the `"` that is `ahead` or more characters away; `None` for `r#identifier`.
    fn raw_hashes(&self, ahead: usize) -> Option<usize> {
        let rest = self.source.get(self.position + ahead..).unwrap_or_default();
        let hashes = rest.iter().take_while(|c| **c == '#').count();
        (self.peek(ahead + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self) {
        let Some(hashes) = self.raw_hashes(1) else { return self.keep() };
        for _ in 0..hashes + 2 {
            self.keep();
        }
        self.blank_while(|masker| !masker.closes_raw(hashes));
        for _ in 0..=hashes {
            if self.position < self.source.len() {
                self.keep();
            }
        }
    }

    fn closes_raw(&self, hashes: usize) -> bool {
        self.peek(0) == Some('"') && (1..=hashes).all(|n| self.peek(n) == Some('#'))
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    fn check(source: &str, expected: &str) {
        assert_eq!(mask(source), expected);
    }

    #[test]
    fn line_comments_and_doc_comments_are_blanked() {
        check("a // { \"\nb", "a       \nb");
        check("/// it's {\nfn", "          \nfn");
    }

    #[test]
    fn block_comments_nest_and_keep_their_lines() {
        check("a /* { /* } */\n */ b", "a             \n    b");
    }

    #[test]
    fn strings_keep_their_quotes_and_lose_their_text() {
        check(r#"x("a\"{", 1)"#, r#"x("    ", 1)"#);
        check("\"a\n{\" }", "\" \n \" }");
    }

    #[test]
    fn raw_strings_end_at_their_own_hashes() {
        check(r##"r#"a"{"# }"##, r##"r#"   "# }"##);
        check(r#"br"\" }"#, r#"br" " }"#);
    }

    #[test]
    fn raw_identifiers_and_words_that_end_in_r_are_code() {
        check("r#fn var\"x\"", "r#fn var\" \"");
    }

    #[test]
    fn characters_are_blanked_and_lifetimes_are_kept() {
        check("'{' '\\'' '\\u{7d}' &'a str", "' ' '  ' '      ' &'a str");
        check("b'}' '_, x", "b' ' '_, x");
    }

    #[test]
    fn text_that_ends_early_does_not_panic() {
        for source in ["\"", "\"\\", "r#\"", "/*", "'\\", "'", "b'", "/* /*"] {
            let _ = mask(source);
        }
    }
}
