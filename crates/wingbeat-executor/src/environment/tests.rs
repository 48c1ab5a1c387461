use std::collections::BTreeMap;
use std::path::Path;

use super::{MARKER, Sources, environment};
use crate::assignment::{Assignment, Target};
use crate::python::PythonEnvironment;
use crate::testing::assignment;

fn build(assignment: &Assignment, host: &[(&str, &str)]) -> BTreeMap<String, String> {
    let host: Vec<(String, String)> = host.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let python = PythonEnvironment::find(Some(Path::new("/venv/bin/python")), &[]);
    environment(&Sources {
        assignment,
        host: &host,
        pass_env: &["MY_TOKEN".to_owned()],
        store_env: &[],
        python: &python,
        endpoint: "localhost:4711",
        temp: Path::new("/attempts/1/tmp"),
        marker: "mark",
    })
}

#[test]
fn what_identifies_the_attempt_is_set() {
    let env = build(&assignment(), &[]);
    for (name, value) in [
        ("ACTION_NAME", "a0"),
        ("RUN_NAME", "r1"),
        ("_U_RUN_BASE", "/store/r1/"),
        ("_U_ORG_NAME", "default"),
        ("FLYTE_INTERNAL_EXECUTION_PROJECT", "proj"),
        ("FLYTE_INTERNAL_EXECUTION_DOMAIN", "dev"),
        ("FLYTE_ATTEMPT_NUMBER", "0"),
        ("_U_EP_OVERRIDE", "localhost:4711"),
        ("_U_INSECURE", "true"),
        ("_U_USE_ACTIONS", "1"),
        ("TMPDIR", "/attempts/1/tmp"),
        ("FSSPEC_FILE_AUTO_MKDIR", "true"),
        ("PYTHONUNBUFFERED", "1"),
        ("_F_MAX_QPS", "10000"),
        (MARKER, "mark"),
    ] {
        assert_eq!(env.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[test]
fn only_listed_variables_are_inherited() {
    let host = [
        ("HOME", "/h"),
        ("LC_ALL", "C"),
        ("CUDA_VISIBLE_DEVICES", "0"),
        ("MY_TOKEN", "t"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("PYTHONPATH", "/p"),
        ("_UNION_EAGER_API_KEY", "k"),
    ];
    let env = build(&assignment(), &host);
    for name in ["HOME", "LC_ALL", "CUDA_VISIBLE_DEVICES", "MY_TOKEN"] {
        assert!(env.contains_key(name), "{name}");
    }
    for name in ["AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "_UNION_EAGER_API_KEY"] {
        assert!(!env.contains_key(name), "{name}");
    }
}

#[test]
fn the_run_overrides_the_task_but_never_the_identity() {
    let mut a = assignment();
    for name in ["ACTION_NAME", "RUN_NAME", "_U_RUN_BASE", "_U_ORG_NAME", "_U_EP_OVERRIDE", "TMPDIR"] {
        a.run_env.insert(name.to_owned(), "forged".to_owned());
    }
    a.run_env.insert("_F_MAX_QPS".to_owned(), "5".to_owned());
    let env = build(&a, &[]);
    assert!(!env.values().any(|value| value == "forged"));
    assert_eq!(env["BOTH"], "run");
    assert_eq!(env["TASK_ONLY"], "t");
    assert_eq!(env["_F_MAX_QPS"], "5");
}

#[test]
fn the_interpreters_folder_is_first_on_the_path() {
    assert_eq!(
        build(&assignment(), &[("PATH", "/bin:/venv/bin:/usr/bin")])["PATH"],
        "/venv/bin:/bin:/usr/bin"
    );
    assert_eq!(build(&assignment(), &[])["PATH"], "/venv/bin");
}

#[test]
fn loopback_is_added_to_what_no_proxy_held() {
    let env = build(&assignment(), &[("NO_PROXY", "corp, localhost"), ("HTTP_PROXY", "http://p:1")]);
    assert_eq!(env["NO_PROXY"], "localhost,127.0.0.1,::1,corp");
    assert_eq!(env["no_proxy"], env["NO_PROXY"]);
    assert_eq!(env["HTTP_PROXY"], "http://p:1");
}

#[test]
fn a_variable_that_no_process_can_have_is_left_out() {
    let mut a = assignment();
    if let Target::Container(command) = &mut a.task.target {
        command.env.push(("A=B".to_owned(), "1".to_owned()));
        command.env.push((String::new(), "2".to_owned()));
        command.env.push(("NUL".to_owned(), "a\0b".to_owned()));
    }
    let env = build(&a, &[]);
    assert!(!env.contains_key("A=B") && !env.contains_key("") && !env.contains_key("NUL"));
}
