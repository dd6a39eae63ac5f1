//! `simulation`.
