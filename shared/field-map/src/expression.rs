//! One expression: compiled within limits, evaluated for one record.
//!
//! Expressions are CEL with its strings extension (`lowerAscii`, `replace`, `split`, `join`, …) and
//! without regular expressions, times or optional values.

use std::sync::{Arc, LazyLock};
use std::thread;

use cel::{Context, Env, ExecutionError, Program};
use serde_json::Value;

use crate::fields::{KNOWN_FIELDS, is_blank};
use crate::record::{Path, Record};
use crate::references::{References, whole_path};
use crate::values::{from_cel, is_empty, storable, to_cel};

/// Longer than any sensible rule, short enough that no parser comes near its stack.
const EXPRESSION_MAX_CHARS: usize = 1_000;
/// Brackets in brackets.
const NESTING_MAX: usize = 16;
/// Levels of the syntax tree: a sum of n terms has n. Evaluation takes up to 40 KB of stack a level
/// in a debug build, so that 24 levels stay below half of a thread's usual 2 MiB.
const DEPTH_MAX: usize = 24;
/// A loop in a loop over 100 departments is 10,000 steps; a third level would be a million.
const LOOPS_MAX: usize = 2;

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

/// Why an expression is refused, and what to do; never with a piece of the expression in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub message: String,
    pub remedy: String,
}

#[expect(
    clippy::expect_used,
    reason = "the two libraries declare disjoint functions, whatever the input"
)]
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut language = Env::stdlib().with_optional_support(false);
    language
        .add_extension(cel::extensions::strings)
        .expect("the strings extension extends the standard library");
    Arc::new(language)
});

impl Expression {
    /// To be called [`with_parser_stack`].
    pub fn compile(source: &str) -> Result<Self, Vec<Refusal>> {
        judge_text(source).map_err(|refusal| vec![refusal])?;
        let program = parse(source).map_err(|refusal| vec![refusal])?;
        let references = References::of(program.expression());
        let refusals = judge_references(&references);
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(Self {
            whole: whole_path(program.expression()),
            fields: references.fields().into_iter().map(str::to_owned).collect(),
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

    fn execute(&self, record: &Record) -> Result<Value, Outcome> {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        for field in &self.fields {
            if let Some(value) = record.field(field) {
                context.add_variable_as_val(field.as_str(), to_cel(value));
            }
        }
        match self.program.execute(&context) {
            Ok(cel::Value::Null) => Err(Outcome::Absent),
            Ok(value) => from_cel(&value).ok_or(Outcome::Failed),
            Err(ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_)) => {
                Err(Outcome::Absent)
            }
            Err(_) => Err(Outcome::Failed),
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

fn judge_text(source: &str) -> Result<(), Refusal> {
    if source.trim().is_empty() {
        return Err(refusal(
            "the expression is empty",
            "name a WeCom field, such as position, or remove the attribute",
        ));
    }
    if source.chars().count() > EXPRESSION_MAX_CHARS {
        return Err(refusal(
            &format!("the expression is longer than {EXPRESSION_MAX_CHARS} characters"),
            "shorten it, or split it over several attributes",
        ));
    }
    if nesting(source) > NESTING_MAX {
        return Err(refusal(
            &format!("brackets stand more than {NESTING_MAX} deep in each other"),
            "simplify the expression",
        ));
    }
    Ok(())
}

/// An upper bound: brackets in texts count as well.
fn nesting(source: &str) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0;
    for character in source.chars() {
        match character {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn parse(source: &str) -> Result<Program, Refusal> {
    let place = match LANGUAGE.compile(source) {
        Ok(program) => return Ok(program),
        Err(errors) => errors.errors.first().map(|error| error.pos),
    };
    let place = match place {
        Some((line, column)) if line > 0 && column > 0 => {
            format!(" at line {line}, column {column}")
        }
        _ => String::new(),
    };
    Err(refusal(
        &format!("the expression cannot be read{place}"),
        "write a CEL expression over WeCom's fields, such as position, extattr['成本中心'] or \
         userid + '@example.com'; texts stand in quotes",
    ))
}

fn judge_references(references: &References) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let known = |field: &&str| !KNOWN_FIELDS.contains(field);
    for field in references.fields().into_iter().filter(known) {
        refusals.push(refusal(
            &format!("{} is not a field of a WeCom member", shown(field)),
            &format!(
                "use one of {}; a custom field is extattr['its name'], and texts stand in quotes",
                KNOWN_FIELDS.join(", ")
            ),
        ));
    }
    for function in references.functions.iter().filter(|name| !exists(name)) {
        refusals.push(refusal(
            &format!("there is no function {}", shown(function)),
            "use CEL's standard functions, or those on texts: charAt, indexOf, join, lowerAscii, \
             replace, split, substring, trim, upperAscii",
        ));
    }
    if references.lists_a_map {
        refusals.push(refusal(
            "a map may only be asked for a key: its keys have no order",
            "name the keys you want, such as [extattr['a'], extattr['b']], or look one up, such \
             as {'1': 'x', '2': 'y'}[gender]",
        ));
    }
    if references.loops_depth > LOOPS_MAX || references.depth > DEPTH_MAX {
        refusals.push(refusal(
            &format!(
                "the expression is too deep: at most {LOOPS_MAX} loops in each other and \
                 {DEPTH_MAX} steps"
            ),
            "simplify the expression",
        ));
    }
    refusals
}

/// A word of the expression if it is short and plain: never a text that may hold an address.
fn shown(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if word.len() <= 40 && word.chars().all(plain) {
        format!("`{word}`")
    } else {
        "a word".to_owned()
    }
}

/// Asks the language itself: a call with no arguments fails either way, but a name that it knows
/// fails for its arguments.
fn exists(function: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !function.chars().all(plain) || function.starts_with('_') {
        return true; // An operator such as `_+_`: the parser makes no others.
    }
    let answers = |probe: String| {
        let context = Context::with_env(Arc::clone(&LANGUAGE));
        let outcome = LANGUAGE
            .compile(&probe)
            .map(|program| program.execute(&context));
        !matches!(
            outcome,
            Err(_) | Ok(Err(ExecutionError::UndeclaredReference(_)))
        )
    };
    answers(format!("{function}()")) || answers(format!("''.{function}()"))
}

fn refusal(message: &str, remedy: &str) -> Refusal {
    Refusal {
        message: message.to_owned(),
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests;
