//! How a plan reads: the `Display` of plans and verdicts, for people and for rule tests.
//!
//! One line per change: the verb, what it is, and its attributes before and after.

use std::fmt;

use serde_json::Value;

use crate::{
    Action, AttributeChange, Change, HeldItem, Item, KeptItem, Plan, RuleWindow, TrippedRule,
    Verdict,
};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.sealed { "sealed" } else { "unsealed" };
        writeln!(f, "{word}, {} unchanged", self.unchanged)?;
        for change in self.changes.iter().chain(&self.removals) {
            writeln!(f, "{change}")?;
        }
        for (old, new) in &self.renames {
            writeln!(f, "renamed? {old} -> {new}")?;
        }
        for item in &self.unasked {
            writeln!(f, "unasked {}", Named(item))?;
        }
        for kept in &self.kept {
            writeln!(f, "keep {kept}")?;
        }
        for refused in &self.refused {
            writeln!(f, "refuse {refused}")?;
        }
        for accepted in &self.accepted {
            writeln!(f, "accepted {}", Named(&accepted.before))?;
        }
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let permitted = &self.permitted;
        for change in permitted.changes().chain(permitted.removals()) {
            writeln!(f, "{}", *change)?;
        }
        for kept in permitted.kept() {
            writeln!(f, "keep {}", *kept)?;
        }
        for refused in permitted.refused() {
            writeln!(f, "refuse {refused}")?;
        }
        for accepted in permitted.accepted() {
            writeln!(f, "accepted {}", Named(&accepted.before))?;
        }
        let lists = [
            ("held", &self.held),
            ("still held", &self.still_held),
            ("released", &self.released),
            ("detaching", &self.detaching),
            ("consumed", &self.consumed),
            ("seen again", &self.kept_released),
        ];
        for (word, items) in lists {
            for item in items {
                writeln!(f, "{word}: {item}")?;
            }
        }
        for guarded in &self.guarded {
            write!(f, "guarded: {}", Named(&guarded.item))?;
            for row in &guarded.changes {
                write!(f, ", {row}")?;
            }
            writeln!(f)?;
        }
        for rule in &self.tripped {
            writeln!(f, "tripped: {rule}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_refresh() {
            return write!(f, "refresh {}", Named(&self.after));
        }
        write!(f, "{} {}", self.action, Named(&self.after))?;
        if self.displaces {
            f.write_str(" (displaces)")?;
        }
        for row in &self.changes {
            // The name stands there already.
            let said = row.attribute == "name" && row.before.is_none();
            let said = said || (row.attribute == "userid" && row.before.is_none());
            if !matches!(self.action, Action::Delete | Action::Detach) && !said {
                write!(f, ", {row}")?;
            }
        }
        if let Some(note) = &self.note {
            write!(f, " [{}]", note.code)?;
        }
        Ok(())
    }
}

impl fmt::Display for AttributeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        match &self.before {
            None => write!(f, "{} {}", self.attribute, text(&self.after)),
            Some(_) => write!(
                f,
                "{} {} -> {}",
                self.attribute,
                text(&self.before),
                text(&self.after)
            ),
        }
    }
}

impl fmt::Display for KeptItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", Named(&self.before), self.note.code)?;
        match self.absence {
            Some(_) => f.write_str(", marked"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for HeldItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {:?}",
            self.action, self.kind, self.id, self.name
        )?;
        match &self.suspected_rename {
            Some(userid) => write!(f, " (now {userid}?)"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TrippedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            limit,
            window,
            value,
            deletions,
            base,
            ..
        } = self;
        write!(
            f,
            "{kind}s {} {value}: {deletions} of {base}",
            limit.as_str()
        )?;
        if *window == RuleWindow::Day {
            f.write_str(" in a day")?;
        }
        match &self.attribute {
            Some(attribute) => write!(f, " ({attribute})"),
            None => Ok(()),
        }
    }
}

struct Named<'a>(&'a Item);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.0.kind(), self.0.id(), self.0.name())
    }
}
