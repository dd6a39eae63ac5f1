//! Gzip-compressed JSON for what is large and only read as a whole.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_run::ports::StoreError;

use super::errors::unreadable;

/// An item may have 400 KB; a quarter is left for keys and what stands beside the page.
pub(crate) const PAGE_MAX_BYTES: usize = 300_000;

/// The values as JSON, a line each, compressed.
pub(crate) fn pack<T: Serialize>(act: &'static str, values: &[T]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for value in values {
        serde_json::to_writer(&mut encoder, value)
            .map_err(|_| unreadable(act, "a value is no JSON"))?;
        // Writing into memory does not fail; `finish` would report it.
        let _line = encoder.write_all(b"\n");
    }
    encoder
        .finish()
        .map_err(|_| unreadable(act, "a page cannot be compressed"))
}

pub(crate) fn unpack<T: DeserializeOwned>(
    act: &'static str,
    bytes: &[u8],
) -> Result<Vec<T>, StoreError> {
    let mut text = String::new();
    GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .map_err(|_| unreadable(act, "a page is no compressed text"))?;
    text.lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable(act, "a line of a page is no valid JSON"))
}
