//! How a failure is told to a person: what did not work, why, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

use connectrpc::{ConnectError, ErrorCode};
use wingbeat_client::{LOGIN_ADVICE, ServerAddr};

/// Why the program ends without having done what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    because: Vec<String>,
    advice: Option<String>,
    status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// It was asked for something reasonable that did not work.
    Failed,
    /// It was asked for something that makes no sense: flags, files, environment.
    Usage,
    /// Whoever reads the output has stopped reading. That is no failure.
    NobodyReads,
}

impl Failure {
    /// `what` did not work: "could not list runs".
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), because: Vec::new(), advice: None, status: Status::Failed }
    }

    /// What was asked for makes no sense.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { status: Status::Usage, ..Self::new(what) }
    }

    /// Adds a reason, on a line of its own.
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.because.push(why.into());
        self
    }

    /// Says what the user can do.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds an error and its sources, each once.
    pub(crate) fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            let text = cause.to_string();
            // Some libraries repeat their source in their own text.
            if !self.because.iter().any(|known| known.contains(&text)) {
                self.because.push(text);
            }
            next = cause.source();
        }
        self
    }

    /// A call to the server at `addr` failed.
    pub(crate) fn of_call(what: impl Into<String>, addr: &ServerAddr, error: &ConnectError) -> Self {
        let failure = Self::new(what);
        #[expect(clippy::wildcard_enum_match_arm, reason = "the library may add codes")]
        match error.code {
            ErrorCode::Unavailable => {
                let failure = failure.because(format!("the server at {addr} does not answer"));
                let failure = match root_cause(error) {
                    Some(cause) => failure.because(cause),
                    None => failure.because(text_of(error)),
                };
                failure.advise("start it with `wingbeat up`, or name another one with --endpoint")
            }
            ErrorCode::Unauthenticated => {
                failure.because(text_of(error)).advise(format!("for {addr}, {LOGIN_ADVICE}"))
            }
            ErrorCode::PermissionDenied => failure
                .because(text_of(error))
                .advise(format!("ask whoever runs the server at {addr} for the right to do this")),
            ErrorCode::Unimplemented => failure
                .because(format!("the server at {addr} does not offer this: {}", text_of(error)))
                .advise("use a newer server"),
            ErrorCode::NotFound
            | ErrorCode::AlreadyExists
            | ErrorCode::InvalidArgument
            | ErrorCode::FailedPrecondition
            | ErrorCode::OutOfRange
            | ErrorCode::ResourceExhausted => failure.because(text_of(error)),
            // The server's fault, or a code of a newer library.
            _ => failure
                .because(format!("the server at {addr} answered {}: {}", error.code.as_str(), text_of(error)))
                .advise("its log may say more"),
        }
    }

    pub(crate) fn print(&self) {
        if self.status != Status::NobodyReads {
            eprintln!("{self}");
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.status {
            Status::NobodyReads => ExitCode::SUCCESS,
            Status::Failed => ExitCode::from(1),
            Status::Usage => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for why in &self.because {
            write!(f, "\n  {}", why.replace('\n', "\n  "))?;
        }
        match &self.advice {
            Some(advice) => write!(f, "\n  -> {advice}"),
            None => Ok(()),
        }
    }
}

/// Writing the answer failed.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let failure = Self::new("could not print the answer").because(error.to_string());
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self { status: Status::NobodyReads, ..failure }
        } else {
            failure
        }
    }
}

fn text_of(error: &ConnectError) -> String {
    match &error.message {
        Some(message) if !message.is_empty() => message.clone(),
        _ => error.code.as_str().to_owned(),
    }
}

fn root_cause(error: &ConnectError) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}

#[cfg(test)]
mod tests {
    use connectrpc::ConnectError;
    use wingbeat_client::ServerAddr;

    use super::Failure;

    #[test]
    fn a_failure_says_what_why_and_what_to_do() {
        let addr = ServerAddr::parse("localhost:8080").expect("address");
        let away = Failure::of_call("could not list runs", &addr, &ConnectError::unavailable("refused"));
        assert_eq!(
            away.to_string(),
            "error: could not list runs\n  the server at http://localhost:8080 does not answer\n  refused\n  -> start it with `wingbeat up`, or name another one with --endpoint"
        );
        let missing = Failure::of_call("could not show run r1", &addr, &ConnectError::not_found("no run r1"));
        assert_eq!(missing.to_string(), "error: could not show run r1\n  no run r1");
    }
}
