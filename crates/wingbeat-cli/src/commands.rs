//! The commands of a user: each asks a server and prints what it answered. They use the public API
//! only, so whatever they can do, a script of the user can do too.

mod abort;
mod executors;
mod get_action;
mod get_project;
mod get_run;
mod get_task;
mod logs;
mod pages;
mod queue;
mod session;
mod signal;
mod status;
mod words;

use wingbeat_client::Surroundings;

use crate::arguments::{Get, Target, UserCommand};
use crate::failure::Failure;

use self::session::Session;

/// Every run's first action; it stands for the run.
pub(crate) const ROOT_ACTION: &str = "a0";

/// Runs one command to its end.
pub(crate) async fn run(command: UserCommand, around: &Surroundings) -> Result<(), Failure> {
    let session = |target| Session::open(target, around);
    match command {
        UserCommand::Status(target) => status::run(&session(&target)?).await,
        UserCommand::Get(Get::Project(get)) => get_project::run(&session(&get.target)?, &get).await,
        UserCommand::Get(Get::Run(get)) => get_run::run(&session(&get.target)?, &get).await,
        UserCommand::Get(Get::Action(get)) => get_action::run(&session(&get.target)?, &get).await,
        UserCommand::Get(Get::Executor(target)) => executors::list(&session(&target)?).await,
        UserCommand::Get(Get::Task(get)) => get_task::run(&session(&get.target)?, &get).await,
        UserCommand::Queue(command) => queue::run(&session(command.target())?, &command).await,
        UserCommand::Share(command) => queue::run_share(&session(command.target())?, &command).await,
        UserCommand::Logs(logs) => logs::run(&session(&logs.target)?, &logs).await,
        UserCommand::Abort(abort) => abort::run(&session(&abort.target)?, &abort).await,
        UserCommand::Signal(signal) => signal::run(&session(&signal.target)?, &signal).await,
    }
}

/// `wingbeat executor drain NAME`.
pub(crate) async fn drain(name: &str, target: &Target, around: &Surroundings) -> Result<(), Failure> {
    executors::drain(&Session::open(target, around)?, name).await
}
