//! Where something stands in an expression.

use std::fmt;

use cel::Program;
use serde::Serialize;

/// Line and column, both from 1; columns count signs and not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Place {
    /// Where a node of the syntax tree begins; `None` for nodes that a macro made.
    pub(crate) fn of(program: &Program, id: u64) -> Option<Self> {
        let written = program.source_info();
        let (start, _) = written.offset_for(id)?;
        let before = written.source.get(..usize::try_from(start).ok()?)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some(Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        })
    }

    /// Where a call begins: its node is the bracket or operator, before which a name may stand.
    pub(crate) fn of_call(program: &Program, id: u64, function: &str) -> Option<Self> {
        let mut place = Self::of(program, id)?;
        let start = usize::try_from(program.source_info().offset_for(id)?.0).ok()?;
        let before = program.source_info().source.get(..start)?;
        if before.ends_with(function) {
            // Names are ASCII: as many signs as bytes.
            place.column = place.column.saturating_sub(function.len()).max(1);
        }
        Some(place)
    }

    /// What the parser says, which counts signs from 1 as well.
    pub(crate) fn of_parser((line, column): (isize, isize)) -> Option<Self> {
        let counted = |number| usize::try_from(number).ok().filter(|number| *number > 0);
        Some(Self {
            line: counted(line)?,
            column: counted(column)?,
        })
    }
}
