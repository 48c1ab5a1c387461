//! The statements, as they stand in `queries/postgres/`. Lists of columns are put in once, on first use.

use std::fmt::Write;
use std::sync::OnceLock;

use crate::columns::complete;

use super::params::Kind;

/// A statement of a file.
pub(crate) struct Query {
    file: &'static str,
    source: &'static str,
    text: OnceLock<String>,
    arrays: OnceLock<Vec<Kind>>,
}

impl Query {
    const fn new(file: &'static str, source: &'static str) -> Self {
        Self { file, source, text: OnceLock::new(), arrays: OnceLock::new() }
    }

    /// Which file it is from.
    pub(crate) fn file(&self) -> &'static str {
        self.file
    }

    /// The statement, without comments.
    pub(crate) fn text(&'static self) -> &'static str {
        self.text.get_or_init(|| complete(self.source))
    }

    /// What its parameters are arrays of, as the text says: `$1::bigint[], $2::text[]`.
    pub(crate) fn arrays(&'static self) -> &'static [Kind] {
        self.arrays.get_or_init(|| {
            let casts = self.text().split("::").skip(1);
            casts.filter_map(|rest| Kind::of_array(rest.split("[]").next()?)).collect()
        })
    }
}

/// Statements that are run as one. None looks at a row that another one writes: they all see what was there before.
pub(crate) struct Joined {
    parts: &'static [&'static Query],
    last: Option<&'static Query>,
    text: OnceLock<String>,
}

impl Joined {
    const fn new(parts: &'static [&'static Query], last: Option<&'static Query>) -> Self {
        Self { parts, last, text: OnceLock::new() }
    }

    /// The parts, in their order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &'static Query> {
        self.parts.iter().copied().chain(self.last)
    }

    /// The statement; its parameters are those of the parts, in their order.
    pub(crate) fn text(&'static self) -> &'static str {
        self.text.get_or_init(|| {
            let mut taken = 0;
            let texts = self.parts().map(|part| {
                let (text, most) = renumbered(part.text(), taken);
                taken = most;
                text
            });
            with_all(texts.collect())
        })
    }
}

/// The last one with all others before it, as PostgreSQL takes them together.
fn with_all(mut texts: Vec<String>) -> String {
    let last = texts.pop().unwrap_or_default();
    let before = texts.into_iter().enumerate().map(|(at, text)| format!("part_{at} AS (\n{text}\n)"));
    let before = before.collect::<Vec<_>>().join(", ");
    match last.strip_prefix("WITH ") {
        Some(rest) => format!("WITH {before}, {rest}"),
        None => format!("WITH {before}\n{last}"),
    }
}

/// The text with its parameters numbered from behind `taken`, and the highest number.
fn renumbered(text: &str, taken: usize) -> (String, usize) {
    let mut pieces = text.split('$');
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    let mut most = taken;
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = piece.split_at(digits);
        let number = taken + number.parse::<usize>().unwrap_or_default();
        most = most.max(number);
        let _infallible = write!(whole, "${number}{rest}");
    }
    (whole, most)
}

/// Begins a transaction and takes the head's lock, in one message.
pub(crate) fn begin() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| format!("BEGIN; {}", HEAD_LOCK.text()))
}

/// What most transactions write.
const WRITTEN: &[&Query] = &[
    &SPEC_PUT,
    &RUN_PUT,
    &RUN_COUNT,
    &ACTION_PUT,
    &ACTION_COUNT,
    &ATTEMPT_PUT,
    &QUEUE_PUT,
    &COUNTER_ADD,
    &TALLY_ADD,
];

/// It before the end of a transaction.
pub(crate) static WRITES: Joined = Joined::new(WRITTEN, None);

/// It and the end of the transaction.
pub(crate) static LAST_WRITES: Joined = Joined::new(WRITTEN, Some(&HEAD_ADVANCE));

macro_rules! queries {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) static $name: Query =
            Query::new($file, include_str!(concat!("../../queries/postgres/", $file)));)*

        /// Every statement of the folder.
        #[cfg(test)]
        pub(crate) static ALL: &[&Query] = &[$(&$name),*];
    };
}

queries! {
    ACTION_CACHE_WAITERS = "action_cache_waiters.sql";
    ACTION_CHANGED = "action_changed.sql";
    ACTION_CHANGED_CHILDREN = "action_changed_children.sql";
    ACTION_COUNT = "action_count.sql";
    ACTION_FIND = "action_find.sql";
    ACTION_LIVE = "action_live.sql";
    ACTION_LIVE_CHILDREN = "action_live_children.sql";
    ACTION_MARKS = "action_marks.sql";
    ACTION_PUT = "action_put.sql";
    ATTEMPT_FIND = "attempt_find.sql";
    ATTEMPT_HELD = "attempt_held.sql";
    ATTEMPT_HELD_BY = "attempt_held_by.sql";
    ATTEMPT_LIST = "attempt_list.sql";
    ATTEMPT_PUT = "attempt_put.sql";
    CACHE_DELETE = "cache_delete.sql";
    CACHE_FIND = "cache_find.sql";
    CACHE_PUT = "cache_put.sql";
    COUNTER_ADD = "counter_add.sql";
    COUNTER_LIST = "counter_list.sql";
    COUNTER_LIST_BELOW = "counter_list_below.sql";
    DUTY_TAKE = "duty_take.sql";
    ECHO_EXPIRE = "echo_expire.sql";
    ECHO_READ = "echo_read.sql";
    FOLLOW_UP_DELETE = "follow_up_delete.sql";
    FOLLOW_UP_LIST = "follow_up_list.sql";
    FOLLOW_UP_PUT = "follow_up_put.sql";
    HEAD_ADVANCE = "head_advance.sql";
    HEAD_LOCK = "head_lock.sql";
    HEAD_READ = "head_read.sql";
    PROJECT_FIND = "project_find.sql";
    PROJECT_INSERT = "project_insert.sql";
    PROJECT_LIST = "project_list.sql";
    PROJECT_UPDATE = "project_update.sql";
    QUEUE_CHANGED = "queue_changed.sql";
    QUEUE_FIND = "queue_find.sql";
    QUEUE_LIST = "queue_list.sql";
    QUEUE_PUT = "queue_put.sql";
    REPLAY_EXPIRE = "replay_expire.sql";
    REPLAY_FIND = "replay_find.sql";
    REPLAY_PUT = "replay_put.sql";
    RESERVATION_DELETE = "reservation_delete.sql";
    RESERVATION_FIND = "reservation_find.sql";
    RESERVATION_PUT = "reservation_put.sql";
    ROOT_CHANGED = "root_changed.sql";
    ROOT_CHANGED_RUN = "root_changed_run.sql";
    ROOT_CHANGED_TASK = "root_changed_task.sql";
    RUN_COUNT = "run_count.sql";
    RUN_FIND = "run_find.sql";
    RUN_GET = "run_get.sql";
    RUN_LABEL_DELETE = "run_label_delete.sql";
    RUN_LABEL_PUT = "run_label_put.sql";
    RUN_NUMBER_RESERVE = "run_number_reserve.sql";
    RUN_PUT = "run_put.sql";
    SERVER_FORGET = "server_forget.sql";
    SERVER_LIST = "server_list.sql";
    SERVER_LOCK = "server_lock.sql";
    SERVER_PUT = "server_put.sql";
    SERVER_TELL = "server_tell.sql";
    SESSION_FIND = "session_find.sql";
    SESSION_OPEN = "session_open.sql";
    SESSION_OPEN_OF = "session_open_of.sql";
    SESSION_PUT = "session_put.sql";
    SETTING_FIND = "setting_find.sql";
    SETTING_INIT = "setting_init.sql";
    SHARE_CHANGED = "share_changed.sql";
    SHARE_LIST = "share_list.sql";
    SHARE_PUT = "share_put.sql";
    SPEC_FIND = "spec_find.sql";
    SPEC_PUT = "spec_put.sql";
    TALLY_ADD = "tally_add.sql";
    TALLY_LIST = "tally_list.sql";
    TASK_FIND = "task_find.sql";
    TASK_PUT = "task_put.sql";
}
