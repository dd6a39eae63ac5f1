//! Where and why an expression failed for one person: never with a value, for the preview.

use std::fmt;

use cel::common::ast::{Expr, operators};
use cel::{Context, ExecutionError, IdedExpr, Program, Value};
use serde::Serialize;

use crate::judge::shown;
use crate::limits::TEXT_BYTES_MAX;
use crate::place::Place;
use crate::record::Path;
use crate::references::References;

/// The innermost part that failed although everything it is made of did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// `None`: as a whole.
    pub place: Option<Place>,
    /// The function or operator, if it is one.
    pub what: Option<String>,
    /// The fields that the part reads; empty where the whole failed.
    pub fields: Vec<String>,
    pub reason: FailureReason,
}

/// Why an expression gave nothing; `Display` says it in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    NoValue,
    TooLarge,
    DividedByZero,
    Overflow,
    NotComputable,
    NoSuchKey,
    WrongTypes,
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const _: () = assert!(TEXT_BYTES_MAX == 2_048);
        f.write_str(match self {
            Self::NoValue => "its result is nothing that the directory can hold",
            Self::TooLarge => {
                "it is too large to compute with: more than 2,048 bytes, or 100 items"
            }
            Self::DividedByZero => "it divides by zero",
            Self::Overflow => "the number is too large",
            Self::NotComputable => "it cannot be computed from this value",
            Self::NoSuchKey => "there is no such key or place in it",
            Self::WrongTypes => "the values do not have the types that it takes",
        })
    }
}

impl Failure {
    pub fn no_value() -> Self {
        Self {
            place: None,
            what: None,
            fields: Vec::new(),
            reason: FailureReason::NoValue,
        }
    }

    pub fn too_large(program: &Program, references: &References, path: &Path) -> Self {
        let root = references.roots.get(&path.root);
        Self {
            place: root.and_then(|id| Place::of(program, *id)),
            what: None,
            fields: vec![path.to_string()],
            reason: FailureReason::TooLarge,
        }
    }

    pub fn locate(program: &Program, context: &Context<'_, '_>) -> Self {
        let root = program.expression();
        let Err(error) = Value::resolve(root, context) else {
            return Self::no_value();
        };
        let (part, error) = innermost(root, error, context);
        let references = References::of(part);
        let (place, what) = match &part.expr {
            Expr::Call(call) => (
                Place::of_call(program, part.id, &call.func_name),
                Some(name_of(&call.func_name)),
            ),
            _ => (Place::of(program, part.id), None),
        };
        Self {
            place,
            what,
            fields: references.fields().map(str::to_owned).collect(),
            reason: reason(&error),
        }
    }
}

/// Loops are not looked into: what stands in them has no value outside.
fn innermost<'a>(
    part: &'a IdedExpr,
    error: ExecutionError,
    context: &Context<'_, '_>,
) -> (&'a IdedExpr, ExecutionError) {
    for inner in parts(part, context) {
        if let Err(error) = Value::resolve(inner, context) {
            return innermost(inner, error, context);
        }
    }
    (part, error)
}

/// What was evaluated for this part; of a choice, the side that was taken.
fn parts<'a>(part: &'a IdedExpr, context: &Context<'_, '_>) -> Vec<&'a IdedExpr> {
    match &part.expr {
        Expr::Call(call) if call.func_name == operators::CONDITIONAL && call.args.len() == 3 => {
            let taken = match Value::resolve(&call.args[0], context) {
                Ok(Value::Bool(true)) => 1,
                Ok(Value::Bool(false)) => 2,
                _ => 0,
            };
            vec![&call.args[taken]]
        }
        Expr::Call(call) => call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Comprehension(comprehension) => vec![&comprehension.iter_range],
        Expr::Map(_) | Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {
            Vec::new()
        }
    }
}

/// `_-_` is written `-`.
fn name_of(function: &str) -> String {
    match function.trim_matches(['_', '@']) {
        "?_:" => "`? :`".to_owned(),
        "[_]" => "`[ ]`".to_owned(),
        operator if operator.chars().all(|c| c.is_ascii_punctuation()) => format!("`{operator}`"),
        name => shown(name),
    }
}

fn reason(error: &ExecutionError) -> FailureReason {
    match error {
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            FailureReason::DividedByZero
        }
        ExecutionError::Overflow(..) => FailureReason::Overflow,
        ExecutionError::FunctionError { .. } => FailureReason::NotComputable,
        ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_) => {
            FailureReason::NoSuchKey
        }
        _ => FailureReason::WrongTypes,
    }
}
