//! `wingbeat executor token`: who may bring executors. Works on the server's data folder, whether the server runs or not.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use wingbeat_client::Surroundings;
use wingbeat_server::{Recognition, TokenBook, TokenRow};

use crate::arguments::{TokenCommand, TokenCreate, TokenData, TokenRevoke};
use crate::failure::Failure;
use crate::output;
use crate::table::Table;
use crate::up::data_folder::executor_port_of;

const SECONDS_A_DAY: i64 = 86_400;

/// Makes, lists or revokes join tokens.
pub(crate) fn run(command: &TokenCommand, around: &Surroundings) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(create) => self::create(create, &folder(&create.place, around)?),
        TokenCommand::List(place) => list(&folder(place, around)?),
        TokenCommand::Revoke(revoke) => self::revoke(revoke, &folder(&revoke.place, around)?),
    }
}

fn folder(place: &TokenData, around: &Surroundings) -> Result<PathBuf, Failure> {
    let named = place.executor_port_data.clone();
    if let Some(folder) = named.or_else(|| around.variable("WINGBEAT_EXECUTOR_PORT_DATA").map(PathBuf::from))
    {
        return Ok(folder);
    }
    let data = place.data.clone().or_else(|| around.data_folder());
    data.map(|data| executor_port_of(&data)).ok_or_else(|| {
        Failure::usage("which data folder is meant is not clear")
            .because("there is no home folder")
            .advise("name it with --data")
    })
}

fn create(create: &TokenCreate, folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new("could not make a join token").because(format!("{}: {error}", folder.display()))
    };
    let book = TokenBook::new(folder);
    let Some(recognition) = book.recognition().map_err(failed)? else {
        return Err(Failure::new("could not make a join token")
            .because("no server has opened a port for executors on this data folder yet")
            .advise("start `wingbeat up --executor-listen HOST:PORT --store s3://BUCKET` first, or name another folder with --data or --executor-port-data"));
    };
    // The file first: a token that nobody got would stay in the list.
    let file = create.file.as_deref().map(new_file).transpose()?;
    let life = i64::from(create.days) * SECONDS_A_DAY;
    let certificate = match recognition {
        Recognition::ByDigest(digest) => Some(digest),
        Recognition::ByAuthority => None,
    };
    let token = book.create(&create.note, now(), life, certificate).map_err(failed)?;
    let Some((mut file, path)) = file else { return output::line(&token.to_text()) };
    let written = writeln!(file, "{}", token.to_text()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        Failure::new(format!("could not write {}", path.display())).because(error.to_string())
    })?;
    output::line(&format!("join token {} is in {}, good for {} days", token.id, path.display(), create.days))
}

fn new_file(path: &Path) -> Result<(std::fs::File, PathBuf), Failure> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(|file| (file, path.to_owned())).map_err(|error| {
        Failure::new(format!("could not make {}", path.display()))
            .because(error.to_string())
            .advise("name a file that does not exist yet")
    })
}

fn list(folder: &Path) -> Result<(), Failure> {
    let rows = TokenBook::new(folder).list().map_err(|error| {
        Failure::new("could not list join tokens").because(format!("{}: {error}", folder.display()))
    })?;
    let mut table = Table::new(["TOKEN", "STATE", "MADE", "GOOD UNTIL", "NOTE"]);
    for row in rows {
        let state = state(&row).to_owned();
        table.row([row.id, state, time(row.created_at), time(row.expires_at), row.note]);
    }
    output::line(&table.to_string())
}

fn state(row: &TokenRow) -> &'static str {
    match row.revoked_at {
        Some(_) => "revoked",
        None if now() >= row.expires_at => "expired",
        None => "good",
    }
}

fn revoke(revoke: &TokenRevoke, folder: &Path) -> Result<(), Failure> {
    let what = || Failure::new(format!("could not revoke join token {}", revoke.id));
    match TokenBook::new(folder).revoke(&revoke.id, now()) {
        Ok(true) => output::line(&format!("join token {} is revoked; its executors are cut off", revoke.id)),
        Ok(false) => Err(what()
            .because(format!("{} has no such token", folder.display()))
            .advise("`wingbeat executor token list` shows them")),
        Err(error) => Err(what().because(format!("{}: {error}", folder.display()))),
    }
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "-".to_owned(), |at| at.to_string())
}
