use std::fs;
use std::path::Path;

use super::{Overrides, Settings, SettingsError, Source, Surroundings};

fn around(root: &Path, variables: &[(&str, &str)]) -> Surroundings {
    Surroundings {
        variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        working_folder: Some(root.join("work")),
        home: Some(root.join("home")),
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("test paths have parents")).expect("folder");
    fs::write(path, text).expect("file");
}

fn resolved(root: &Path, variables: &[(&str, &str)]) -> Settings {
    Settings::resolve(&Overrides::default(), &around(root, variables)).expect("settings")
}

#[test]
fn each_place_is_asked_in_the_order_of_the_flyte_package() {
    let root = tempfile::tempdir().expect("temporary folder");
    let path = root.path();
    write(&path.join("home/.wingbeat/address"), "http://127.0.0.1:1\n");
    assert_eq!(resolved(path, &[]).addr.to_string(), "http://127.0.0.1:1");

    write(&path.join("home/.flyte/config.yaml"), "admin: {endpoint: 'localhost:2'}");
    assert_eq!(resolved(path, &[]).addr.to_string(), "http://localhost:2");

    let named = path.join("named.yaml");
    let by_name = [("FLYTECTL_CONFIG", named.to_str().expect("text"))];
    let missing = Settings::resolve(&Overrides::default(), &around(path, &by_name)).expect_err("it is named");
    assert!(missing.to_string().contains("named.yaml"), "{missing}");
    write(&named, "admin: {endpoint: 'localhost:3'}");
    assert_eq!(resolved(path, &by_name).addr.to_string(), "http://localhost:3");

    write(&path.join("work/.flyte/config.yaml"), "admin: {endpoint: 'dns:///localhost:4'}");
    assert_eq!(resolved(path, &by_name).addr.to_string(), "http://localhost:4");

    let by_variable = [("WINGBEAT_ENDPOINT", "localhost:5"), ("FLYTE_ENDPOINT", "localhost:6")];
    let settings = resolved(path, &by_variable);
    assert_eq!(settings.addr.to_string(), "http://localhost:5");
    assert_eq!(settings.addr_source, Source::Variable("WINGBEAT_ENDPOINT"));

    let flags = Overrides { endpoint: Some("localhost:7".to_owned()), ..Overrides::default() };
    let settings = Settings::resolve(&flags, &around(path, &by_variable)).expect("settings");
    assert_eq!(settings.addr.to_string(), "http://localhost:7");
}

#[test]
fn a_config_file_as_flyte_writes_it_is_understood() {
    let root = tempfile::tempdir().expect("temporary folder");
    write(
        &root.path().join("work/config.yaml"),
        "admin:\n  authType: Pkce\n  endpoint: dns:///flyte.example.org\n  insecure: true\nimage:\n  builder: local\ntask:\n  domain: staging\n  org: acme\n  project: birds\n",
    );
    let settings = resolved(root.path(), &[]);
    assert_eq!(settings.addr.to_string(), "http://flyte.example.org");
    assert_eq!((settings.org.as_str(), settings.project.as_str()), ("acme", "birds"));
    assert_eq!(settings.domain, "staging");

    let overridden = resolved(root.path(), &[("FLYTE_TASK_PROJECT", "bees")]);
    assert_eq!(overridden.project, "bees");
}

#[test]
fn without_any_place_the_message_says_what_to_do() {
    let root = tempfile::tempdir().expect("temporary folder");
    let error = Settings::resolve(&Overrides::default(), &around(root.path(), &[])).expect_err("nothing");
    assert!(matches!(error, SettingsError::Nothing));
    assert!(error.to_string().contains("wingbeat up"));
}

#[test]
fn a_broken_file_is_named() {
    let root = tempfile::tempdir().expect("temporary folder");
    write(&root.path().join("work/config.yaml"), "admin: [1");
    let error = Settings::resolve(&Overrides::default(), &around(root.path(), &[])).expect_err("broken");
    assert!(error.to_string().contains("config.yaml"), "{error}");
}
