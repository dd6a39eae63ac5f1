//! Cursors: where a list goes on. Opaque to callers, checked when they come back.

use org_model::ItemKind;
use sync_run::ports::StoreError;

use crate::mirror::keys::buckets;
use crate::wire::errors::unreadable;

/// A place in the buckets of a mirror: in this bucket, behind this key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BucketCursor {
    pub bucket: u8,
    pub after: Option<String>,
}

/// A place in the rows of a run: in this page, from this row on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowCursor {
    pub page: String,
    pub index: usize,
}

impl BucketCursor {
    /// The beginning of a bucket.
    pub fn at(bucket: u8) -> Self {
        Self {
            bucket,
            after: None,
        }
    }

    /// `05.` or `05.zhang.1`: the bucket in hexadecimal, then the last key seen in it.
    pub fn read(text: Option<&str>, kind: ItemKind) -> Result<Self, StoreError> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let (bucket, after) = text.split_once('.').ok_or_else(no_cursor)?;
        let bucket = u8::from_str_radix(bucket, 16).map_err(|_| no_cursor())?;
        if bucket >= buckets(kind) {
            return Err(no_cursor());
        }
        Ok(Self {
            bucket,
            after: (!after.is_empty()).then(|| after.to_owned()),
        })
    }

    pub fn write(&self) -> String {
        let after = self.after.as_deref().unwrap_or_default();
        format!("{:02x}.{after}", self.bucket)
    }
}

impl RowCursor {
    /// Behind all rows of a page.
    pub fn behind(page: &str, rows: usize) -> Self {
        Self {
            page: page.to_owned(),
            index: rows,
        }
    }

    /// `000000000007-000001-0000.12`.
    pub fn read(text: &str) -> Result<Self, StoreError> {
        let (page, index) = text.split_once('.').ok_or_else(no_cursor)?;
        let known = |c: char| c.is_ascii_digit() || c == '-';
        if page.is_empty() || !page.chars().all(known) {
            return Err(no_cursor());
        }
        Ok(Self {
            page: page.replace('-', "#"),
            index: index.parse().map_err(|_| no_cursor())?,
        })
    }

    pub fn write(&self) -> String {
        format!("{}.{}", self.page.replace('#', "-"), self.index)
    }
}

pub(crate) fn no_cursor() -> StoreError {
    unreadable("read a cursor", "it is no cursor of this list")
}
