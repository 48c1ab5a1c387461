//! Text as tokens.

use super::Need;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(String),
    Text(String),
    Bytes(Vec<u8>),
    Mark(String),
}

/// All tokens of an expression.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Need> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut ix = 0;
    while let Some(&one) = chars.get(ix) {
        if one.is_whitespace() {
            ix += 1;
        } else if one == '#' {
            ix = chars[ix..].iter().position(|one| *one == '\n').map_or(chars.len(), |end| ix + end);
        } else if let Some((prefix, quote)) = opens_text(&chars[ix..]) {
            let (token, end) = quoted(&chars, ix + prefix.len(), quote, &prefix)?;
            found.push(token);
            ix = end;
        } else if one.is_alphabetic() || one == '_' {
            let end = ix + chars[ix..].iter().take_while(|one| one.is_alphanumeric() || **one == '_').count();
            found.push(Token::Name(chars[ix..end].iter().collect()));
            ix = end;
        } else if one.is_ascii_digit() || (one == '.' && chars.get(ix + 1).is_some_and(char::is_ascii_digit))
        {
            let end = ix + number_length(&chars[ix..]);
            found.push(Token::Number(chars[ix..end].iter().collect()));
            ix = end;
        } else {
            let mark = mark(&chars[ix..]);
            ix += mark.len();
            found.push(Token::Mark(mark.to_owned()));
        }
    }
    Ok(found)
}

fn number_length(chars: &[char]) -> usize {
    let mut end = 0;
    while let Some(&one) = chars.get(end) {
        let signed = matches!(one, '+' | '-') && end > 0 && matches!(chars[end - 1], 'e' | 'E');
        if one.is_ascii_alphanumeric() || matches!(one, '.' | '_') || signed {
            end += 1;
        } else {
            break;
        }
    }
    end
}

fn mark(chars: &[char]) -> &'static str {
    const MARKS: [&str; 26] = [
        "...", "**", "->", "==", "//", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "+", "-", "*", "/",
        "|", "&", "<", ">", "@", "~", "%",
    ];
    let starts =
        |mark: &&&str| chars.iter().zip(mark.chars()).filter(|(a, b)| **a == *b).count() == mark.len();
    MARKS.iter().find(starts).copied().unwrap_or(";")
}

/// Prefix and quote, if a string starts here.
fn opens_text(chars: &[char]) -> Option<(String, char)> {
    let prefix: String = chars.iter().take_while(|one| one.is_ascii_alphabetic()).collect();
    let known = matches!(prefix.to_lowercase().as_str(), "" | "b" | "r" | "rb" | "br" | "f" | "u");
    let quote = *chars.get(prefix.len())?;
    (known && matches!(quote, '\'' | '"')).then_some((prefix.to_lowercase(), quote))
}

fn quoted(chars: &[char], start: usize, quote: char, prefix: &str) -> Result<(Token, usize), Need> {
    if prefix.contains('f') {
        return Err(Need::python("a formatted string"));
    }
    let triple = chars[start..].starts_with(&[quote; 3]);
    let mut ix = start + if triple { 3 } else { 1 };
    let mut text = String::new();
    loop {
        let Some(&one) = chars.get(ix) else { return Err(Need::python("a string that does not end")) };
        if one == quote && (!triple || chars[ix..].starts_with(&[quote; 3])) {
            ix += if triple { 3 } else { 1 };
            break;
        }
        if one == '\\' && !prefix.contains('r') {
            let (escaped, length) = escape(&chars[ix + 1..])?;
            text.extend(escaped);
            ix += 1 + length;
        } else {
            text.push(one);
            ix += 1;
        }
    }
    if prefix.contains('b') {
        let bytes: Option<Vec<u8>> = text.chars().map(|one| u8::try_from(u32::from(one)).ok()).collect();
        return Ok((Token::Bytes(bytes.ok_or_else(|| Need::python("bytes beyond 255"))?), ix));
    }
    Ok((Token::Text(text), ix))
}

/// What an escape stands for, and how long it is.
fn escape(chars: &[char]) -> Result<(Option<char>, usize), Need> {
    let Some(&first) = chars.first() else { return Err(Need::python("a string that does not end")) };
    let digits = match first {
        'n' => return Ok((Some('\n'), 1)),
        't' => return Ok((Some('\t'), 1)),
        'r' => return Ok((Some('\r'), 1)),
        '0' => return Ok((Some('\0'), 1)),
        '\n' => return Ok((None, 1)),
        '\\' | '\'' | '"' => return Ok((Some(first), 1)),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return Err(Need::python("an escape in a string")),
    };
    let code: String = chars.iter().skip(1).take(digits).collect();
    let found = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
    found
        .map(|one| (Some(one), digits + 1))
        .ok_or_else(|| Need::python("text that is no Unicode: a lone surrogate"))
}
