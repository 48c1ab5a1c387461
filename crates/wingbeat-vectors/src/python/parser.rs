//! Tokens as expressions.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use super::Need;
use super::lexer::{Token, tokens};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Name(String),
    Attribute(Box<Expr>, String),
    Call(Box<Expr>, Vec<Expr>, Vec<(String, Expr)>),
    Index(Box<Expr>, Vec<Expr>),
    Number(String),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Set(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    /// What is made for each value of a name out of a range: a key, if it is a dictionary, and a value.
    Each(Option<Box<Expr>>, Box<Expr>, String, Box<Expr>),
    Lambda(Box<Expr>),
    Minus(Box<Expr>),
    Binary(Box<Expr>, String, Box<Expr>),
    Ellipsis,
}

impl Expr {
    /// `a.b.c`, if it is nothing but names.
    pub(crate) fn dotted(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Attribute(inner, name) => Some(format!("{}.{name}", inner.dotted()?)),
            _ => None,
        }
    }
}

/// The expression that a text is.
pub(crate) fn expression(text: &str) -> Result<Expr, Need> {
    let mut parser = Parser { tokens: tokens(text)?, ix: 0 };
    let first = parser.expression()?;
    if parser.ix == parser.tokens.len() {
        return Ok(first);
    }
    // A bare tuple: `int, str`.
    let mut items = vec![first];
    while parser.take(",") {
        if parser.ix < parser.tokens.len() {
            items.push(parser.expression()?);
        }
    }
    if parser.ix == parser.tokens.len() {
        Ok(Expr::Tuple(items))
    } else {
        Err(Need::python(format!("`{text}`")))
    }
}

struct Parser {
    tokens: Vec<Token>,
    ix: usize,
}

impl Parser {
    fn peek(&self, mark: &str) -> bool {
        matches!(self.tokens.get(self.ix), Some(Token::Mark(known)) if known == mark)
    }

    fn take(&mut self, mark: &str) -> bool {
        let found = self.peek(mark);
        self.ix += usize::from(found);
        found
    }

    fn take_name(&mut self, name: &str) -> bool {
        let found = matches!(self.tokens.get(self.ix), Some(Token::Name(known)) if known == name);
        self.ix += usize::from(found);
        found
    }

    fn expect(&mut self, mark: &str) -> Result<(), Need> {
        if self.take(mark) {
            Ok(())
        } else {
            Err(Need::python(format!("an expression without its `{mark}`")))
        }
    }

    fn expression(&mut self) -> Result<Expr, Need> {
        if self.take_name("lambda") {
            self.expect(":")?;
            return Ok(Expr::Lambda(Box::new(self.expression()?)));
        }
        self.binary(0)
    }

    fn binary(&mut self, level: usize) -> Result<Expr, Need> {
        const LEVELS: [&[&str]; 3] = [&["|"], &["+", "-"], &["*", "/", "//", "%"]];
        let Some(marks) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(mark) = marks.iter().find(|mark| self.peek(mark)) {
            self.ix += 1;
            let right = self.binary(level + 1)?;
            left = Expr::Binary(Box::new(left), (*mark).to_owned(), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Need> {
        if self.take("-") {
            return Ok(Expr::Minus(Box::new(self.unary()?)));
        }
        let base = self.postfix()?;
        if self.take("**") {
            let power = self.unary()?;
            return Ok(Expr::Binary(Box::new(base), "**".to_owned(), Box::new(power)));
        }
        Ok(base)
    }

    fn postfix(&mut self) -> Result<Expr, Need> {
        let mut left = self.atom()?;
        loop {
            if self.take(".") {
                let Some(Token::Name(name)) = self.tokens.get(self.ix).cloned() else {
                    return Err(Need::python("an attribute without a name"));
                };
                self.ix += 1;
                left = Expr::Attribute(Box::new(left), name);
            } else if self.take("(") {
                left = self.call(left)?;
            } else if self.take("[") {
                let items = self.items("]")?;
                left = Expr::Index(Box::new(left), items);
            } else {
                return Ok(left);
            }
        }
    }

    fn call(&mut self, function: Expr) -> Result<Expr, Need> {
        let (mut positional, mut named) = (Vec::new(), Vec::new());
        while !self.take(")") {
            let next_is_named = matches!(
                (self.tokens.get(self.ix), self.tokens.get(self.ix + 1)),
                (Some(Token::Name(_)), Some(Token::Mark(mark))) if mark == "="
            );
            if next_is_named {
                let Some(Token::Name(name)) = self.tokens.get(self.ix).cloned() else { continue };
                self.ix += 2;
                named.push((name, self.expression()?));
            } else {
                positional.push(self.expression()?);
            }
            if !self.take(",") && !self.peek(")") {
                return Err(Need::python("arguments of a call"));
            }
        }
        Ok(Expr::Call(Box::new(function), positional, named))
    }

    fn items(&mut self, end: &str) -> Result<Vec<Expr>, Need> {
        let mut items = Vec::new();
        while !self.take(end) {
            items.push(self.expression()?);
            if !self.take(",") && !self.peek(end) {
                return Err(Need::python("a list of expressions"));
            }
        }
        Ok(items)
    }

    fn atom(&mut self) -> Result<Expr, Need> {
        let Some(token) = self.tokens.get(self.ix).cloned() else {
            return Err(Need::python("an expression that ends early"));
        };
        self.ix += 1;
        match token {
            Token::Name(name) => Ok(Expr::Name(name)),
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Text(mut text) => {
                while let Some(Token::Text(more)) = self.tokens.get(self.ix) {
                    text.push_str(more);
                    self.ix += 1;
                }
                Ok(Expr::Text(text))
            }
            Token::Bytes(bytes) => Ok(Expr::Bytes(bytes)),
            Token::Mark(mark) => match mark.as_str() {
                "..." => Ok(Expr::Ellipsis),
                "(" => self.parenthesised(),
                "[" => self.list(),
                "{" => self.braces(),
                other => Err(Need::python(format!("`{other}` in an expression"))),
            },
        }
    }

    fn parenthesised(&mut self) -> Result<Expr, Need> {
        if self.take(")") {
            return Ok(Expr::Tuple(Vec::new()));
        }
        let first = self.expression()?;
        if self.take(")") {
            return Ok(first);
        }
        self.expect(",")?;
        let mut items = vec![first];
        items.extend(self.items(")")?);
        Ok(Expr::Tuple(items))
    }

    fn list(&mut self) -> Result<Expr, Need> {
        if self.take("]") {
            return Ok(Expr::List(Vec::new()));
        }
        let first = self.expression()?;
        if self.take_name("for") {
            return self.each(None, first, "]");
        }
        let mut items = vec![first];
        if self.take(",") {
            items.extend(self.items("]")?);
        } else {
            self.expect("]")?;
        }
        Ok(Expr::List(items))
    }

    fn each(&mut self, key: Option<Expr>, value: Expr, end: &str) -> Result<Expr, Need> {
        let Some(Token::Name(name)) = self.tokens.get(self.ix).cloned() else {
            return Err(Need::python("a loop over several names"));
        };
        self.ix += 1;
        if !self.take_name("in") {
            return Err(Need::python("a loop over several names"));
        }
        let over = self.expression()?;
        self.expect(end)?;
        Ok(Expr::Each(key.map(Box::new), Box::new(value), name, Box::new(over)))
    }

    fn braces(&mut self) -> Result<Expr, Need> {
        if self.take("}") {
            return Ok(Expr::Dict(Vec::new()));
        }
        let first = self.expression()?;
        if !self.take(":") {
            let mut items = vec![first];
            if self.take(",") {
                items.extend(self.items("}")?);
            } else {
                self.expect("}")?;
            }
            return Ok(Expr::Set(items));
        }
        let value = self.expression()?;
        if self.take_name("for") {
            return self.each(Some(first), value, "}");
        }
        let mut entries = vec![(first, value)];
        while !self.take("}") {
            self.expect(",")?;
            if self.take("}") {
                break;
            }
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
        }
        Ok(Expr::Dict(entries))
    }
}
