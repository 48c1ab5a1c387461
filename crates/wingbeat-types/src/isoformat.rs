//! Moments and days in ISO 8601 as Python's own reader takes them: days of a month or of a week, with or without marks
//! between the parts, any mark before the time, and a fraction of any length.

use jiff::civil;
use jiff::tz::Offset;

use crate::error::{ConvertError, ConvertErrorKind};
use crate::python;
use crate::value::{Datetime, Value};

/// A moment, in Python's words if it is none.
pub(crate) fn datetime(text: &str) -> Result<Datetime, ConvertError> {
    let parts = split(text).and_then(|(day, time)| {
        let time = time.map_or(Some((Clock::default(), None)), clock_and_zone)?;
        Some((read_day(day)?, time))
    });
    let Some((day, (clock, zone))) = parts else { return Err(invalid(text)) };
    let civil = date_of(day)?.to_datetime(clock.time()?);
    let offset = zone.map(|seconds| Offset::from_seconds(seconds).map_err(|_| invalid(text)));
    Ok(Datetime { civil, offset: offset.transpose()? })
}

/// A day, in Python's words if it is none.
pub(crate) fn date(text: &str) -> Result<civil::Date, ConvertError> {
    let day = text.is_ascii().then(|| read_day(text)).flatten();
    date_of(day.ok_or_else(|| invalid(text))?)
}

fn invalid(text: &str) -> ConvertError {
    refused(format!("Invalid isoformat string: {}", python::repr(&Value::Str(text.to_owned()))))
}

fn refused(message: impl Into<String>) -> ConvertError {
    ConvertError::new(ConvertErrorKind::Value, message)
}

/// Year, month and day as they were written.
type Day = (i16, i8, i8);

fn date_of((year, month, day): Day) -> Result<civil::Date, ConvertError> {
    if year < 1 {
        return Err(refused(format!("year {year} is out of range")));
    }
    if !(1..=12).contains(&month) {
        return Err(refused("month must be in 1..12"));
    }
    civil::Date::new(year, month, day).map_err(|_| refused("day is out of range for month"))
}

/// The day, and what stands after the mark behind it.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    let at = end_of_day(text)?;
    if text.len() <= at {
        return Some((text, None));
    }
    let (day, rest) = text.split_at_checked(at)?;
    let mark = rest.chars().next()?;
    Some((day, Some(&rest[mark.len_utf8()..])))
}

/// Where the day ends: it depends on how it is written.
fn end_of_day(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_digit = |ix: usize| bytes.get(ix).is_some_and(u8::is_ascii_digit);
    if bytes.len() < 7 {
        return None;
    }
    Some(match (bytes[4], bytes[5]) {
        // `2020-W01`, `2020-W01-1`
        (b'-', b'W') if bytes.get(8) == Some(&b'-') && !is_digit(10) => 10,
        (b'-', b'W') => 8,
        (b'-', _) => 10,
        // `2020W01`, `2020W011`: digits that follow at once belong to one of the two by their number.
        (b'W', _) => match (7..bytes.len()).find(|ix| !is_digit(*ix)).unwrap_or(bytes.len()) {
            end if end < 9 => end,
            end if end % 2 == 0 => 7,
            _ => 8,
        },
        _ => 8,
    })
}

fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    if text.is_empty() || !text.bytes().all(|one| one.is_ascii_digit()) { None } else { text.parse().ok() }
}

fn read_day(text: &str) -> Option<Day> {
    let part = |from: usize, to: usize| text.get(from..to);
    let year: i16 = number(part(0, 4)?)?;
    let marked = part(4, 5)? == "-";
    let rest = if marked { text.get(5..)? } else { text.get(4..)? };
    if let Some(week) = rest.strip_prefix('W') {
        let weekday = match (week.get(2..)?, marked) {
            ("", _) => "1",
            (rest, true) => rest.strip_prefix('-')?,
            (rest, false) => rest,
        };
        if weekday.len() != 1 {
            return None;
        }
        let weekday = civil::Weekday::from_monday_one_offset(number(weekday)?).ok()?;
        let day = civil::ISOWeekDate::new(year, number(week.get(..2)?)?, weekday).ok()?.date();
        return Some((day.year(), day.month(), day.day()));
    }
    let (month, day) = match (rest.len(), marked) {
        (5, true) if rest.as_bytes()[2] == b'-' => (rest.get(..2)?, rest.get(3..)?),
        (4, false) => (rest.get(..2)?, rest.get(2..)?),
        _ => return None,
    };
    Some((year, number(month)?, number(day)?))
}

/// What a clock shows, as it was written.
#[derive(Debug, Default, Clone, Copy)]
struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    micros: i32,
}

impl Clock {
    fn time(self) -> Result<civil::Time, ConvertError> {
        for (part, name, most) in
            [(self.hour, "hour", 23), (self.minute, "minute", 59), (self.second, "second", 59)]
        {
            if part > most {
                return Err(refused(format!("{name} must be in 0..{most}")));
            }
        }
        civil::Time::new(self.hour, self.minute, self.second, self.micros * 1000)
            .map_err(|_| refused("no time"))
    }

    fn seconds(self) -> i32 {
        i32::from(self.hour) * 3600 + i32::from(self.minute) * 60 + i32::from(self.second)
    }
}

/// A time, and how far its clock is ahead of UTC if that is said.
fn clock_and_zone(text: &str) -> Option<(Clock, Option<i32>)> {
    let Some(at) = text.find(['+', '-', 'Z']) else { return Some((clock(text)?, None)) };
    let (time, zone) = text.split_at(at);
    let seconds = match zone.split_at(1) {
        ("Z", "") => 0,
        ("Z", _) => return None,
        ("-", zone) => -clock(zone)?.seconds(),
        (_, zone) => clock(zone)?.seconds(),
    };
    Some((clock(time)?, Some(seconds)))
}

/// `10`, `10:20`, `10:20:30.5`, or the same without marks.
fn clock(text: &str) -> Option<Clock> {
    let (whole, fraction) = match text.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let marks = usize::from(whole.get(2..3) == Some(":"));
    let step = 2 + marks;
    let count = (whole.len() + marks) / step;
    if whole.len() + marks != count * step || !(1..=3).contains(&count) || (fraction.is_some() && count < 3) {
        return None;
    }
    let mut parts = [0; 3];
    for (ix, part) in parts.iter_mut().enumerate().take(count) {
        let at = ix * step;
        if ix > 0 && marks == 1 && whole.get(at - 1..at) != Some(":") {
            return None;
        }
        *part = number(whole.get(at..at + 2)?)?;
    }
    let micros = match fraction {
        Some(digits) if digits.bytes().all(|one| one.is_ascii_digit()) && !digits.is_empty() => {
            number(&format!("{digits:0<6}")[..6])?
        }
        Some(_) => return None,
        None => 0,
    };
    let [hour, minute, second] = parts;
    Some(Clock { hour, minute, second, micros })
}

#[cfg(test)]
mod tests {
    use super::{date, datetime};

    fn shown(text: &str) -> String {
        match datetime(text) {
            Ok(moment) => crate::python::iso(&moment),
            Err(error) => error.message,
        }
    }

    #[test]
    fn a_moment_is_read_as_python_reads_it() {
        for (text, moment) in [
            ("2020-01-02", "2020-01-02T00:00:00"),
            ("20200102", "2020-01-02T00:00:00"),
            ("2020-W01", "2019-12-30T00:00:00"),
            ("2020-W01-2 10", "2019-12-31T10:00:00"),
            ("2020W012T1020", "2019-12-31T10:20:00"),
            ("2020-01-02x10:20", "2020-01-02T10:20:00"),
            ("20200102T102030.1234567Z", "2020-01-02T10:20:30.123456+00:00"),
            ("2020-01-02 10:20:30,5-0530", "2020-01-02T10:20:30.500000-05:30"),
        ] {
            assert_eq!(shown(text), moment, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_told_in_pythons_words() {
        for (text, message) in [
            ("", "Invalid isoformat string: ''"),
            ("2020-1-02", "Invalid isoformat string: '2020-1-02'"),
            ("2020-01-02T", "Invalid isoformat string: '2020-01-02T'"),
            ("2020-01-02T10:2030", "Invalid isoformat string: '2020-01-02T10:2030'"),
            ("2020-01-02T10:20.5", "Invalid isoformat string: '2020-01-02T10:20.5'"),
            ("2020-01-02T10:20Zx", "Invalid isoformat string: '2020-01-02T10:20Zx'"),
            ("2020-01-0\u{e9}", "Invalid isoformat string: '2020-01-0\u{e9}'"),
            ("0000-01-02", "year 0 is out of range"),
            ("2020-13-02", "month must be in 1..12"),
            ("2020-02-30", "day is out of range for month"),
            ("2020-01-02 25:00:00", "hour must be in 0..23"),
            ("2020-01-02 10:60", "minute must be in 0..59"),
        ] {
            assert_eq!(shown(text), message);
        }
        assert_eq!(date("2020-01-02").map(jiff::civil::Date::day), Ok(2));
        assert!(date("2020-01-02T00").is_err());
    }
}
