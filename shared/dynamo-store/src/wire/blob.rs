//! One large value over several items of one partition, compressed, written before whatever
//! names it.

use org_model::Generation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_run::ports::StoreError;

use super::Attributes;
use super::attributes::{b, bytes, n, text};
use super::keys::Key;
use super::packing::{PAGE_MAX_BYTES, pack, unpack};
use crate::DynamoStore;

impl DynamoStore {
    /// Writes the pages under `place` (whose sort key is a prefix) and returns how many they are.
    pub(crate) async fn put_blob<T: Serialize>(
        &self,
        act: &'static str,
        place: &Key,
        values: &[T],
        generation: Generation,
    ) -> Result<u32, StoreError> {
        let marks = Attributes::from([("gen".to_owned(), n(generation))]);
        self.put_pages(act, place, values, &marks).await
    }

    /// The same for a log line: its pages are forgotten at `expiry`, in epoch seconds.
    pub(crate) async fn put_log_blob<T: Serialize>(
        &self,
        act: &'static str,
        place: &Key,
        values: &[T],
        expiry: i64,
    ) -> Result<u32, StoreError> {
        let marks = Attributes::from([("expires_at".to_owned(), n(expiry))]);
        self.put_pages(act, place, values, &marks).await
    }

    async fn put_pages<T: Serialize>(
        &self,
        act: &'static str,
        place: &Key,
        values: &[T],
        marks: &Attributes,
    ) -> Result<u32, StoreError> {
        let packed = pack(act, values)?;
        let mut pages = 0;
        for slice in packed.chunks(PAGE_MAX_BYTES) {
            let mut item = page_key(place, pages).attributes();
            item.extend(marks.clone());
            item.insert("body".to_owned(), b(slice.to_vec()));
            let _unconditional = self.put(act, &self.tables.sync, item, None).await?;
            pages += 1;
        }
        Ok(pages)
    }

    /// `None`: not every page is there (any more).
    pub(crate) async fn get_blob<T: DeserializeOwned>(
        &self,
        act: &'static str,
        place: &Key,
        pages: u32,
    ) -> Result<Option<Vec<T>>, StoreError> {
        let keys: Vec<Key> = (0..pages).map(|page| page_key(place, page)).collect();
        let mut items = self.get_all(act, &self.tables.sync, &keys).await?;
        if items.len() != keys.len() {
            return Ok(None);
        }
        items.sort_by(|one, other| text(one, "sk", act).ok().cmp(&text(other, "sk", act).ok()));
        let mut packed = Vec::new();
        for item in &items {
            packed.extend_from_slice(bytes(item, "body", act)?);
        }
        unpack(act, &packed).map(Some)
    }
}

pub(crate) fn page_key(place: &Key, page: u32) -> Key {
    Key {
        pk: place.pk.clone(),
        sk: format!("{}{page:04}", place.sk),
    }
}
