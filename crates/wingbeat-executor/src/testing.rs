//! Values that the unit tests of several modules start from. Compiled for tests only.

use std::collections::BTreeMap;
use std::time::Duration;

use wingbeat_model::{ActionKey, ActionName, AttemptKey, Fence, RunId};

use crate::assignment::{Assignment, Command, DeclaredOutputs, Held, ReusePolicy, Target, Task};

/// The first attempt of the root action of run `r1`: a Python task with one output.
pub(crate) fn assignment() -> Assignment {
    let action = ActionKey { run: RunId(7), name: ActionName::root() };
    Assignment {
        held: Held { key: AttemptKey { action, attempt: 1 }, fence: Fence(3) },
        org: String::new(),
        project: "proj".to_owned(),
        domain: "dev".to_owned(),
        run: "r1".to_owned(),
        task: Task {
            project: "proj".to_owned(),
            domain: "dev".to_owned(),
            name: "env.main".to_owned(),
            version: "v1".to_owned(),
            kind: "python".to_owned(),
            target: Target::Container(Command {
                argv: vec!["a0".to_owned(), "--inputs".to_owned(), "{{.input}}".to_owned()],
                env: vec![("TASK_ONLY".to_owned(), "t".to_owned()), ("BOTH".to_owned(), "task".to_owned())],
            }),
            outputs: DeclaredOutputs::Some,
            reuse: None,
        },
        input_uri: "/store/r1/a0/inputs.pb".to_owned(),
        run_output_base: "/store/r1/".to_owned(),
        output_prefix: "/store/r1/a0/1".to_owned(),
        raw_data_prefix: "/store/raw/r1/a0/1".to_owned(),
        checkpoint_uri: "/store/raw/r1/a0/1/_flytecheckpoints".to_owned(),
        prev_checkpoint_uri: String::new(),
        run_env: BTreeMap::from([("BOTH".to_owned(), "run".to_owned())]),
        run_start: None,
        stop_grace: Some(Duration::from_millis(300)),
        log_prefix: "logs/7/a0/1".to_owned(),
    }
}

/// One process, one attempt at once, kept for long.
pub(crate) fn reuse_policy() -> ReusePolicy {
    ReusePolicy {
        name: "env".to_owned(),
        version: "1".to_owned(),
        min_replicas: 1,
        max_replicas: 1,
        concurrency: 1,
        idle: Duration::from_mins(10),
        scaledown: Duration::from_mins(10),
        one_run: false,
    }
}
