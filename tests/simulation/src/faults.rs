//! What may go wrong between one process and everything else.

use jiff::SignedDuration;

/// What goes wrong in one process. Requests to the store count from 0.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The process dies at this request: before it reaches the store.
    pub die_before: Option<usize>,
    /// The process dies at this request: after the store did it.
    pub die_after: Option<usize>,
    /// This request fails before it reaches the store; the process lives on.
    pub fail_once: Option<usize>,
    /// The store does this request and its answer is lost; the process lives on.
    pub fail_after: Option<usize>,
    /// The process sleeps before this request until it is woken.
    pub sleep_before: Option<usize>,
    /// Every request takes this long.
    pub slow: SignedDuration,
    /// Before this request the clock is set forward or back.
    pub jump: Option<(usize, SignedDuration)>,
    /// No message leaves.
    pub mute: bool,
    /// The store refuses every write of this item.
    pub poison: Option<String>,
}
