//! Builds the environment of a task process. Pure: the executor's own environment is an argument.
//!
//! Four layers, later ones win: what is let through from the executor's environment, defaults that a
//! task may change, the task's and the run's own variables, and last what identifies the attempt and
//! leads it to its proxy, which nobody may change.

use std::collections::BTreeMap;
use std::path::Path;

use crate::assignment::{Assignment, Target};
use crate::python::PythonEnvironment;

/// Carries the random mark of an attempt, by which its processes are found however they hide.
pub(crate) const MARKER: &str = "WINGBEAT_ATTEMPT_MARKER";

/// Variables that tasks inherit from the executor. Anything else, credentials above all, needs `pass_env`.
const PASSED: [&str; 34] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "CONDA_PREFIX",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "JAX_PLATFORMS",
    "HF_HOME",
    "MPLCONFIGDIR",
];

/// Beginnings of further inherited names: locale and accelerators.
const PASSED_PREFIXES: [&str; 8] = ["LC_", "CUDA", "NVIDIA_", "NCCL_", "ROCR_", "ROCM_", "HIP_", "HSA_"];

/// Further inherited names where objects are in a bucket.
const BUCKET: [&str; 17] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT",
    "AWS_ALLOW_HTTP",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CA_BUNDLE",
];

/// Hosts that a corporate proxy must never see.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Variables that differ between attempts of one task environment; every other one may bind a process to it.
pub(crate) const PER_ATTEMPT: [&str; 11] = [
    "ACTION_NAME",
    "RUN_NAME",
    "_U_RUN_BASE",
    "FLYTE_INTERNAL_EXECUTION_ID",
    "FLYTE_INTERNAL_TASK_NAME",
    "FLYTE_INTERNAL_NAME",
    "FLYTE_ATTEMPT_NUMBER",
    "_U_EP_OVERRIDE",
    "TMPDIR",
    "_F_PN",
    MARKER,
];

/// What the environment is made from.
pub(crate) struct Sources<'a> {
    pub(crate) assignment: &'a Assignment,
    /// The executor's own environment.
    pub(crate) host: &'a [(String, String)],
    /// Names that the operator lets through on top of the built-in list.
    pub(crate) pass_env: &'a [String],
    /// What leads the task to the platform's bucket, if there is one.
    pub(crate) store_env: &'a [(String, String)],
    pub(crate) python: &'a PythonEnvironment,
    /// `localhost:PORT` of the attempt's proxy.
    pub(crate) endpoint: &'a str,
    /// The attempt's own folder for temporary files.
    pub(crate) temp: &'a Path,
    /// The attempt's random mark.
    pub(crate) marker: &'a str,
}

/// The whole environment of the attempt's process; nothing else is inherited.
pub(crate) fn environment(sources: &Sources<'_>) -> BTreeMap<String, String> {
    let mut env = inherited(sources.host, sources.pass_env);
    extend(&mut env, defaults());
    env.extend(sources.store_env.iter().cloned());
    if let Target::Container(command) = &sources.assignment.task.target {
        env.extend(command.env.iter().cloned());
    }
    env.extend(sources.assignment.run_env.clone());
    // A name with `=` or NUL cannot be set; the process would not start for a reason that nobody reads.
    env.retain(|name, value| !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0'));
    extend(&mut env, identity(sources.assignment));
    extend(&mut env, surroundings(sources));
    if let Some(root) = sources.python.virtual_env() {
        env.insert("VIRTUAL_ENV".to_owned(), root.display().to_string());
    }
    let path = with_first(sources.python.bin(), env.get("PATH").map(String::as_str).unwrap_or_default());
    env.insert("PATH".to_owned(), path);
    let no_proxy = no_proxy(&env);
    env.insert("NO_PROXY".to_owned(), no_proxy.clone());
    env.insert("no_proxy".to_owned(), no_proxy);
    env
}

/// What of the executor's environment leads a task to the bucket: the SDK reads and writes it by itself.
pub(crate) fn of_bucket(host: &[(String, String)]) -> Vec<(String, String)> {
    let own = host.iter().filter(|(name, _)| BUCKET.contains(&name.as_str()));
    let mut env: Vec<(String, String)> = own.cloned().collect();
    let value = |names: &[&str]| {
        let mut found = names.iter().filter_map(|wanted| host.iter().find(|(name, _)| name == wanted));
        found.next().map(|(_, value)| value.clone())
    };
    // Parts of the SDK know only names of its own.
    let endpoint = value(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]);
    env.extend(endpoint.map(|url| ("FLYTE_AWS_ENDPOINT".to_owned(), url)));
    let style = match value(&["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"]).as_deref() {
        Some("true") => Some("virtual"),
        Some(_) => Some("path"),
        None => None,
    };
    env.extend(style.map(|style| ("FLYTE_AWS_S3_ADDRESSING_STYLE".to_owned(), style.to_owned())));
    env
}

fn extend<const N: usize>(env: &mut BTreeMap<String, String>, pairs: [(&str, String); N]) {
    env.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
}

fn inherited(host: &[(String, String)], pass_env: &[String]) -> BTreeMap<String, String> {
    let passes = |name: &str| {
        PASSED.contains(&name)
            || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || pass_env.iter().any(|passed| passed == name)
    };
    host.iter().filter(|(name, _)| passes(name)).cloned().collect()
}

fn defaults() -> [(&'static str, String); 4] {
    [
        // The stock limits protect a shared control plane; this one is next door.
        ("_F_MAX_QPS", "10000".to_owned()),
        ("_F_P_CNC", "10000".to_owned()),
        // Output goes to files, where Python would hold it back in blocks.
        ("PYTHONUNBUFFERED", "1".to_owned()),
        // Local paths are not created by the SDK otherwise: a parent writes its children's inputs.
        ("FSSPEC_FILE_AUTO_MKDIR", "true".to_owned()),
    ]
}

fn identity(a: &Assignment) -> [(&'static str, String); 16] {
    // The SDK asserts that it is not empty.
    let org = if a.org.is_empty() { "default".to_owned() } else { a.org.clone() };
    // Attempts count from 1 everywhere but here.
    let attempt = a.attempt().saturating_sub(1).to_string();
    [
        ("ACTION_NAME", a.action().to_owned()),
        ("RUN_NAME", a.run.clone()),
        ("_U_RUN_BASE", a.run_output_base.clone()),
        ("_U_ORG_NAME", org),
        ("FLYTE_INTERNAL_EXECUTION_PROJECT", a.project.clone()),
        ("FLYTE_INTERNAL_EXECUTION_DOMAIN", a.domain.clone()),
        ("FLYTE_INTERNAL_EXECUTION_ID", a.run.clone()),
        ("FLYTE_INTERNAL_TASK_PROJECT", a.task.project.clone()),
        ("FLYTE_INTERNAL_TASK_DOMAIN", a.task.domain.clone()),
        ("FLYTE_INTERNAL_TASK_NAME", a.task.name.clone()),
        ("FLYTE_INTERNAL_TASK_VERSION", a.task.version.clone()),
        ("FLYTE_INTERNAL_PROJECT", a.task.project.clone()),
        ("FLYTE_INTERNAL_DOMAIN", a.task.domain.clone()),
        ("FLYTE_INTERNAL_NAME", a.task.name.clone()),
        ("FLYTE_INTERNAL_VERSION", a.task.version.clone()),
        ("FLYTE_ATTEMPT_NUMBER", attempt),
    ]
}

fn surroundings(s: &Sources<'_>) -> [(&'static str, String); 6] {
    let pod = format!("{}-{}-{}", s.assignment.run, s.assignment.action(), s.assignment.attempt());
    [
        ("_U_EP_OVERRIDE", s.endpoint.to_owned()),
        ("_U_INSECURE", "true".to_owned()),
        ("_U_USE_ACTIONS", "1".to_owned()),
        ("TMPDIR", s.temp.display().to_string()),
        ("_F_PN", pod),
        (MARKER, s.marker.to_owned()),
    ]
}

fn with_first(bin: Option<&Path>, path: &str) -> String {
    let Some(bin) = bin.and_then(Path::to_str) else { return path.to_owned() };
    let rest: Vec<&str> = path.split(':').filter(|entry| !entry.is_empty() && *entry != bin).collect();
    if rest.is_empty() { bin.to_owned() } else { format!("{bin}:{}", rest.join(":")) }
}

/// The loopback hosts and whatever either spelling already held.
fn no_proxy(env: &BTreeMap<String, String>) -> String {
    let mut hosts: Vec<&str> = LOOPBACK.to_vec();
    for name in ["NO_PROXY", "no_proxy"] {
        let given = env.get(name).map(String::as_str).unwrap_or_default();
        for host in given.split(',').map(str::trim).filter(|host| !host.is_empty()) {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
    }
    hosts.join(",")
}

#[cfg(test)]
mod tests;
