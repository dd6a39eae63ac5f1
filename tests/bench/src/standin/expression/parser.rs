//! From text to conditions and updates. One token of look-ahead; anything unknown is refused.

use super::Path;
use super::condition::{Comparator, Condition, Operand};
use super::update::{Source, Update};
use crate::standin::request::Placeholders;
use crate::standin::{Refusal, unsupported};

pub(crate) struct Parser<'a> {
    tokens: Vec<String>,
    next: usize,
    placeholders: &'a Placeholders,
}

impl<'a> Parser<'a> {
    pub fn new(text: &str, placeholders: &'a Placeholders) -> Result<Self, Refusal> {
        Ok(Self {
            tokens: tokens(text)?,
            next: 0,
            placeholders,
        })
    }

    pub fn condition(mut self) -> Result<Condition, Refusal> {
        let condition = self.any()?;
        self.end()?;
        Ok(condition)
    }

    pub fn update(mut self) -> Result<Update, Refusal> {
        let mut update = Update::default();
        if self.take("ADD") {
            let path = self.path()?;
            let operand = self.operand()?;
            update.add.push((path, operand));
            self.end()?;
            return Ok(update);
        }
        self.expect("SET")?;
        loop {
            let path = self.path()?;
            self.expect("=")?;
            let source = self.source()?;
            update.set.push((path, source));
            if !self.take(",") {
                break;
            }
        }
        if self.take("REMOVE") {
            loop {
                let path = self.path()?;
                update.remove.push(path);
                if !self.take(",") {
                    break;
                }
            }
        }
        self.end()?;
        Ok(update)
    }

    fn source(&mut self) -> Result<Source, Refusal> {
        if self.take("if_not_exists") {
            self.expect("(")?;
            let path = self.path()?;
            self.expect(",")?;
            let operand = self.operand()?;
            self.expect(")")?;
            return Ok(Source::IfAbsent(path, operand));
        }
        Ok(Source::Operand(self.operand()?))
    }

    fn any(&mut self) -> Result<Condition, Refusal> {
        let mut parts = vec![self.all()?];
        while self.take("OR") {
            parts.push(self.all()?);
        }
        Ok(single_or(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Refusal> {
        let mut parts = vec![self.one()?];
        while self.take("AND") {
            parts.push(self.one()?);
        }
        Ok(single_or(parts, Condition::All))
    }

    fn one(&mut self) -> Result<Condition, Refusal> {
        if self.take("(") {
            let inner = self.any()?;
            self.expect(")")?;
            return Ok(inner);
        }
        for (word, there) in [("attribute_exists", true), ("attribute_not_exists", false)] {
            if self.take(word) {
                self.expect("(")?;
                let path = self.path()?;
                self.expect(")")?;
                return Ok(Condition::Exists { path, there });
            }
        }
        if self.take("begins_with") {
            self.expect("(")?;
            let path = self.path()?;
            self.expect(",")?;
            let prefix = self.operand()?;
            self.expect(")")?;
            return Ok(Condition::BeginsWith { path, prefix });
        }
        let left = self.operand()?;
        let comparator = self.comparator()?;
        let right = self.operand()?;
        Ok(Condition::Compare {
            left,
            comparator,
            right,
        })
    }

    fn comparator(&mut self) -> Result<Comparator, Refusal> {
        let known = [
            ("=", Comparator::Equal),
            ("<>", Comparator::Differs),
            ("<=", Comparator::AtMost),
            ("<", Comparator::Below),
            (">=", Comparator::AtLeast),
            (">", Comparator::Above),
        ];
        for (sign, comparator) in known {
            if self.take(sign) {
                return Ok(comparator);
            }
        }
        unsupported(format!("{} where a comparison should be", self.seen()))
    }

    fn operand(&mut self) -> Result<Operand, Refusal> {
        let token = self.seen();
        if !token.starts_with(':') {
            return Ok(Operand::Path(self.path()?));
        }
        let Some(value) = self.placeholders.values.get(&token) else {
            return unsupported(format!("{token} has no value"));
        };
        self.next += 1;
        Ok(Operand::Value(value.clone()))
    }

    fn path(&mut self) -> Result<Path, Refusal> {
        let mut path = vec![self.name()?];
        while self.take(".") {
            path.push(self.name()?);
        }
        Ok(path)
    }

    fn name(&mut self) -> Result<String, Refusal> {
        let token = self.seen();
        match self.placeholders.names.get(&token) {
            Some(name) => {
                self.next += 1;
                Ok(name.clone())
            }
            None => unsupported(format!("{token} where a known #name should be")),
        }
    }

    fn seen(&self) -> String {
        self.tokens.get(self.next).cloned().unwrap_or_default()
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.next).is_some_and(|seen| seen == token);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), Refusal> {
        if self.take(token) {
            return Ok(());
        }
        unsupported(format!("{} where {token} should be", self.seen()))
    }

    fn end(&self) -> Result<(), Refusal> {
        match self.tokens.get(self.next) {
            None => Ok(()),
            Some(token) => unsupported(format!("{token} behind the end")),
        }
    }
}

fn single_or(mut parts: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        many(parts)
    }
}

fn tokens(text: &str) -> Result<Vec<String>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_#:".contains(c);
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if ["<=", ">=", "<>"].iter().any(|sign| rest.starts_with(sign)) {
            2
        } else if "=<>(),.".contains(first) {
            1
        } else {
            return unsupported(format!("{first} in an expression"));
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}
