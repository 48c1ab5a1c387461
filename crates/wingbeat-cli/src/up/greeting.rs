//! What `wingbeat up` says when it is ready. Pure. The first line is read by programs; it stays.

use std::net::SocketAddr;
use std::path::Path;

use wingbeat_client::{DEFAULT_DOMAIN, DEFAULT_PROJECT, Surroundings};

use super::data_folder::url;

const PROXY_VARIABLES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// The lines, in order.
pub(crate) fn lines(listen: SocketAddr, data: &Path, around: &Surroundings) -> Vec<String> {
    let port = listen.port();
    let scope = format!("--project {DEFAULT_PROJECT} --domain {DEFAULT_DOMAIN}");
    let mut lines = vec![
        format!("Wingbeat is ready at {}", url(listen)),
        format!("data folder: {}", data.display()),
        format!("point flyte at it:  flyte create config --endpoint localhost:{port} --insecure {scope}"),
        format!("or for one command: flyte --endpoint localhost:{port} --insecure run {scope} FILE TASK"),
    ];
    if let Some(exported) = proxy_exception(around) {
        lines.push(format!("a proxy is set; keep it away from local calls:  {exported}"));
    }
    lines
}

/// With a proxy in the environment, clients would send even `localhost` to it.
fn proxy_exception(around: &Surroundings) -> Option<String> {
    PROXY_VARIABLES.iter().find_map(|name| around.variable(name))?;
    let except = around.variable("NO_PROXY").or_else(|| around.variable("no_proxy")).unwrap_or_default();
    if except.split(',').any(|host| matches!(host.trim(), "localhost" | "*")) {
        return None;
    }
    let separator = if except.is_empty() { "" } else { "," };
    Some(format!("export NO_PROXY={except}{separator}localhost,127.0.0.1"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use wingbeat_client::Surroundings;

    use super::lines;

    fn said(variables: &[(&str, &str)]) -> Vec<String> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let around = Surroundings { variables, ..Surroundings::default() };
        lines("127.0.0.1:8080".parse().expect("address"), Path::new("/home/u/.wingbeat"), &around)
    }

    #[test]
    fn the_first_line_has_the_address_and_the_second_the_folder() {
        let said = said(&[]);
        assert_eq!(said[0], "Wingbeat is ready at http://127.0.0.1:8080");
        assert_eq!(said[1], "data folder: /home/u/.wingbeat");
        assert!(said[2].contains("flyte create config --endpoint localhost:8080 --insecure"));
        assert_eq!(said.len(), 4);
    }

    #[test]
    fn a_proxy_that_would_catch_local_calls_is_answered_with_the_line_to_export() {
        let proxy = ("HTTP_PROXY", "http://proxy:3128");
        assert!(said(&[proxy])[4].ends_with("export NO_PROXY=localhost,127.0.0.1"));
        let partial = said(&[proxy, ("NO_PROXY", "intra")]);
        assert!(partial[4].ends_with("export NO_PROXY=intra,localhost,127.0.0.1"));
        assert_eq!(said(&[proxy, ("no_proxy", "localhost,intra")]).len(), 4);
    }
}
