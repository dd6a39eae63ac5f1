//! What an expression refers to: WeCom's fields, paths into them, functions, and its own depth.

use std::collections::{BTreeMap, BTreeSet};

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, LiteralValue, operators,
};

use crate::record::Path;

/// Names of types, which an expression may compare with `type(…)`.
const TYPE_NAMES: [&str; 10] = [
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// Fields that are maps from a name to a value.
const MAP_FIELDS: [&str; 2] = ["extattr", "external_profile"];

/// What was found on a walk over the syntax tree.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// The longest paths with literal keys: `extattr['x']` is one, `extattr` is not.
    pub paths: BTreeSet<Path>,
    /// The field each path begins with, and the node of the syntax tree where it stands first.
    pub roots: BTreeMap<String, u64>,
    /// With the node where each stands first.
    pub functions: BTreeMap<String, u64>,
    /// How deeply `map`, `filter`, `exists` and the like stand in each other.
    pub loops_depth: usize,
    pub depth: usize,
    /// A map literal that is not looked up at once, or a loop over a map: CEL gives keys in no
    /// order, and order is output. Where the first one stands.
    pub listed_map: Option<u64>,
}

/// Where the walk stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    depth: usize,
    loops: usize,
    /// Variables of the loops around, innermost first.
    bound: Option<&'a Bound<'a>>,
}

struct Bound<'a> {
    names: [&'a str; 3],
    outer: Option<&'a Bound<'a>>,
}

impl References {
    pub fn of(expression: &IdedExpr) -> Self {
        let mut found = Self::default();
        found.walk(expression, Place::default());
        found
    }

    /// The fields the expression reads, each once.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.roots.keys().map(String::as_str)
    }

    fn walk(&mut self, expression: &IdedExpr, outer: Place<'_>) {
        let place = Place {
            depth: outer.depth + 1,
            ..outer
        };
        self.depth = self.depth.max(place.depth);
        if let Some(path) = literal_path(expression, PresenceTests::Named) {
            self.note_path(path, expression, place);
            return;
        }
        match &expression.expr {
            Expr::Call(call) => self.walk_call(call, expression, place),
            Expr::Comprehension(comprehension) => self.walk_loop(comprehension, place),
            Expr::List(list) => list.elements.iter().for_each(|e| self.walk(e, place)),
            Expr::Map(map) => {
                self.listed_map.get_or_insert(expression.id);
                self.walk_entries(&map.entries, place);
            }
            Expr::Struct(literal) => self.walk_entries(&literal.entries, place),
            Expr::Select(select) => self.walk_map(&select.operand, place),
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        }
    }

    /// `expression` is the path, or a membership test of its last key.
    fn note_path(&mut self, path: Path, expression: &IdedExpr, place: Place<'_>) {
        let is_type = path.keys.is_empty() && TYPE_NAMES.contains(&path.root.as_str());
        if !is_type && !path.root.starts_with('@') && !is_bound(&path.root, place.bound) {
            let root = root_of(expression);
            self.roots.entry(path.root.clone()).or_insert(root);
            self.paths.insert(path);
        }
    }

    fn walk_call(&mut self, call: &CallExpr, expression: &IdedExpr, place: Place<'_>) {
        if let Some(path) = literal_membership(call) {
            self.note_path(path, expression, place);
            return;
        }
        let functions = &mut self.functions;
        functions
            .entry(call.func_name.clone())
            .or_insert(expression.id);
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::INDEX, [map, key]) | (operators::IN, [key, map]) => {
                self.walk(key, place);
                self.walk_map(map, place);
            }
            (_, arguments) => {
                for argument in call.target.as_deref().into_iter().chain(arguments) {
                    self.walk(argument, place);
                }
            }
        }
    }

    /// An expression that is looked into: here a map literal may stand.
    fn walk_map(&mut self, map: &IdedExpr, place: Place<'_>) {
        match &map.expr {
            Expr::Map(literal) => self.walk_entries(&literal.entries, place),
            _ => self.walk(map, place),
        }
    }

    fn walk_loop(&mut self, comprehension: &ComprehensionExpr, place: Place<'_>) {
        self.walk(&comprehension.iter_range, place);
        if is_map_field(&comprehension.iter_range) {
            self.listed_map.get_or_insert(comprehension.iter_range.id);
        }
        self.walk(&comprehension.accu_init, place);
        let bound = Bound {
            names: [
                &comprehension.iter_var,
                comprehension.iter_var2.as_deref().unwrap_or_default(),
                &comprehension.accu_var,
            ],
            outer: place.bound,
        };
        let inside = Place {
            loops: place.loops + 1,
            bound: Some(&bound),
            ..place
        };
        self.loops_depth = self.loops_depth.max(inside.loops);
        self.walk(&comprehension.loop_cond, inside);
        self.walk(&comprehension.loop_step, inside);
        self.walk(&comprehension.result, inside);
    }

    fn walk_entries(&mut self, entries: &[IdedEntryExpr], place: Place<'_>) {
        for entry in entries {
            match &entry.expr {
                EntryExpr::StructField(field) => self.walk(&field.value, place),
                EntryExpr::MapEntry(entry) => {
                    self.walk(&entry.key, place);
                    self.walk(&entry.value, place);
                }
            }
        }
    }
}

fn is_map_field(range: &IdedExpr) -> bool {
    literal_path(range, PresenceTests::Refused)
        .is_some_and(|path| path.keys.is_empty() && MAP_FIELDS.contains(&path.root.as_str()))
}

fn is_bound(name: &str, mut bound: Option<&Bound<'_>>) -> bool {
    while let Some(scope) = bound {
        if scope.names.contains(&name) {
            return true;
        }
        bound = scope.outer;
    }
    false
}

/// What a presence test, `has(a.b)`, is to [`literal_path`]: it names a path and is not one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PresenceTests {
    Named,
    Refused,
}

/// `a`, `a.b`, `a['b']` and chains of them.
fn literal_path(expression: &IdedExpr, tests: PresenceTests) -> Option<Path> {
    match &expression.expr {
        Expr::Ident(root) => Some(Path {
            root: root.clone(),
            keys: Vec::new(),
        }),
        Expr::Select(select) if select.test && tests == PresenceTests::Refused => None,
        Expr::Select(select) => Some(with_key(
            literal_path(&select.operand, tests)?,
            &select.field,
        )),
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [map, key] => Some(with_key(literal_path(map, tests)?, literal_text(key)?)),
            _ => None,
        },
        _ => None,
    }
}

/// The node of the name that a path begins with.
fn root_of(expression: &IdedExpr) -> u64 {
    match &expression.expr {
        Expr::Select(select) => root_of(&select.operand),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::INDEX, [map, _]) | (operators::IN, [_, map]) => root_of(map),
            _ => expression.id,
        },
        _ => expression.id,
    }
}

/// `'b' in a`.
fn literal_membership(call: &CallExpr) -> Option<Path> {
    match call.args.as_slice() {
        [key, map] if call.func_name == operators::IN => {
            let map = literal_path(map, PresenceTests::Refused)?;
            Some(with_key(map, literal_text(key)?))
        }
        _ => None,
    }
}

/// The path that the whole expression is, if it is nothing else.
pub(crate) fn whole_path(expression: &IdedExpr) -> Option<Path> {
    literal_path(expression, PresenceTests::Refused)
}

fn with_key(mut path: Path, key: &str) -> Path {
    path.keys.push(key.to_owned());
    path
}

fn literal_text(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
