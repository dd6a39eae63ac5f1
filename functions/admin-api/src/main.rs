//! `admin-api`.
fn main() {}
