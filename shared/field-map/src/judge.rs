//! May this expression be a rule? Its text, its words, and what it may cost.

use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, Program};

use crate::cost::is_too_costly;
use crate::fields::KNOWN_FIELDS;
use crate::place::Place;
use crate::references::References;

/// Longer than any sensible rule, short enough that no parser comes near its stack.
const EXPRESSION_MAX_CHARS: usize = 1_000;
/// Brackets in brackets.
const NESTING_MAX: usize = 16;
/// Levels of the syntax tree: a sum of n terms has n. Evaluation takes up to 40 KB of stack a level
/// in a debug build, so that 24 levels stay below half of a thread's usual 2 MiB.
const DEPTH_MAX: usize = 24;
/// A loop in a loop over 100 departments is 10,000 steps; a third level would be a million.
const LOOPS_MAX: usize = 2;

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
pub(crate) static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut language = Env::stdlib().with_optional_support(false);
    language
        .add_extension(cel::extensions::strings)
        .expect("the strings extension extends the standard library");
    Arc::new(language)
});

pub(crate) fn judge_text(source: &str) -> Result<(), Refusal> {
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

pub(crate) fn parse(source: &str) -> Result<Program, Refusal> {
    let at = match LANGUAGE.compile(source) {
        Ok(program) => return Ok(program),
        Err(errors) => errors.errors.first().map(|error| error.pos),
    };
    let place = at.and_then(Place::of_parser);
    Err(refusal(
        &format!("the expression cannot be read{}", shown_place(place)),
        "write a CEL expression over WeCom's fields, such as position, extattr['成本中心'] or \
         userid + '@example.com'; texts stand in quotes",
    ))
}

/// What is wrong with an expression that can be read.
pub(crate) fn judge_program(program: &Program, references: &References) -> Vec<Refusal> {
    let at = |id: u64| shown_place(Place::of(program, id));
    let mut refusals = Vec::new();
    let unknown = |(field, _): &(&String, &u64)| !KNOWN_FIELDS.contains(&field.as_str());
    for (field, id) in references.roots.iter().filter(unknown) {
        refusals.push(refusal(
            &format!(
                "{} is not a field of a WeCom member{}",
                shown(field),
                at(*id)
            ),
            &format!(
                "use one of {}; a custom field is extattr['its name'], and texts stand in quotes",
                KNOWN_FIELDS.join(", ")
            ),
        ));
    }
    let unknown = |(name, _): &(&String, &u64)| !exists(name);
    for (function, id) in references.functions.iter().filter(unknown) {
        refusals.push(refusal(
            &format!(
                "there is no function {}{}",
                shown(function),
                shown_place(Place::of_call(program, *id, function))
            ),
            "use CEL's standard functions, or those on texts: charAt, indexOf, join, lowerAscii, \
             replace, split, substring, trim, upperAscii",
        ));
    }
    if let Some(id) = references.listed_map {
        refusals.push(refusal(
            &format!(
                "a map may only be asked for a key: its keys have no order{}",
                at(id)
            ),
            "name the keys you want, such as [extattr['a'], extattr['b']], or look one up, such \
             as {'1': 'x', '2': 'y'}[gender]",
        ));
    }
    refusals.extend(judge_size(program, references));
    refusals
}

fn judge_size(program: &Program, references: &References) -> Option<Refusal> {
    if references.loops_depth > LOOPS_MAX || references.depth > DEPTH_MAX {
        return Some(refusal(
            &format!(
                "the expression is too deep: at most {LOOPS_MAX} loops in each other and \
                 {DEPTH_MAX} steps"
            ),
            "simplify the expression",
        ));
    }
    is_too_costly(program.expression()).then(|| {
        refusal(
            "the expression could take too long, or too much memory, for one person",
            "let no loop or replace make more of what another one made, or split the expression \
             over several attributes",
        )
    })
}

fn shown_place(place: Option<Place>) -> String {
    place.map_or_else(String::new, |place| format!(" at {place}"))
}

/// A word of the expression if it is short and plain: never a text that may hold an address.
pub(crate) fn shown(word: &str) -> String {
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
