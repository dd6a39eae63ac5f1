//! Conditional writes, alone and in transactions: first every condition is judged, then all is
//! written or nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{consumed, object};
use crate::standin::expression::{Condition, Update};
use crate::standin::request::Request;
use crate::standin::size::write_units;
use crate::standin::table::Key;
use crate::standin::{Answer, Database, Failed, Item, Refusal, unsupported};

/// A transaction takes at most 100 actions.
const ACTIONS_MAX: usize = 100;

/// Its items count twice: once to prepare, once to commit. Index entries do not.
const TRANSACTION_FACTOR: f64 = 2.0;

enum What {
    Put(Item),
    Update(Update),
    Delete,
    Check,
}

/// One write, understood.
struct Action {
    table: String,
    key: Key,
    what: What,
    condition: Option<Condition>,
    wants_old: bool,
}

/// What an action will do.
enum Judged {
    Write(Option<Item>),
    Nothing,
    Failed(Failed),
}

impl Database {
    pub(super) fn write_item(&mut self, operation: &str, mut request: Request) -> Answer {
        let wanted = request.wants_units()?;
        let kind = operation.trim_end_matches("Item");
        let action = self.action(kind, request)?;
        let table = action.table.clone();
        self.counts.request(operation, &table);
        let units = match self.judge(&action)? {
            Judged::Failed(Failed(item)) => {
                let units = self.units_of_look(&action)?;
                self.counts.wrote(operation, &table, units);
                return Err(Refusal::ConditionFailed(item));
            }
            Judged::Nothing => 0.0,
            Judged::Write(new) => {
                let table = self.table_mut(&table)?;
                let units = table.write(&action.key, new.as_ref())?;
                units.item + units.entry
            }
        };
        self.counts.wrote(operation, &table, units);
        let consumed = consumed(wanted, &table, units);
        Ok(object([("ConsumedCapacity", consumed)]))
    }

    pub(super) fn transact_write_items(&mut self, mut request: Request) -> Answer {
        let wanted = request.wants_units()?;
        // A repeated token would be answered from the first time; here nothing is repeated.
        request.take("ClientRequestToken");
        let items = request.list("TransactItems")?;
        request.finish()?;
        let mut actions = Vec::new();
        for item in items {
            let mut kinds = Request::of(item)?;
            actions.push(self.named_action(&mut kinds)?);
            kinds.finish()?;
        }
        one_action_per_item(&actions)?;
        let judged: Vec<Judged> = actions
            .iter()
            .map(|action| self.judge(action))
            .collect::<Result<_, _>>()?;
        self.counts.request("TransactWriteItems", &actions[0].table);
        if judged.iter().any(|it| matches!(it, Judged::Failed(_))) {
            return self.cancelled(&actions, judged);
        }
        let units = self.commit(&actions, judged)?;
        let mut each = Vec::new();
        for (table, units) in units {
            self.counts.wrote("TransactWriteItems", &table, units);
            each.extend(consumed(wanted, &table, units));
        }
        let consumed = wanted.then(|| format!("[{}]", each.join(",")));
        Ok(object([("ConsumedCapacity", consumed)]))
    }

    fn commit(
        &mut self,
        actions: &[Action],
        judged: Vec<Judged>,
    ) -> Result<BTreeMap<String, f64>, Refusal> {
        let mut by_table = BTreeMap::new();
        for (action, judged) in actions.iter().zip(judged) {
            let units = match judged {
                Judged::Write(new) => {
                    let table = self.table_mut(&action.table)?;
                    let units = table.write(&action.key, new.as_ref())?;
                    units.item * TRANSACTION_FACTOR + units.entry
                }
                _ => self.units_of_look(action)? * TRANSACTION_FACTOR,
            };
            *by_table.entry(action.table.clone()).or_default() += units;
        }
        Ok(by_table)
    }

    fn cancelled(&mut self, actions: &[Action], judged: Vec<Judged>) -> Answer {
        for action in actions {
            let units = self.units_of_look(action)? * TRANSACTION_FACTOR;
            self.counts
                .wrote("TransactWriteItems", &action.table, units);
        }
        let failed = judged.into_iter().map(|it| match it {
            Judged::Failed(failed) => Some(failed),
            _ => None,
        });
        Err(Refusal::Cancelled(failed.collect()))
    }

    /// What looking at an item costs where nothing is written.
    fn units_of_look(&self, action: &Action) -> Result<f64, Refusal> {
        let found = self.table(&action.table)?.get(&action.key);
        Ok(write_units(found.map_or(0, |it| it.bytes)))
    }

    fn judge(&self, action: &Action) -> Result<Judged, Refusal> {
        let table = self.table(&action.table)?;
        let stored = table.get(&action.key);
        let old = stored.map(|it| it.item());
        let seen = old.clone().unwrap_or_default();
        if let Some(condition) = &action.condition
            && !condition.holds(&seen)?
        {
            let shown = stored.filter(|_| action.wants_old);
            return Ok(Judged::Failed(Failed(shown.map(|it| it.text.to_string()))));
        }
        Ok(match &action.what {
            What::Put(item) => Judged::Write(Some(item.clone())),
            What::Update(update) => {
                let old = old.unwrap_or_else(|| table.key_item(&action.key));
                let new = update.applied(&old)?;
                if table.key_of(&new)? != action.key {
                    return unsupported("an update of a key");
                }
                Judged::Write(Some(new))
            }
            What::Delete => Judged::Write(None),
            What::Check => Judged::Nothing,
        })
    }

    fn named_action(&self, kinds: &mut Request) -> Result<Action, Refusal> {
        for kind in ["Put", "Update", "Delete", "ConditionCheck"] {
            if let Some(action) = kinds.take(kind) {
                return self.action(kind, Request::of(action)?);
            }
        }
        unsupported("an action of another kind")
    }

    fn action(&self, kind: &str, mut request: Request) -> Result<Action, Refusal> {
        let name = request.text("TableName")?;
        let table = self.table(&name)?;
        let placeholders = request.placeholders()?;
        let condition = request.condition("ConditionExpression", &placeholders)?;
        let wants_old = request.wants_old()?;
        let (key, what) = match kind {
            "Put" => {
                let item = request.item("Item")?;
                (table.key_of(&item)?, What::Put(item))
            }
            _ => {
                let key = table.whole_key(&request.item("Key")?)?;
                let what = match kind {
                    "Update" => What::Update(request.update(&placeholders)?),
                    "Delete" => What::Delete,
                    _ => What::Check,
                };
                (key, what)
            }
        };
        request.finish()?;
        Ok(Action {
            table: name,
            key,
            what,
            condition,
            wants_old,
        })
    }
}

fn one_action_per_item(actions: &[Action]) -> Result<(), Refusal> {
    if actions.is_empty() || actions.len() > ACTIONS_MAX {
        return unsupported("a transaction of none or more than 100 actions");
    }
    let mut seen = BTreeSet::new();
    for action in actions {
        if !seen.insert((&action.table, &action.key)) {
            return unsupported("a transaction with two actions on one item");
        }
    }
    Ok(())
}
