//! One expression: compiled within limits, evaluated for one record.
//!
//! Expressions are CEL with its strings extension (`lowerAscii`, `replace`, `split`, `join`, …) and
//! without regular expressions, times or optional values.

use std::sync::Arc;
use std::thread;

use cel::{Context, ExecutionError, Program};
use serde_json::Value;

use crate::failure::Failure;
use crate::fields::is_blank;
use crate::judge::{LANGUAGE, Refusal, judge_program, judge_text, parse};
use crate::limits::admits;
use crate::record::{Path, Record};
use crate::references::{References, whole_path};
use crate::values::{from_cel, is_empty, storable, to_cel};

#[derive(Debug)]
pub(crate) struct Expression {
    program: Program,
    references: References,
    /// The fields it reads, each once, ordered.
    fields: Vec<String>,
    /// The expression is a path and nothing else: read from the record as it is (saves work).
    whole: Option<Path>,
}

/// What an expression made of one record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Value(Value),
    /// The reading shows that everything the expression reads is there, and the result is empty.
    Empty,
    /// Something it reads is not there.
    Absent,
    Failed,
}

impl Expression {
    /// To be called [`with_parser_stack`].
    pub fn compile(source: &str) -> Result<Self, Vec<Refusal>> {
        judge_text(source).map_err(|refusal| vec![refusal])?;
        let program = parse(source).map_err(|refusal| vec![refusal])?;
        let references = References::of(program.expression());
        let refusals = judge_program(&program, &references);
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(Self {
            whole: whole_path(program.expression()),
            fields: references.fields().map(str::to_owned).collect(),
            references,
            program,
        })
    }

    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The fields this record does not have.
    pub fn absent_fields<'a>(&'a self, record: &Record) -> Vec<&'a str> {
        let absent = |field: &&str| record.field(field).is_none();
        self.fields
            .iter()
            .map(String::as_str)
            .filter(absent)
            .collect()
    }

    /// What it reads and this record has not, or has empty.
    pub fn unfilled_paths(&self, record: &Record) -> Vec<String> {
        let unfilled = |path: &&Path| {
            let value = record.at(path);
            value.is_none_or(|value| is_blank(&path.root, value) || value.is_object())
        };
        let paths = self.references.paths.iter();
        paths.filter(unfilled).map(Path::to_string).collect()
    }

    pub fn evaluate(&self, record: &Record) -> Outcome {
        if !self.absent_fields(record).is_empty() {
            return Outcome::Absent;
        }
        let result = match &self.whole {
            Some(path) => record.at(path).cloned().ok_or(Outcome::Absent),
            None => self.execute(record),
        };
        match result.map(storable) {
            Ok(Some(value)) if is_empty(&value) => self.judge_empty(record),
            Ok(Some(value)) => Outcome::Value(value),
            Ok(None) => Outcome::Failed,
            Err(outcome) => outcome,
        }
    }

    /// For correctness: an empty result proves something only if every path is there. A map that
    /// is used as a whole (`extattr[alias]`) shows no keys, so nothing is proved.
    fn judge_empty(&self, record: &Record) -> Outcome {
        let is_proof = |path: &Path| record.at(path).is_some_and(|value| !value.is_object());
        if self.references.paths.iter().all(is_proof) {
            Outcome::Empty
        } else {
            Outcome::Absent
        }
    }

    pub fn execute(&self, record: &Record) -> Result<Value, Outcome> {
        if self.oversized(record).is_some() {
            return Err(Outcome::Failed);
        }
        match self.program.execute(&self.context(record)) {
            Ok(cel::Value::Null) => Err(Outcome::Absent),
            Ok(value) => from_cel(&value).ok_or(Outcome::Failed),
            Err(ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_)) => {
                Err(Outcome::Absent)
            }
            Err(_) => Err(Outcome::Failed),
        }
    }

    /// For correctness: what an expression may cost was judged for values up to a size.
    fn oversized(&self, record: &Record) -> Option<&Path> {
        let admitted = |path: &&Path| record.at(path).is_none_or(admits);
        self.references.paths.iter().find(|path| !admitted(path))
    }

    fn context(&self, record: &Record) -> Context<'_, '_> {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        for field in &self.fields {
            if let Some(value) = record.field(field) {
                context.add_variable_as_val(field.as_str(), to_cel(value));
            }
        }
        context
    }

    /// Where and why it failed for a record, for which [`Expression::evaluate`] said so.
    pub fn failure(&self, record: &Record) -> Failure {
        if self.whole.is_some() {
            return Failure::no_value();
        }
        match self.oversized(record) {
            Some(path) => Failure::too_large(&self.program, &self.references, path),
            None => Failure::locate(&self.program, &self.context(record)),
        }
    }
}

/// For correctness: the library's parser recurses through a dozen large frames for each bracket,
/// and in a debug build 16 brackets overflow a thread of 2 MiB, which aborts the process. With
/// this much its own limit of 96 levels answers first. `None`: no such thread could be had.
const PARSER_STACK_BYTES: usize = 32 << 20;

/// Runs what parses where there is stack enough for it.
pub(crate) fn with_parser_stack<T: Send>(act: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(PARSER_STACK_BYTES);
        builder.spawn_scoped(scope, act).ok()?.join().ok()
    })
}

#[cfg(test)]
mod tests;
