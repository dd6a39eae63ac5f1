//! How a plan reads: the `Display` of plans and verdicts, for people and for rule tests.
