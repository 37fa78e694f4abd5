//! Opening the file: how a connection is set up, and how the tables come to be.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::statement::{Statement, whole_file};
use crate::domain::StoreEpoch;
use crate::store::{Result, StoreError};

/// In order; the number of them is the schema version.
const MIGRATIONS: [&str; 3] = [
    include_str!("../migrations/sqlite/0001_tables.sql"),
    include_str!("../migrations/sqlite/0002_rules.sql"),
    include_str!("../migrations/sqlite/0003_calibrations.sql"),
];

/// How long a call waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long lies between two attempts where SQLite does not wait by itself.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// More than there are statements, so that none is prepared twice.
const STATEMENT_CACHE_CAPACITY: usize = 64;

/// A log that one big import blew up is cut back to this.
const WAL_LIMIT_BYTES: i64 = 64 << 20;

const EPOCH: Statement = Statement::new("meta", "SELECT key, value FROM meta WHERE key = 'epoch'");
const SET_EPOCH: Statement = Statement::new("meta", "INSERT INTO meta (key, value) VALUES ('epoch', ?1)");

/// Opens the connection that writes, making the file where there is none; fails with `UnknownSchema` where a newer
/// program wrote it, before anything is changed.
pub(super) fn open_writer(path: &Path) -> Result<Connection> {
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_CREATE)?;
    check_schema(&connection.transaction().map_err(whole_file)?)?;
    use_wal(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(whole_file)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(whole_file)?;
    connection.pragma_update(None, "journal_size_limit", WAL_LIMIT_BYTES).map_err(whole_file)?;
    Ok(connection)
}

/// Opens a connection that reads. It may write in the sense of the file system, for a reader may have to mend the WAL
/// after a crash, but no statement may.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let connection = open(path, OpenFlags::empty())?;
    connection.pragma_update(None, "query_only", true).map_err(whole_file)?;
    Ok(connection)
}

/// Brings the tables up to the schema version of this program and returns the epoch, which is `new_epoch` where there
/// were none.
pub(super) fn prepare_tables(connection: &mut Connection, new_epoch: &str) -> Result<StoreEpoch> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(whole_file)?;
    // Again, for another process may have come first.
    let found = check_schema(&transaction)?;
    for migration in &MIGRATIONS[found..] {
        transaction.execute_batch(migration).map_err(whole_file)?;
    }
    if found == 0 {
        SET_EPOCH.run(&transaction, [new_epoch])?;
    }
    if found < MIGRATIONS.len() {
        transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64).map_err(whole_file)?;
    }
    let epoch = EPOCH.first(&transaction, [], |cells| cells.get(1))?;
    transaction.commit().map_err(whole_file)?;
    epoch.map(StoreEpoch).ok_or_else(|| corrupt("meta", "epoch", "the row is missing"))
}

fn open(path: &Path, more: OpenFlags) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(path, flags).map_err(whole_file)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(whole_file)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_CAPACITY);
    Ok(connection)
}

/// Returns how many migrations are done; fails where they are not ours. Version and tables must be of one moment, for
/// another process may be making them.
fn check_schema(connection: &Transaction<'_>) -> Result<usize> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(whole_file)?;
    let known = MIGRATIONS.len();
    let done = usize::try_from(found).ok().filter(|done| *done <= known);
    let done = done.ok_or(StoreError::UnknownSchema { found, known: known as i64 })?;
    let num_tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(whole_file)?;
    if done == 0 && num_tables > 0 {
        return Err(corrupt("(file)", "user_version", "another program's database"));
    }
    Ok(done)
}

/// Lets reads go on beside a write; fails with `Unavailable` on a file system that cannot do it.
fn use_wal(connection: &Connection) -> Result<()> {
    let mode = set_wal(connection).map_err(whole_file)?;
    if mode == "wal" {
        Ok(())
    } else {
        Err(StoreError::Unavailable { source: format!("journal mode is {mode}, not wal").into() })
    }
}

/// Sets the journal mode and returns what it is then. SQLite gives up at once where two connections change it together,
/// whatever the busy timeout, so all the waiting is done here.
fn set_wal(connection: &Connection) -> rusqlite::Result<String> {
    connection.busy_timeout(Duration::ZERO)?;
    let attempt = || connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
    let is_busy = |result: &rusqlite::Result<String>| {
        result.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    };
    let mut result = attempt();
    for _ in 0..BUSY_TIMEOUT.as_millis() / BUSY_PAUSE.as_millis() {
        if !is_busy(&result) {
            break;
        }
        thread::sleep(BUSY_PAUSE);
        result = attempt();
    }
    connection.busy_timeout(BUSY_TIMEOUT)?;
    result
}

fn corrupt(table: &'static str, row: &str, what: &str) -> StoreError {
    StoreError::Corrupt { table, row: row.to_owned(), source: what.into() }
}
