//! Which bundle is wanted: one value beside the epoch, for it is of the store as a whole.

use rusqlite::{Connection, params};

use super::statement::Statement;
use crate::domain::{BundleId, Revision};
use crate::store::rows::{BundleChoiceBody, encode};
use crate::store::{BundleChoice, Result, StoreError};

const GET: Statement = Statement::new("meta", "SELECT key, value FROM meta WHERE key = 'bundle_choice'");
const PUT: Statement = Statement::new(
    "meta",
    "INSERT INTO meta (key, value) VALUES ('bundle_choice', ?1)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

/// Gets the choice; the empty one where nobody ever chose.
pub(super) fn get(connection: &Connection) -> Result<BundleChoice> {
    let found = GET.first(connection, [], |cells| {
        let body: BundleChoiceBody = cells.shape(1)?;
        cells.known(BundleChoice::try_from(body))
    })?;
    Ok(found.unwrap_or_default())
}

/// Overwrites the choice.
pub(super) fn choose(connection: &Connection, history: &[BundleId], expected: Revision) -> Result<Revision> {
    if get(connection)?.revision != expected {
        return Err(StoreError::BundleChoiceChanged);
    }
    let choice = BundleChoice { history: history.to_vec(), revision: Revision(expected.0 + 1) };
    PUT.run(connection, params![encode(&BundleChoiceBody::from(&choice))])?;
    Ok(choice.revision)
}
