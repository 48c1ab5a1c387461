use std::path::Path;

use super::{Credentials, FileLogin, LoginError, Surroundings, Trust, Words, credentials, trust};

fn around(pairs: &[(&str, &str)]) -> Surroundings {
    let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Surroundings { variables, ..Surroundings::default() }
}

fn client() -> FileLogin {
    FileLogin {
        client_id: Some("me".to_owned()),
        client_secret_env_var: Some("MY_SECRET".to_owned()),
        ..FileLogin::default()
    }
}

#[test]
fn a_client_has_an_id_and_a_secret_whatever_the_type_says() {
    let pkce = FileLogin { auth_type: Some("Pkce".to_owned()), ..client() };
    let found = credentials(&around(&[("MY_SECRET", "sesame"), ("FLYTE_ADMIN_SCOPES", "all, some")]), &pkce);
    let Ok(Credentials::ClientSecret(found)) = found else { panic!("{found:?}") };
    assert_eq!((found.id.as_str(), found.secret.expose()), ("me", "sesame"));
    assert_eq!(found.scopes, ["all", "some"]);

    let unset = credentials(&around(&[]), &client()).expect_err("there is no secret");
    assert!(unset.to_string().contains("MY_SECRET"), "{unset}");
    let nobody = FileLogin { client_id: None, ..client() };
    let nobody = credentials(&around(&[("MY_SECRET", "sesame")]), &nobody).expect_err("there is no id");
    assert!(matches!(nobody, LoginError::Incomplete { missing: "admin.clientId" }), "{nobody}");
    let wanted = FileLogin { auth_type: Some("ClientSecret".to_owned()), ..FileLogin::default() };
    let wanted = credentials(&around(&[]), &wanted).expect_err("there is no secret");
    assert!(matches!(wanted, LoginError::Incomplete { .. }), "{wanted}");
}

#[test]
fn a_secret_in_a_file_loses_its_last_line_break() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("secret");
    let file = FileLogin {
        client_id: Some("me".to_owned()),
        client_secret_location: Some(path.display().to_string()),
        ..FileLogin::default()
    };
    let missing = credentials(&around(&[]), &file).expect_err("there is no file");
    assert!(matches!(missing, LoginError::SecretFile { .. }), "{missing}");
    std::fs::write(&path, "sesame\n").expect("file");
    let Ok(Credentials::ClientSecret(found)) = credentials(&around(&[]), &file) else {
        panic!("it is there")
    };
    assert_eq!(found.secret.expose(), "sesame");
}

#[test]
fn a_command_is_a_list_or_words_as_a_shell_reads_them() {
    let external = |command| FileLogin {
        auth_type: Some("ExternalCommand".to_owned()),
        command,
        ..FileLogin::default()
    };
    let list = external(Some(Words::List(vec!["vault".to_owned(), "get it".to_owned()])));
    let expected = Credentials::Command(vec!["vault".to_owned(), "get it".to_owned()]);
    assert_eq!(credentials(&around(&[]), &list).ok(), Some(expected.clone()));
    for text in ["vault 'get it'", r#"["vault", "get it"]"#] {
        let found = credentials(&around(&[("FLYTE_AUTH_COMMAND", text)]), &external(None));
        assert_eq!(found.ok(), Some(expected.clone()), "{text}");
    }
    for wrong in [None, Some(Words::List(Vec::new())), Some(Words::Text("a 'b".to_owned()))] {
        let error = credentials(&around(&[]), &external(wrong)).expect_err("no command");
        assert!(matches!(error, LoginError::Command { place: "admin.command" }), "{error}");
    }
}

#[test]
fn what_needs_a_browser_shows_nothing_and_what_is_unknown_is_named() {
    for kind in ["Pkce", "DeviceFlow", "headless", "Passthrough", "device-flow"] {
        let found = credentials(&around(&[("FLYTE_AUTH_TYPE", kind)]), &FileLogin::default());
        assert_eq!(found.ok(), Some(Credentials::None), "{kind}");
    }
    let odd = credentials(&around(&[("FLYTE_ADMIN_AUTHTYPE", "Odd")]), &FileLogin::default());
    assert!(odd.expect_err("no such type").to_string().contains("`Odd`"));
}

#[test]
fn authorities_in_a_file_win_over_believing_anybody() {
    let both = FileLogin {
        ca_cert_file_path: Some("/no/such/file.pem".to_owned()),
        insecure_skip_verify: Some(true),
        ..FileLogin::default()
    };
    let error = trust(&around(&[]), &both).expect_err("there is no such file");
    assert!(error.to_string().contains("/no/such/file.pem"), "{error}");
    let skip = FileLogin { insecure_skip_verify: Some(true), ..FileLogin::default() };
    assert_eq!(trust(&around(&[]), &skip).ok(), Some(Trust::Anybody));
    let verify = around(&[("FLYTE_ADMIN_INSECURESKIPVERIFY", "false")]);
    assert_eq!(trust(&verify, &skip).ok(), Some(Trust::System));
    let home = Surroundings { home: Some(Path::new("/home/me").to_owned()), ..around(&[]) };
    let tilde = FileLogin { ca_cert_file_path: Some("~/ca.pem".to_owned()), ..FileLogin::default() };
    let error = trust(&home, &tilde).expect_err("there is no such file");
    assert!(error.to_string().contains("/home/me/ca.pem"), "{error}");
}
