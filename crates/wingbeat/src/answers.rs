//! Answers to the conditions of a local run: given with the command, else asked for at the terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use wingbeat_sdk::condition::CONDITION_FAILED;
use wingbeat_sdk::failure::{Error, Result};
use wingbeat_sdk::local::Answers;
use wingbeat_sdk::wire::ConditionAction;

pub(crate) fn of(given: Vec<(String, String)>) -> Answers {
    let answers = given.into_iter().fold(Answers::default(), |all, (name, value)| all.with(name, value));
    if std::io::stdin().is_terminal() { answers.asking(ask) } else { answers }
}

fn ask(condition: &ConditionAction) -> Result<String> {
    let mut out = std::io::stderr().lock();
    let text = if condition.prompt.is_empty() { &condition.name } else { &condition.prompt };
    write!(out, "{text}: ")?;
    out.flush()?;
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        let text = format!("nobody answers `{}`: the input is closed", condition.name);
        return Err(Error::user(CONDITION_FAILED, text).not_recoverable());
    }
    Ok(line)
}
