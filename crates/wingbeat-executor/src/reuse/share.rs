//! Which attempts may share a process. Pure.
//!
//! Two may when nothing that a process keeps could tell them apart: the same reuse environment, program, code,
//! project and variables, apart from those that each attempt brings along.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::assignment::{Assignment, ReusePolicy};
use crate::environment::{MARKER, PER_ATTEMPT};

/// Options of `a0` that belong to the code; all others are an attempt's own.
const OF_THE_CODE: [&str; 4] = ["--tgz", "--pkl", "--dest", "--version"];

/// After it come the words that name the task, of which one process may have many.
const RESOLVER: &str = "--resolver";

/// What the attempts of one process have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ShareKey {
    pub(super) policy: ReusePolicy,
    /// The environment's `a0`.
    pub(super) program: PathBuf,
    owner: [String; 3],
    code: Vec<(String, String)>,
    /// Where the environment is of one run only.
    run: Option<i64>,
    /// Of the process.
    pub(super) env: BTreeMap<String, String>,
}

/// An attempt that could run in a reused process.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(super) key: ShareKey,
    /// The variables that it brings along.
    pub(super) own_env: BTreeMap<String, String>,
}

impl Wish {
    /// What `assignment` would need; `None` if it does not ask for reuse.
    pub(crate) fn of(
        assignment: &Assignment,
        program: &std::path::Path,
        args: &[String],
        env: &BTreeMap<String, String>,
    ) -> Option<Self> {
        let policy = assignment.task.reuse.clone()?;
        let (mut own_env, env): (BTreeMap<_, _>, _) =
            env.clone().into_iter().partition(|(name, _)| PER_ATTEMPT.contains(&name.as_str()));
        // Processes that the attempt starts are found by the mark of the one that it runs in.
        own_env.remove(MARKER);
        let run = policy.one_run.then_some(assignment.held.key.action.run.0);
        let owner = [&assignment.org, &assignment.project, &assignment.domain].map(Clone::clone);
        let key = ShareKey { policy, program: program.to_owned(), owner, code: code(args), run, env };
        Some(Self { key, own_env })
    }
}

fn code(args: &[String]) -> Vec<(String, String)> {
    let options = args.iter().take_while(|word| *word != RESOLVER);
    let pairs = options.clone().zip(options.skip(1));
    let code = pairs.filter(|(name, _)| OF_THE_CODE.contains(&name.as_str()));
    code.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::Wish;
    use crate::assignment::Assignment;
    use crate::testing::{assignment, reuse_policy};

    fn wish(change: impl FnOnce(&mut Assignment), args: &str, env: &[(&str, &str)]) -> Wish {
        let mut asked = assignment();
        asked.task.reuse = Some(reuse_policy());
        change(&mut asked);
        let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
        let env: BTreeMap<_, _> = env.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Wish::of(&asked, Path::new("/venv/bin/a0"), &args, &env).unwrap()
    }

    #[test]
    fn what_each_attempt_brings_along_does_not_part_them() {
        let one = wish(
            |_| (),
            "--inputs /1 --version v --tgz b --dest . --resolver R mod m instance a",
            &[("ACTION_NAME", "a"), ("X", "1")],
        );
        let two = wish(
            |a| a.held.key.action.run.0 += 1,
            "--inputs /2 --version v --tgz b --dest . --resolver R mod m instance b",
            &[("ACTION_NAME", "b"), ("X", "1")],
        );
        assert_eq!(one.key, two.key);
        assert_eq!(two.own_env, BTreeMap::from([("ACTION_NAME".to_owned(), "b".to_owned())]));
    }

    #[test]
    fn everything_that_a_process_keeps_parts_them() {
        let args = "--version v --tgz b --dest .";
        let known = wish(|_| (), args, &[("X", "1")]).key;
        let others = [
            wish(|_| (), "--version v --tgz c --dest .", &[("X", "1")]),
            wish(|_| (), args, &[("X", "2")]),
            wish(|a| "other".clone_into(&mut a.project), args, &[("X", "1")]),
            wish(|a| a.task.reuse.as_mut().unwrap().version.push('x'), args, &[("X", "1")]),
            wish(|a| a.task.reuse.as_mut().unwrap().one_run = true, args, &[("X", "1")]),
        ];
        for other in others {
            assert_ne!(other.key, known);
        }
    }

    #[test]
    fn a_task_without_a_policy_is_not_reused() {
        assert!(Wish::of(&assignment(), Path::new("a0"), &[], &BTreeMap::new()).is_none());
    }
}
