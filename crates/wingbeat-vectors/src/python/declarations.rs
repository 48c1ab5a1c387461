//! Source as statements: classes, functions and assignments. Bodies of functions are not looked into.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use super::Need;
use super::parser::{Expr, expression};

/// A statement.
#[derive(Debug, Clone)]
pub(crate) enum Statement {
    Class(Class),
    Function(Function),
    Assign(String, Expr),
}

/// A class as it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) bases: Vec<Expr>,
    pub(crate) options: Vec<(String, Expr)>,
    pub(crate) decorators: Vec<String>,
    pub(crate) description: Option<String>,
    /// Names with what is said of them: a type, a value, or both.
    pub(crate) members: Vec<(String, Option<Expr>, Option<Expr>)>,
    pub(crate) has_methods: bool,
}

/// A function's signature.
#[derive(Debug, Clone, Default)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) parameters: Vec<(String, Option<Expr>, Option<Expr>)>,
    pub(crate) returns: Option<Expr>,
    /// Does it take any number of arguments?
    pub(crate) is_open: bool,
}

/// A line with everything that belongs to it: what stands in brackets may go over several.
struct Line {
    indent: usize,
    text: String,
}

fn lines(source: &str) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    let mut open = 0_i32;
    let mut in_text = false;
    for raw in source.lines() {
        let balance = raw.chars().fold(0, |sum, one| match one {
            '(' | '[' | '{' => sum + 1,
            ')' | ']' | '}' => sum - 1,
            _ => sum,
        });
        let triples = raw.matches("\"\"\"").count();
        if open > 0 || in_text {
            if let Some(last) = found.last_mut() {
                last.text.push('\n');
                last.text.push_str(raw);
            }
        } else if !raw.trim().is_empty() && !raw.trim_start().starts_with('#') {
            let indent = raw.len() - raw.trim_start().len();
            found.push(Line { indent, text: raw.trim().to_owned() });
        }
        if triples % 2 == 1 {
            in_text = !in_text;
        }
        if !in_text {
            open += balance;
        }
    }
    found
}

/// All statements of a source that are understood; imports and calls are passed over.
pub(crate) fn statements(source: &str) -> Vec<Statement> {
    let lines = lines(source);
    let mut found = Vec::new();
    let mut decorators = Vec::new();
    let mut ix = 0;
    while let Some(line) = lines.get(ix) {
        ix += 1;
        let body_end = lines[ix..]
            .iter()
            .position(|inner| inner.indent <= line.indent)
            .map_or(lines.len(), |end| ix + end);
        if let Some(decorator) = line.text.strip_prefix('@') {
            decorators.push(decorator.to_owned());
        } else if line.text.starts_with("class ") {
            let class = class(&line.text, &lines[ix..body_end], std::mem::take(&mut decorators));
            found.extend(class.map(Statement::Class));
            ix = body_end;
        } else if line.text.starts_with("def ") || line.text.starts_with("async def ") {
            found.extend(function(&line.text).ok().map(Statement::Function));
            ix = body_end;
        } else if let Some((name, value)) = line.text.split_once(" = ")
            && name.chars().all(|one| one.is_alphanumeric() || one == '_')
            && let Ok(value) = expression(value)
        {
            found.push(Statement::Assign(name.to_owned(), value));
        }
    }
    found
}

fn class(header: &str, body: &[Line], decorators: Vec<String>) -> Option<Class> {
    let (head, inline) = split_at_colon(header.strip_prefix("class ")?)?;
    let mut class = Class { decorators, ..Class::default() };
    match expression(head).ok()? {
        Expr::Name(name) => class.name = name,
        Expr::Call(name, bases, options) => {
            class.name = name.dotted()?;
            class.bases = bases;
            class.options = options;
        }
        _ => return None,
    }
    let indent = body.first().map_or(0, |line| line.indent);
    let inline = (!inline.trim().is_empty()).then(|| inline.trim().to_owned());
    let own = body.iter().filter(|line| line.indent == indent).map(|line| line.text.clone());
    for text in own.chain(inline) {
        member(&mut class, &text);
    }
    Some(class)
}

fn member(class: &mut Class, text: &str) {
    if text.starts_with("def ") || text.starts_with("async def ") || text.starts_with('@') {
        class.has_methods = true;
    } else if text.starts_with(['"', '\'']) {
        if let Ok(Expr::Text(text)) = expression(text) {
            class.description = Some(text);
        }
    } else if let Some((name, rest)) = split_at_colon(text)
        && name.trim().chars().all(|one| one.is_alphanumeric() || one == '_')
    {
        let (ty, value) = match split_at_mark(rest, '=') {
            Some((ty, value)) => (expression(ty).ok(), expression(value).ok()),
            None => (expression(rest).ok(), None),
        };
        class.members.push((name.trim().to_owned(), ty, value));
    } else if let Some((name, value)) = text.split_once(" = ") {
        class.members.push((name.trim().to_owned(), None, expression(value).ok()));
    }
}

/// The first colon that stands in no bracket and no string.
fn split_at_colon(text: &str) -> Option<(&str, &str)> {
    split_at_mark(text, ':')
}

fn split_at_mark(text: &str, mark: char) -> Option<(&str, &str)> {
    let (mut depth, mut quote) = (0, None);
    for (ix, one) in text.char_indices() {
        match (quote, one) {
            (Some(open), one) if open == one => quote = None,
            (None, '\'' | '"') => quote = Some(one),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, one) if one == mark && depth == 0 => return Some((&text[..ix], &text[ix + 1..])),
            _ => (),
        }
    }
    None
}

fn function(header: &str) -> Result<Function, Need> {
    let header = header.strip_prefix("async ").unwrap_or(header);
    let header = header.strip_prefix("def ").unwrap_or(header);
    let (signature, _) = split_at_colon(header).ok_or_else(|| Need::python("a function without a body"))?;
    let open = signature.find('(').ok_or_else(|| Need::python("a function without parameters"))?;
    let close = closing(signature, open).ok_or_else(|| Need::python("a function without parameters"))?;
    let mut function = Function { name: signature[..open].trim().to_owned(), ..Function::default() };
    let mut rest = &signature[open + 1..close];
    while !rest.trim().is_empty() {
        let (one, after) = split_at_mark(rest, ',').unwrap_or((rest, ""));
        rest = after;
        let one = one.trim();
        if one == "*" || one == "/" {
            continue;
        }
        function.is_open |= one.starts_with('*');
        let (declared, default) = match split_at_mark(one, '=') {
            Some((declared, default)) => (declared, Some(expression(default)?)),
            None => (one, None),
        };
        let (name, ty) = match split_at_colon(declared) {
            Some((name, ty)) => (name, Some(expression(ty)?)),
            None => (declared, None),
        };
        function.parameters.push((name.trim().to_owned(), ty, default));
    }
    if let Some(returns) = signature[close + 1..].trim().strip_prefix("->") {
        function.returns = Some(expression(returns)?);
    }
    Ok(function)
}

fn closing(text: &str, open: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (ix, one) in text.char_indices().skip_while(|(ix, _)| *ix < open) {
        match (quote, one) {
            (Some(open), one) if open == one => quote = None,
            (None, '\'' | '"') => quote = Some(one),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return Some(ix);
                }
            }
            _ => (),
        }
    }
    None
}
