//! Times as people write them in attributes: `90s`, `5m`, `1h30m`, `250ms`.

/// Milliseconds, or what is wrong with the text.
pub(crate) fn milliseconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a time such as \"90s\", \"5m\", \"1h30m\" or \"250ms\"");
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|one: char| !one.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit_end =
            rest[digits..].find(|one: char| one.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let factor = match rest[digits..unit_end].trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        total = number.checked_mul(factor).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = &rest[unit_end..];
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn times_are_read_and_nonsense_is_refused() {
        for (text, expected) in
            [("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000), ("250ms", 250), ("1d", 86_400_000)]
        {
            assert_eq!(milliseconds(text), Ok(expected), "{text}");
        }
        for text in ["", "5", "m", "5x", "-1s", "99999999999999999999s"] {
            assert!(milliseconds(text).is_err(), "{text}");
        }
    }
}
