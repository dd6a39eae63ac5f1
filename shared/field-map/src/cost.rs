//! What an expression may cost at worst, before anybody runs it.
//!
//! CEL always ends, but not always while anybody waits: `x + x` in a loop doubles a text, twenty
//! such loops one after the other make a million of it, and `replace('', …)` squares one. So every
//! part of an expression gets a bound on what it yields and on the steps it takes, for the largest
//! values that [`admits`](crate::limits::admits) lets in; an expression beyond [`STEPS_MAX`] or
//! [`BYTES_MAX`] is refused when it is saved. The bounds are sums and products that only
//! overestimate.

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, LiteralValue, operators,
};

use crate::bound::{BYTES_A_STEP, BYTES_MAX, Bound, FIELD, STEPS_MAX, scalar, text};
use crate::limits::SCALAR_BYTES;

/// `%.100f` of the largest number writes 309 digits before the point.
const NUMBER_BYTES_MAX: u64 = 450;

/// Variables of the loops around, innermost first.
#[derive(Clone, Copy)]
struct Scope<'a> {
    name: &'a str,
    bound: Bound,
    outer: Option<&'a Scope<'a>>,
}

/// Would it take too long, or too much memory, over the largest record?
pub(crate) fn is_too_costly(expression: &IdedExpr) -> bool {
    let worst = bound(expression, None);
    worst.steps > STEPS_MAX || worst.bytes > BYTES_MAX
}

fn bound(expression: &IdedExpr, scope: Option<&Scope<'_>>) -> Bound {
    match &expression.expr {
        Expr::Unspecified => scalar(1),
        Expr::Literal(LiteralValue::String(value)) => text(1, value.inner().len() as u64),
        Expr::Literal(LiteralValue::Bytes(value)) => text(1, value.inner().len() as u64),
        Expr::Literal(_) => scalar(1),
        Expr::Ident(name) => bound_of_name(name, scope),
        Expr::Select(select) => {
            let operand = bound(&select.operand, scope);
            match select.test {
                true => scalar(operand.steps.saturating_add(1)),
                false => operand.after(operand.steps),
            }
        }
        Expr::Call(call) => bound_of_call(call, scope),
        Expr::List(list) => list_of(list.elements.iter().map(|item| bound(item, scope))),
        Expr::Map(map) => bound_of_entries(&map.entries, scope),
        Expr::Struct(literal) => bound_of_entries(&literal.entries, scope),
        Expr::Comprehension(comprehension) => bound_of_loop(comprehension, scope),
    }
}

/// What is no variable of a loop is a field.
fn bound_of_name(name: &str, mut scope: Option<&Scope<'_>>) -> Bound {
    while let Some(variable) = scope {
        if variable.name == name {
            return Bound {
                steps: 1,
                ..variable.bound
            };
        }
        scope = variable.outer;
    }
    match name {
        "department" | "direct_leader" | "extattr" | "external_profile" | "is_leader_in_dept"
        | "order" | "positions" => FIELD,
        _ => FIELD.element(),
    }
}

fn list_of(items: impl Iterator<Item = Bound>) -> Bound {
    let mut list = Bound::default();
    let mut count = 0;
    for item in items {
        count += 1;
        let largest = list.item.max(item.bytes);
        let longest = list.inner.max(item.items).max(item.inner);
        list = list.or(item);
        (list.item, list.inner) = (largest, longest);
    }
    list.items = count;
    list.bytes = list.item.saturating_add(SCALAR_BYTES).saturating_mul(count);
    list.after(list.steps)
}

fn bound_of_entries(entries: &[IdedEntryExpr], scope: Option<&Scope<'_>>) -> Bound {
    let values = entries.iter().flat_map(|entry| match &entry.expr {
        EntryExpr::StructField(field) => vec![bound(&field.value, scope)],
        EntryExpr::MapEntry(entry) => vec![bound(&entry.key, scope), bound(&entry.value, scope)],
    });
    list_of(values)
}

fn bound_of_call(call: &CallExpr, scope: Option<&Scope<'_>>) -> Bound {
    let arguments = call.target.as_deref().into_iter().chain(&call.args);
    let given: Vec<Bound> = arguments.map(|one| bound(one, scope)).collect();
    let all = given
        .iter()
        .fold(Bound::default(), |sum, one| sum.and(*one));
    let at = |place: usize| given.get(place).copied().unwrap_or_default();
    // Looking for one text in another compares them at every place, a few signs at a time.
    let search = match call.func_name.as_str() {
        "indexOf" | "lastIndexOf" | "replace" => at(0).text.saturating_mul(at(1).text) / 64,
        _ => 0,
    };
    let looked_at = all.steps.saturating_add(all.bytes / BYTES_A_STEP);
    let result = match call.func_name.as_str() {
        operators::ADD => all,
        operators::CONDITIONAL => at(1).or(at(2)),
        operators::INDEX => at(0),
        "lowerAscii" | "upperAscii" | "trim" | "substring" | "charAt" | "reverse" => at(0),
        "replace" => {
            let places = at(0).text.saturating_add(1);
            let grown = places.saturating_mul(at(2).text.saturating_add(1));
            return text(0, grown).after(looked_at.saturating_add(search));
        }
        "split" => Bound {
            bytes: at(0).text.saturating_add(1).saturating_mul(SCALAR_BYTES),
            item: at(0).text,
            items: at(0).text.saturating_add(1),
            inner: 0,
            ..at(0)
        },
        "join" => {
            let between = at(0).items.saturating_mul(at(1).text);
            text(0, at(0).bytes.saturating_add(between))
        }
        "format" => {
            let clauses = (at(0).text / 2).min(at(1).items);
            let numbers = clauses.saturating_mul(NUMBER_BYTES_MAX);
            let shown = at(1).bytes.saturating_mul(8);
            text(0, at(0).text.saturating_add(numbers).saturating_add(shown))
        }
        "string" => text(0, at(0).bytes.max(NUMBER_BYTES_MAX)),
        name if yields_scalar(name) => scalar(0),
        // Of what nothing is known: eight times as much, and a list of its signs.
        _ => Bound {
            bytes: all.bytes.saturating_mul(8),
            item: all.bytes.saturating_mul(8),
            text: all.bytes.saturating_mul(8),
            items: all.items.max(all.bytes),
            inner: all.inner.max(all.bytes),
            steps: 0,
        },
    };
    result.after(looked_at.saturating_add(search))
}

fn yields_scalar(function: &str) -> bool {
    let is_operator = function.starts_with(['_', '!', '-', '@']);
    let named = [
        "bool",
        "contains",
        "double",
        "endsWith",
        "indexOf",
        "int",
        "lastIndexOf",
        "size",
        "startsWith",
        "type",
        "uint",
    ];
    is_operator || named.contains(&function)
}

/// Macros are the only loops: they test every item, or append to a list.
fn bound_of_loop(comprehension: &ComprehensionExpr, scope: Option<&Scope<'_>>) -> Bound {
    let range = bound(&comprehension.iter_range, scope);
    let start = bound(&comprehension.accu_init, scope);
    let item = Scope {
        name: &comprehension.iter_var,
        bound: range.element(),
        outer: scope,
    };
    let second = Scope {
        name: comprehension.iter_var2.as_deref().unwrap_or_default(),
        bound: range.element(),
        outer: Some(&item),
    };
    let inside = |sum: Bound, part: &IdedExpr| {
        let sum = Scope {
            name: &comprehension.accu_var,
            bound: sum,
            outer: Some(&second),
        };
        bound(part, Some(&sum))
    };
    // One round over an empty sum yields what a round adds.
    let round = inside(Bound::default(), &comprehension.loop_step);
    let condition = inside(Bound::default(), &comprehension.loop_cond);
    let rounds = range.items.max(1);
    let sum = Bound {
        bytes: start
            .bytes
            .saturating_add(rounds.saturating_mul(round.bytes)),
        item: start.item.max(round.item),
        text: start.text.max(round.text),
        items: start
            .items
            .saturating_add(rounds.saturating_mul(round.items)),
        inner: start.inner.max(round.inner),
        steps: 0,
    };
    let result = inside(sum, &comprehension.result);
    let each = round.steps.saturating_add(condition.steps);
    let steps = rounds
        .saturating_mul(each)
        .saturating_add(range.bytes / BYTES_A_STEP)
        .saturating_add(range.steps)
        .saturating_add(start.steps)
        .saturating_add(result.steps);
    result.after(steps)
}

#[cfg(test)]
mod tests;
