//! The shape of the choice of a bundle.

use serde::{Deserialize, Serialize};

use super::{Format, RowError};
use crate::domain::{BundleId, Revision};
use crate::store::BundleChoice;

/// Which bundles were wanted.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct BundleChoiceBody {
    format: Format<1>,
    revision: u64,
    history: Vec<String>,
}

impl TryFrom<BundleChoiceBody> for BundleChoice {
    type Error = RowError;

    fn try_from(body: BundleChoiceBody) -> Result<Self, RowError> {
        let history: Result<Vec<BundleId>, _> = body.history.iter().map(|text| BundleId::parse(text)).collect();
        Ok(Self { history: history?, revision: Revision(body.revision) })
    }
}

impl From<&BundleChoice> for BundleChoiceBody {
    fn from(choice: &BundleChoice) -> Self {
        let history = choice.history.iter().map(ToString::to_string).collect();
        Self { format: Format, revision: choice.revision.0, history }
    }
}
