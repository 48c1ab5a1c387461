//! Rules about words: paths of one machine, registry hosts, things left unfinished, clocks in pure crates.

use super::{Finding, is_rust, is_test};

/// Split so that this file does not name them itself.
const MACHINE_PATHS: [&str; 7] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/fa", "rm/"),
    concat!("/tm", "p/peer"),
    concat!("/tm", "p/probe"),
    concat!("/tm", "p/facts"),
    concat!("/tm", "p/venv"),
];

/// The user configures where packages come from, not the repository.
const REGISTRY_HOSTS: [&str; 6] =
    ["crates.io", "pypi.org", "pythonhosted.org", "npmjs.org", "npmjs.com", "proxy.golang.org"];

/// Never finished by itself: write it or leave it out.
const UNFINISHED: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X:")];

const UNFINISHED_CODE: [&str; 3] =
    [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("#[ig", "nore]")];

const PURE_CRATES: [&str; 3] =
    ["crates/wingbeat-model/", "crates/wingbeat-types/", "crates/wingbeat-engine/"];

/// What a pure crate cannot say: time, ids and randomness are arguments there.
const IMPURE_CODE: [&str; 10] = [
    "async fn",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "tokio::",
];

pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    if is_lock_file(path) {
        return Vec::new();
    }
    let lines = text.lines().enumerate();
    lines.flat_map(|(ix, line)| check_line(path, ix + 1, line)).collect()
}

fn is_lock_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "Cargo.lock" | "package-lock.json" | "uv.lock")
}

fn check_line(path: &str, line: usize, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(found) = MACHINE_PATHS.iter().find(|part| text.contains(*part)) {
        let advice = format!("`{found}` exists on one machine only: take the path from an argument");
        findings.push(Finding::of_file(path, line, "machine-path", advice));
    }
    if let Some(host) = url_hosts(text).find(|host| is_registry(host)) {
        let advice = format!("`{host}` is a package registry: leave the choice to the user's configuration");
        findings.push(Finding::of_file(path, line, "registry-host", advice));
    }
    let is_code = [".rs", ".py", ".sh", ".sql", ".ts", ".tsx"].iter().any(|ending| path.ends_with(ending));
    if let Some(found) = UNFINISHED.iter().find(|word| is_code && text.contains(*word)) {
        let advice = format!("`{found}`: finish it, or open an issue and leave the mark out");
        findings.push(Finding::of_file(path, line, "unfinished", advice));
    }
    findings
}

fn url_hosts(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("://").map(move |(at, separator)| {
        let rest = &text[at + separator.len()..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@')));
        let authority = &rest[..end.unwrap_or(rest.len())];
        authority.rsplit('@').next().unwrap_or(authority).trim_end_matches('.')
    })
}

fn is_registry(host: &str) -> bool {
    REGISTRY_HOSTS.iter().any(|registry| {
        host.strip_suffix(registry).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// Looks at masked source, so that words in comments and texts do not count.
pub(crate) fn check_rust_code(path: &str, masked: &str) -> Vec<Finding> {
    let is_pure = !is_test(path) && PURE_CRATES.iter().any(|part| path.starts_with(&format!("{part}src/")));
    let production = masked.split("#[cfg(test)]\nmod ").next().unwrap_or(masked);
    let unfinished = find_words(masked, &UNFINISHED_CODE).map(|(line, word)| {
        let advice = format!("`{word}` is not an implementation: finish it or leave it out");
        Finding::of_file(path, line, "unfinished", advice)
    });
    let impure = find_words(production, &IMPURE_CODE).filter(|_| is_pure).map(|(line, word)| {
        let advice = format!("`{word}` in a pure crate: take it as an argument or return it as an effect");
        Finding::of_file(path, line, "pure-crate", advice)
    });
    debug_assert!(is_rust(path), "only Rust source is masked");
    unfinished.chain(impure).collect()
}

fn find_words<'a>(masked: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    let lines = masked.lines().enumerate();
    lines.flat_map(move |(ix, line)| {
        words.iter().filter(move |word| line.contains(**word)).map(move |word| (ix + 1, *word))
    })
}

#[cfg(test)]
mod tests {
    use super::super::mask::mask;
    use super::{MACHINE_PATHS, check, check_rust_code, url_hosts};

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        check(path, text).into_iter().map(|finding| finding.rule).collect()
    }

    fn code_rules(path: &str, text: &str) -> Vec<&'static str> {
        check_rust_code(path, &mask(text)).into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn paths_of_one_machine_are_found_anywhere() {
        for part in MACHINE_PATHS {
            assert_eq!(rules("docs/a.md", &format!("see {part}x\n")), ["machine-path"], "{part}");
        }
        assert_eq!(rules("docs/a.md", "run it in a temporary folder under $TMPDIR\n"), [""; 0]);
    }

    #[test]
    fn registries_are_found_as_hosts_only() {
        let url = |host: &str| format!("go to https{}{host}/simple\n", "://");
        assert_eq!(rules("README.md", &url("pypi.org")), ["registry-host"]);
        assert_eq!(rules("README.md", &url("files.pythonhosted.org")), ["registry-host"]);
        assert_eq!(rules("README.md", &url("notpypi.org")), [""; 0]);
        assert_eq!(rules("README.md", "the package on PyPI, pypi.org\n"), [""; 0]);
        assert_eq!(rules("Cargo.lock", &url("crates.io")), [""; 0]);
    }

    #[test]
    fn hosts_are_cut_out_of_urls() {
        let hosts: Vec<&str> = url_hosts("a://u@h.x:80/p, b://y.z.").collect();
        assert_eq!(hosts, ["h.x", "y.z"]);
    }

    #[test]
    fn unfinished_code_is_found_and_talk_about_it_is_not() {
        let unfinished = format!("fn a() {{ {}() }}", super::UNFINISHED_CODE[0]);
        assert_eq!(code_rules("crates/a/src/b.rs", &unfinished), ["unfinished"]);
        assert_eq!(code_rules("crates/a/src/b.rs", &format!("// {unfinished}")), [""; 0]);
    }

    #[test]
    fn pure_crates_have_no_clock_and_their_tests_may() {
        let clock = "fn a() { std::time::SystemTime::now(); }\n";
        assert_eq!(code_rules("crates/wingbeat-engine/src/a.rs", clock), ["pure-crate"]);
        assert_eq!(code_rules("crates/wingbeat-server/src/a.rs", clock), [""; 0]);
        assert_eq!(code_rules("crates/wingbeat-engine/src/a/tests.rs", clock), [""; 0]);
        let inline = format!("fn b() {{}}\n#[cfg(test)]\nmod tests {{ {clock} }}");
        assert_eq!(code_rules("crates/wingbeat-engine/src/a.rs", &inline), [""; 0]);
    }
}
