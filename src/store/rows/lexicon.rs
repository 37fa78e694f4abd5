//! The shape of a lexicon.

use serde::{Deserialize, Serialize};

use super::Format;
use crate::domain::{Lexicon, SynonymSet};

/// One lexicon, draft or published.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct LexiconBody {
    format: Format<1>,
    terms: Vec<String>,
    synonym_sets: Vec<SynonymSetShape>,
    version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct SynonymSetShape {
    id: String,
    words: Vec<String>,
}

impl From<LexiconBody> for Lexicon {
    fn from(body: LexiconBody) -> Self {
        let sets = body.synonym_sets.into_iter().map(|set| SynonymSet { id: set.id, words: set.words });
        Self { terms: body.terms, synonym_sets: sets.collect(), version: body.version }
    }
}

impl From<&Lexicon> for LexiconBody {
    fn from(lexicon: &Lexicon) -> Self {
        let sets = lexicon.synonym_sets.iter().cloned().map(|set| SynonymSetShape { id: set.id, words: set.words });
        Self { format: Format, terms: lexicon.terms.clone(), synonym_sets: sets.collect(), version: lexicon.version }
    }
}
