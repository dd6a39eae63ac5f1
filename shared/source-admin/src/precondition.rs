//! Which version a change was made against, as the caller states it.

use crate::AdminError;
use crate::ports::Expected;

/// What the caller's `If-Match` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing was said.
    Unstated,
    /// `*`: something is there, whatever its version.
    Exists,
    /// One of these versions. Empty: tags that no version of ours ever had.
    OneOf(Vec<u64>),
}

impl Precondition {
    /// For a source: a change has to say what it is based on.
    pub(crate) fn required(&self, current: Option<u64>) -> Result<Expected, AdminError> {
        match (self, current) {
            (Self::Unstated, Some(_)) => Err(AdminError::PreconditionRequired),
            _ => self.optional(current),
        }
    }

    /// For an agent: what is said must hold, but nothing needs to be said. Two changes at the
    /// same moment still exclude each other.
    pub(crate) fn optional(&self, current: Option<u64>) -> Result<Expected, AdminError> {
        match (self, current) {
            (Self::Unstated, None) => Ok(Expected::Absent),
            (Self::Unstated | Self::Exists, Some(version)) => Ok(Expected::Version(version)),
            (Self::OneOf(versions), Some(version)) if versions.contains(&version) => {
                Ok(Expected::Version(version))
            }
            _ => Err(AdminError::Stale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creating_needs_no_precondition() {
        let expected = Precondition::Unstated.required(None);
        assert!(matches!(expected, Ok(Expected::Absent)));
    }

    #[test]
    fn changing_a_source_needs_a_precondition() {
        let refused = Precondition::Unstated.required(Some(3));
        assert!(matches!(refused, Err(AdminError::PreconditionRequired)));
        let agent = Precondition::Unstated.optional(Some(3));
        assert!(matches!(agent, Ok(Expected::Version(3))));
    }

    #[test]
    fn only_the_current_version_passes() {
        let passes = |versions: &[u64]| Precondition::OneOf(versions.to_vec()).required(Some(3));
        assert!(matches!(passes(&[2, 3]), Ok(Expected::Version(3))));
        assert!(matches!(passes(&[2]), Err(AdminError::Stale)));
        assert!(matches!(passes(&[]), Err(AdminError::Stale)));
    }

    #[test]
    fn a_precondition_on_something_absent_is_stale() {
        for said in [Precondition::Exists, Precondition::OneOf(vec![1])] {
            assert!(matches!(said.required(None), Err(AdminError::Stale)));
        }
    }
}
