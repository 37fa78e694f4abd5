//! SQL statements with the table they speak of, so that each error can name table and row.

use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, Params, Row};
use serde::de::DeserializeOwned;

use crate::domain::Timestamp;
use crate::store::error::Cause;
use crate::store::rows::{self, RowError};
use crate::store::{Result, StoreError};

/// A statement; it is prepared once a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    pub table: &'static str,
    /// So many of the first columns name the row in errors.
    pub keys: usize,
    pub sql: &'static str,
}

impl Statement {
    /// Makes a statement whose first column names the row.
    pub(super) const fn new(table: &'static str, sql: &'static str) -> Self {
        Self { table, keys: 1, sql }
    }

    /// Makes a statement whose first two columns name the row.
    pub(super) const fn keyed_by_two(table: &'static str, sql: &'static str) -> Self {
        Self { table, keys: 2, sql }
    }

    /// Changes rows and returns how many.
    pub(super) fn run(self, connection: &Connection, params: impl Params) -> Result<usize> {
        let mut statement = connection.prepare_cached(self.sql).map_err(|error| self.fail(error))?;
        statement.execute(params).map_err(|error| self.fail(error))
    }

    /// Reads every row.
    pub(super) fn all<T>(
        self,
        connection: &Connection,
        params: impl Params,
        read: impl Fn(Cells<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = connection.prepare_cached(self.sql).map_err(|error| self.fail(error))?;
        let mut found = statement.query(params).map_err(|error| self.fail(error))?;
        let mut values = Vec::new();
        while let Some(row) = found.next().map_err(|error| self.fail(error))? {
            values.push(read(Cells { row, statement: self })?);
        }
        Ok(values)
    }

    /// Reads the first row, if there is one.
    pub(super) fn first<T>(
        self,
        connection: &Connection,
        params: impl Params,
        read: impl Fn(Cells<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = connection.prepare_cached(self.sql).map_err(|error| self.fail(error))?;
        let mut found = statement.query(params).map_err(|error| self.fail(error))?;
        let row = found.next().map_err(|error| self.fail(error))?;
        row.map(|row| read(Cells { row, statement: self })).transpose()
    }

    fn fail(self, error: Error) -> StoreError {
        classify(error, self.table, || "no row in particular".to_owned())
    }
}

/// One row of a result.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    row: &'a Row<'a>,
    statement: Statement,
}

impl Cells<'_> {
    /// Reads a column; fails with `Corrupt` where it holds another type.
    pub(super) fn get<T: FromSql>(self, column: usize) -> Result<T> {
        self.row.get(column).map_err(|error| classify(error, self.statement.table, || self.label()))
    }

    /// Reads a count; fails with `Corrupt` where it is negative.
    pub(super) fn count(self, column: usize) -> Result<u64> {
        let found: i64 = self.get(column)?;
        self.known(u64::try_from(found).map_err(|_| RowError::Negative { found }))
    }

    /// Reads a time.
    pub(super) fn time(self, column: usize) -> Result<Timestamp> {
        self.get(column).map(Timestamp)
    }

    /// Reads a stored shape.
    pub(super) fn shape<T: DeserializeOwned>(self, column: usize) -> Result<T> {
        let text = self.row.get_ref(column).map_err(|error| classify(error, self.statement.table, || self.label()))?;
        let text = text.as_str().map_err(|error| self.corrupt(error.into()))?;
        self.known(rows::decode(text))
    }

    /// Names table and row in the error of a value that cannot be understood.
    pub(super) fn known<T, E: Into<Cause>>(self, value: std::result::Result<T, E>) -> Result<T> {
        value.map_err(|error| self.corrupt(error.into()))
    }

    fn corrupt(self, source: Cause) -> StoreError {
        StoreError::Corrupt { table: self.statement.table, row: self.label(), source }
    }

    fn label(self) -> String {
        let keys = (0..self.statement.keys).map(|column| match self.row.get_ref(column) {
            Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            Ok(ValueRef::Integer(number)) => number.to_string(),
            Ok(_) | Err(_) => "?".to_owned(),
        });
        keys.collect::<Vec<_>>().join("/")
    }
}

/// Makes the error of what concerns no single table: opening, begin, commit.
pub(super) fn whole_file(error: Error) -> StoreError {
    classify(error, "(file)", || "no row in particular".to_owned())
}

/// Turns a count into what SQLite can hold; one beyond that is beyond all that is stored too.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Tells a store that is not to be had right now from one that is not as it should be.
fn classify(error: Error, table: &'static str, row: impl FnOnce() -> String) -> StoreError {
    let code = error.sqlite_error_code();
    let is_passing = matches!(
        code,
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
                | ErrorCode::FileLockingProtocolFailed
        )
    );
    let source = error.into();
    if is_passing { StoreError::Unavailable { source } } else { StoreError::Corrupt { table, row: row(), source } }
}
