//! `rehearsal`.
