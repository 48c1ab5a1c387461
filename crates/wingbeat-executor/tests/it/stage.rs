//! A data folder, a Python environment whose `a0` is a shell script, and a running executor.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use buffa_types::google::protobuf::Duration as WireDuration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wingbeat_blob::logs::LogReader;
use wingbeat_blob::{BlobPath, BlobStore, StoreAddress};
use wingbeat_executor::{ExecutorConfig, ExecutorError, ExecutorKind, Isolation, ServerPlace, run};
use wingbeat_proto::flyteidl2::core::{
    Container, Identifier, KeyValuePair, TaskTemplate, TypedInterface, VariableEntry, VariableMap,
};
use wingbeat_proto::wingbeat::executor::v1::{Assignment, AttemptRef};

use crate::fake_server::{FakeServer, LONG, Listening};

/// Ends once the test has made a file beside the outputs.
pub(crate) const WAIT_FOR_GO: &str = "while [ ! -e \"$4/go\" ]; do sleep 0.02; done; : > \"$4/outputs.pb\"";

/// Everything that one test needs.
pub(crate) struct Stage {
    pub(crate) server: FakeServer,
    folder: TempDir,
    listening: Option<Listening>,
}

/// An executor that runs until it is told to stop.
pub(crate) struct Running {
    shutdown: oneshot::Sender<()>,
    task: JoinSet<Result<(), ExecutorError>>,
}

impl Stage {
    /// `a0` is the script that stands in for the SDK's runtime.
    pub(crate) fn new(a0: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("venv/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("python"), "").unwrap();
        let script = bin.join("a0");
        fs::write(&script, format!("#!/bin/sh\n{a0}\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let server = FakeServer::default();
        let listening = Some(server.listen(&folder.path().join("executor.sock")));
        Self { server, folder, listening }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends the server without a word.
    pub(crate) fn kill_server(&mut self) {
        self.listening = None;
        self.server.hang_up();
        fs::remove_file(self.path("executor.sock")).unwrap();
    }

    /// Starts the server anew, in the same place.
    pub(crate) fn restart_server(&mut self) {
        self.listening = Some(self.server.listen(&self.path("executor.sock")));
    }

    /// The interpreter of an environment without the SDK.
    pub(crate) fn remove_a0(&self) {
        fs::remove_file(self.path("venv/bin/a0")).unwrap();
    }

    /// The folder of everything.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Starts an executor and waits until it is connected.
    pub(crate) async fn start(&self, kind: ExecutorKind) -> Running {
        let running = self.launch(kind);
        self.server.connected(1).await;
        running
    }

    /// Starts an executor.
    pub(crate) fn launch(&self, kind: ExecutorKind) -> Running {
        self.launch_announced(kind, || {})
    }

    /// Starts an executor that calls `announce` when it has the data folder.
    pub(crate) fn launch_announced(
        &self,
        kind: ExecutorKind,
        announce: impl FnOnce() + Send + 'static,
    ) -> Running {
        let (shutdown, ordered) = oneshot::channel();
        let config = config(self.root(), kind);
        let announce = || {
            announce();
            Ok(())
        };
        let ordered = async {
            let _dropped = ordered.await;
        };
        let mut task = JoinSet::new();
        task.spawn(run(config, announce, ordered, std::future::pending()));
        Running { shutdown, task }
    }

    /// A first attempt of an action that has one output.
    pub(crate) fn assignment(&self, action: &str) -> Assignment {
        let output = VariableEntry { key: "o0".to_owned(), ..Default::default() };
        let outputs = VariableMap { variables: vec![output], ..Default::default() };
        let template = TaskTemplate {
            id: Identifier { name: "env.task".to_owned(), version: "v1".to_owned(), ..Default::default() }
                .into(),
            r#type: "python".to_owned(),
            interface: TypedInterface { outputs: outputs.into(), ..Default::default() }.into(),
            target: Some(container(&[]).into()),
            ..Default::default()
        };
        let below = |name: &str| self.path("store/runs").join(action).join(name).display().to_string();
        Assignment {
            r#ref: attempt(action).into(),
            project: "p".to_owned(),
            domain: "d".to_owned(),
            run: "r1".to_owned(),
            template: template.into(),
            input_uri: below("inputs.pb"),
            run_output_base: self.path("store/runs").display().to_string(),
            output_prefix: below("1"),
            raw_data_prefix: below("raw"),
            checkpoint_uri: below("cp/_flytecheckpoints"),
            stop_grace: WireDuration::from_millis(300).into(),
            log_prefix: format!("logs/{action}/1"),
            ..Default::default()
        }
    }

    /// The durable lines of an action's first attempt, and whether the end is marked.
    pub(crate) async fn durable_lines(&self, action: &str) -> (Vec<String>, bool) {
        let store = BlobStore::open_local(&self.path("store")).unwrap();
        let prefix = BlobPath::parse(&format!("logs/{action}/1")).unwrap();
        let page = LogReader::new(store, prefix, 0).next_page(10_000).await.unwrap();
        (page.lines.into_iter().map(|line| line.record.text).collect(), page.end)
    }
}

impl Running {
    /// Tells the executor to end and waits for it.
    pub(crate) async fn stop(self) -> Result<(), ExecutorError> {
        let _ended = self.shutdown.send(());
        Self::join(self.task).await
    }

    /// Waits until the executor ends by itself.
    pub(crate) async fn ended(self) -> Result<(), ExecutorError> {
        let Self { shutdown, task } = self;
        let result = Self::join(task).await;
        drop(shutdown);
        result
    }

    async fn join(mut task: JoinSet<Result<(), ExecutorError>>) -> Result<(), ExecutorError> {
        timeout(LONG, task.join_next())
            .await
            .expect("it ends in time")
            .expect("it was started")
            .expect("no panic")
    }
}

/// Settings of an executor whose folders are all below `root`.
pub(crate) fn config(root: &Path, kind: ExecutorKind) -> ExecutorConfig {
    ExecutorConfig {
        name: "local".to_owned(),
        kind,
        server: ServerPlace::Beside {
            socket: root.join("executor.sock"),
            store: StoreAddress::Local(root.join("store")),
        },
        isolation: Isolation::Process,
        warm_idle: LONG,
        data_dir: root.join("data"),
        python: Some(root.join("venv")),
        slots: None,
        memory_bytes: None,
        stop_grace: Duration::from_millis(300),
        pass_env: Vec::new(),
        queues: Vec::new(),
        host_env: vec![("PATH".to_owned(), std::env::var("PATH").unwrap())],
    }
}

/// How the server knows the first attempt of `action`.
pub(crate) fn attempt(action: &str) -> AttemptRef {
    AttemptRef { run_id: 1, action: action.to_owned(), attempt: 1, fence: 5, ..Default::default() }
}

/// What the SDK puts into a task template, shortened.
pub(crate) fn container(env: &[(&str, &str)]) -> Container {
    let args =
        ["a0", "--inputs", "{{.input}}", "--outputs-path", "{{.outputPrefix}}", "--name", "{{.actionName}}"];
    let pair = |(key, value): &(&str, &str)| KeyValuePair {
        key: (*key).to_owned(),
        value: (*value).to_owned(),
        ..Default::default()
    };
    Container {
        args: args.map(str::to_owned).to_vec(),
        env: env.iter().map(pair).collect(),
        ..Default::default()
    }
}

/// Whether a process runs; one that has ended and was not waited for does not.
pub(crate) fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
