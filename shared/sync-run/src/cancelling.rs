//! Stopping a run that somebody cancelled.
//!
//! The wish is durable beside the record before it is answered. The run looks at it before it
//! decides and before each page of writes, so that it stops at a row boundary: what was written is
//! told, what was not is as it was. A wish that cannot be read just now is looked at again with the
//! next page; a run is not ended for that.

use crate::book::Book;
use crate::trouble::Trouble;

/// `Cancelled` if somebody asked this run to stop.
pub(crate) async fn heed(book: &Book<'_>) -> Result<(), Trouble> {
    let (source, run) = (book.lease.source(), book.lease.run());
    match book.ports.runs.cancellation(source, run).await {
        Ok(None) => Ok(()),
        Ok(Some(wish)) => Err(Trouble::Cancelled { by: wish.by }),
        Err(error) => {
            tracing::warn!(%source, %run, %error, "whether to stop is looked at again");
            Ok(())
        }
    }
}
