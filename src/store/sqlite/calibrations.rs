//! How confidences of bases were set right: one row for each base and generation.

use rusqlite::{Connection, params};

use super::bases;
use super::statement::Statement;
use crate::domain::{Calibration, KnowledgeBaseId};
use crate::store::Result;
use crate::store::rows::{CalibrationBody, encode};

const VERSIONS: Statement = Statement::new(
    "calibrations",
    "SELECT knowledge_base, version FROM calibrations WHERE generation = ?1 ORDER BY knowledge_base",
);
const VERSION: Statement = Statement::keyed_by_two(
    "calibrations",
    "SELECT knowledge_base, generation, version FROM calibrations WHERE knowledge_base = ?1 AND generation = ?2",
);
const GET: Statement = Statement::keyed_by_two(
    "calibrations",
    "SELECT knowledge_base, generation, version, body FROM calibrations WHERE knowledge_base = ?1 AND generation = ?2",
);
const PUT: Statement = Statement::keyed_by_two(
    "calibrations",
    "INSERT INTO calibrations (knowledge_base, generation, version, body) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (knowledge_base, generation) DO UPDATE SET version = excluded.version, body = excluded.body",
);

/// Lists the versions of a generation's calibrations, by base.
pub(super) fn versions(connection: &Connection, generation: &str) -> Result<Vec<(KnowledgeBaseId, u64)>> {
    VERSIONS.all(connection, params![generation], |cells| {
        let id: String = cells.get(0)?;
        Ok((cells.known(KnowledgeBaseId::try_new(id))?, cells.count(1)?))
    })
}

/// Gets the calibration of a base with its version.
pub(super) fn get(
    connection: &Connection,
    knowledge_base: &KnowledgeBaseId,
    generation: &str,
) -> Result<Option<(Calibration, u64)>> {
    GET.first(connection, params![knowledge_base.as_str(), generation], |cells| {
        let body: CalibrationBody = cells.shape(3)?;
        Ok((body.into_calibration(cells.get(1)?), cells.count(2)?))
    })
}

/// Overwrites the calibration of a base and returns the version it has then; `None` where it was another than expected.
pub(super) fn put(
    connection: &Connection,
    knowledge_base: &KnowledgeBaseId,
    calibration: &Calibration,
    expected: u64,
) -> Result<Option<u64>> {
    bases::require(connection, knowledge_base)?;
    let key = params![knowledge_base.as_str(), calibration.generation];
    let found = VERSION.first(connection, key, |cells| cells.count(2))?.unwrap_or(0);
    if found != expected {
        return Ok(None);
    }
    let (version, body) = (found + 1, encode(&CalibrationBody::from(calibration)));
    PUT.run(connection, params![knowledge_base.as_str(), calibration.generation, version as i64, body])?;
    Ok(Some(version))
}
