//! Replies to request ids, so that a retried write is done once.

use rusqlite::{Connection, params};

use super::statement::Statement;
use crate::domain::Timestamp;
use crate::store::rows::{WrittenBody, encode};
use crate::store::{RequestKey, Result, StoreError, Written};

const ONE: Statement = Statement::keyed_by_two(
    "requests",
    "SELECT credential, request_id, fingerprint, written FROM requests WHERE credential = ?1 AND request_id = ?2",
);
const KEEP: Statement = Statement::keyed_by_two(
    "requests",
    "INSERT INTO requests (credential, request_id, fingerprint, create_time, written) VALUES (?1, ?2, ?3, ?4, ?5)",
);
const PRUNE: Statement = Statement::new("requests", "DELETE FROM requests WHERE create_time < ?1");

/// Looks up the reply to a request id; `FingerprintMismatch` where it was another request.
pub(super) fn replay(connection: &Connection, key: &RequestKey) -> Result<Option<Written>> {
    let params = [key.credential.as_str(), key.request_id.as_str()];
    ONE.first(connection, params, |cells| {
        if cells.get::<String>(2)? != key.fingerprint {
            return Err(StoreError::FingerprintMismatch { request_id: key.request_id.clone() });
        }
        cells.known(cells.shape::<WrittenBody>(3)?.into_replay())
    })
}

/// Keeps the reply; `replay` found none in the same transaction.
pub(super) fn keep(connection: &Connection, key: &RequestKey, written: &Written, now: Timestamp) -> Result<()> {
    let body = encode(&WrittenBody::from(written));
    KEEP.run(connection, params![key.credential, key.request_id, key.fingerprint, now.0, body]).map(drop)
}

/// Throws away the replies of before a moment.
pub(super) fn prune(connection: &Connection, before: Timestamp) -> Result<()> {
    PRUNE.run(connection, [before.0]).map(drop)
}
