//! The connections that read.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

use rusqlite::Connection;

use super::connect;
use crate::store::Result;

/// More would not be faster on the machines this runs on, and each holds a page cache.
const NUM_READERS: usize = 4;

/// A few connections that lie ready; a read waits for another read where all are out, never for a write.
#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
}

/// A connection that goes back when it is dropped, after a panic too.
pub(super) struct Reader<'a> {
    pool: &'a Pool,
    /// Taken only by the drop.
    connection: Option<Connection>,
}

impl Pool {
    /// Opens the connections; the tables must be there.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let idle: Result<Vec<_>> = (0..NUM_READERS).map(|_| connect::open_reader(path)).collect();
        Ok(Self { idle: Mutex::new(idle?), returned: Condvar::new() })
    }

    /// Takes a connection, waiting for one where all are out.
    pub(super) fn take(&self) -> Reader<'_> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = idle.pop() {
                return Reader { pool: self, connection: Some(connection) };
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("only the drop takes the connection")
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("only the drop takes the connection")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}
