//! Addresses that nothing of ours may be sent to.
