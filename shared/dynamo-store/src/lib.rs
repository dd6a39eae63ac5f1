//! `dynamo-store`.
