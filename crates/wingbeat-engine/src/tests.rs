//! Tables of rules: each test is a sentence.
