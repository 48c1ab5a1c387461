//! A platform behind TLS that wants to know who asks: the SDK, a task's controller and the commands log in.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use tokio::time::timeout;
use wingbeat_client::{Overrides, ServerAddr, Settings, Surroundings};
use wingbeat_proto::flyteidl2::task::Inputs;
use wingbeat_sdk::controller::Controller as _;
use wingbeat_sdk::controller::remote::{RemoteController, RemoteSettings};
use wingbeat_sdk::remote::{Remote, RemoteError, RunOptions, RunTask};

use crate::controller::{Run, spec};
use crate::gateway::{CLIENT, Gateway};
use crate::platform::{Attempts, Platform};

/// For everything that has to happen: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(3);

fn settings(config: &Path) -> Settings {
    let flags = Overrides { config: Some(config.to_owned()), ..Overrides::default() };
    Settings::resolve(&flags, &Surroundings::default()).expect("the settings are good")
}

/// A run of nothing, to its end.
async fn run(remote: &Remote) -> Result<(), RemoteError> {
    let task = RunTask::Spec(Box::new(spec("nothing", 0)));
    let work = async { remote.run(task, Inputs::default(), RunOptions::default()).await?.wait().await };
    timeout(PATIENCE, work).await.expect("it ends in time").map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_got_kept_and_renewed() {
    let platform = Platform::start(Attempts::Simulated);
    let gateway = Gateway::before(&platform.addr()).await;
    let count = || {
        let tokens = gateway.tokens.lock().expect("nobody panics while holding it");
        (tokens.n_given, tokens.n_refused)
    };
    let remote = Remote::new(&settings(&gateway.client()));
    run(&remote).await.expect("it runs");
    run(&remote).await.expect("it runs");
    assert_eq!(count(), (1, 0), "one token for all calls and streams, got before the first");

    // A call is refused, and made again with another token.
    gateway.tokens.lock().expect("nobody panics while holding it").revoke();
    run(&remote).await.expect("it runs");
    assert_eq!(count(), (2, 1));

    // A stream is refused by its last words, and opened again.
    let task = RunTask::Spec(Box::new(spec("nothing", 0)));
    let known = remote.run(task, Inputs::default(), RunOptions::default()).await.expect("it runs");
    gateway.tokens.lock().expect("nobody panics while holding it").revoke();
    timeout(PATIENCE, known.wait()).await.expect("it ends in time").expect("it can be watched");
    assert_eq!(count(), (3, 2));

    // Whoever was not told where tokens are given asks again when it is refused.
    let hidden = |are_hidden| {
        gateway.tokens.lock().expect("nobody panics while holding it").are_hidden = are_hidden;
    };
    hidden(true);
    let misled = Remote::new(&settings(&gateway.client()));
    run(&misled).await.expect_err("it shows nothing");
    hidden(false);
    run(&misled).await.expect("it runs");
    assert_eq!(count(), (4, 4), "one refusal while it was hidden, one when it was not");

    // By what the provider says the next ones have no time to live: nobody waits for a refusal.
    {
        let mut tokens = gateway.tokens.lock().expect("nobody panics while holding it");
        tokens.lasts_seconds = 0;
        tokens.revoke();
    }
    run(&remote).await.expect("it runs");
    let (n_given, n_refused) = count();
    assert!(n_given > 6 && n_refused == 5, "{n_given} were given, {n_refused} refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_what_to_do() {
    let platform = Platform::start(Attempts::Simulated);
    let gateway = Gateway::before(&platform.addr()).await;

    // Nothing is shown.
    let nobody = Remote::new(&settings(&gateway.config(&[])));
    let error = run(&nobody).await.expect_err("it is refused").to_string();
    assert!(error.contains("this token is not known here") && error.contains("FLYTE_API_KEY"), "{error}");

    // The token does not help, and neither does another one.
    gateway.tokens.lock().expect("nobody panics while holding it").are_useless = true;
    let useless = Remote::new(&settings(&gateway.client()));
    let error = run(&useless).await.expect_err("it is refused").to_string();
    assert!(error.contains("unauthenticated") && error.contains("its token is not taken"), "{error}");
    assert_eq!(gateway.tokens.lock().expect("nobody panics while holding it").n_given, 2);

    // The secret is wrong. Neither it nor what the provider says about it is repeated.
    let wrong = ["clientId: birds", "clientSecretEnvVar: WRONG"];
    let flags = Overrides { config: Some(gateway.config(&wrong)), ..Overrides::default() };
    let variables = HashMap::from([("WRONG".to_owned(), "hocus pocus".to_owned())]);
    let around = Surroundings { variables, ..Surroundings::default() };
    let wrong = Settings::resolve(&flags, &around).expect("the settings are good");
    let error = run(&Remote::new(&wrong)).await.expect_err("it is refused").to_string();
    assert!(error.contains("HTTP status 401") && error.contains("(invalid_client)"), "{error}");
    assert!(!error.contains("pocus") && !error.contains("sesame"), "{error}");
    assert!(!format!("{wrong:?}").contains("pocus"));

    // The certificate is of an authority that nobody named.
    let variables = HashMap::from([("WINGBEAT_ENDPOINT".to_owned(), gateway.endpoint())]);
    let around = Surroundings { variables, ..Surroundings::default() };
    let unknown = Settings::resolve(&Overrides::default(), &around).expect("the settings are good");
    let error = run(&Remote::new(&unknown)).await.expect_err("it is not believed").to_string();
    assert!(error.contains("certificate") && error.contains("admin.caCertFilePath"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_logs_in_as_its_platform_told_it() {
    let platform = Platform::start(Attempts::Simulated);
    let gateway = Gateway::before(&platform.addr()).await;
    let run = Run::create(&platform).await;
    let identity = &run.settings.identity;
    let config = gateway.client();
    let told = [
        ("_U_ORG_NAME", "o"),
        ("FLYTE_INTERNAL_EXECUTION_PROJECT", identity.project.as_str()),
        ("FLYTE_INTERNAL_EXECUTION_DOMAIN", identity.domain.as_str()),
        ("RUN_NAME", identity.run.as_str()),
        ("ACTION_NAME", identity.action.as_str()),
        ("_U_RUN_BASE", run.settings.run_base.as_str()),
        ("UCTL_CONFIG", config.to_str().expect("it is text")),
    ];
    let told = told.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let known = RemoteSettings::from_variables(&HashMap::from(told)).expect("it is a task");
    assert!(!format!("{known:?}").contains(CLIENT.1));
    let settings = RemoteSettings { identity: identity.clone(), ..known };
    let controller = RemoteController::new(settings);
    timeout(PATIENCE, controller.run_child(run.child(1, 0)))
        .await
        .expect("it ends in time")
        .expect("it runs");
    // Both the watch and the calls of a task go on with other tokens.
    gateway.tokens.lock().expect("nobody panics while holding it").revoke();
    timeout(PATIENCE, controller.run_child(run.child(2, 0)))
        .await
        .expect("it ends in time")
        .expect("it runs");
    controller.finish().await;
    assert_eq!(gateway.tokens.lock().expect("nobody panics while holding it").n_given, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_does_not_believe_its_platform_is_not_kept_waiting() {
    let platform = Platform::start(Attempts::Simulated);
    let gateway = Gateway::before(&platform.addr()).await;
    let run = Run::create(&platform).await;
    let server = ServerAddr::parse(&gateway.endpoint()).expect("it is an address");
    let controller = RemoteController::new(RemoteSettings { server, ..run.settings.clone() });
    let error = timeout(PATIENCE, controller.run_child(run.child(1, 0)))
        .await
        .expect("it is told in time")
        .expect_err("the certificate is of an authority that nobody named");
    assert!(error.message.contains("certificate"), "{error}");
}

fn wingbeat(config: &Path, variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wingbeat"))
        .args(["get", "run", "--config"])
        .arg(config)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(variables.iter().copied())
        .output()
        .expect("the program runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_gets_its_token_from_a_program() {
    let platform = Platform::start(Attempts::Simulated);
    let gateway = Gateway::before(&platform.addr()).await;
    gateway.tokens.lock().expect("nobody panics while holding it").accept("of-somebody-else");
    let config = gateway.config(&["authType: ExternalCommand", "command: [echo, of-somebody-else]"]);
    let at = |variables: Vec<(&'static str, &'static str)>| {
        let config = config.clone();
        tokio::task::spawn_blocking(move || wingbeat(&config, &variables))
    };
    let output = at(Vec::new()).await.expect("it ran");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");

    let output = at(vec![("FLYTE_AUTH_COMMAND", "echo wrong")]).await.expect("it ran");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("this token is not known here") && said.contains("-> "), "{said}");
    assert!(said.contains("FLYTE_API_KEY"), "{said}");
}
