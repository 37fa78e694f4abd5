//! A knowledge base's own words.

/// Words that stand for one another in this business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynonymSet {
    pub id: String,
    /// At least two; the first is the canonical one.
    pub words: Vec<String>,
}

/// The terms and synonym sets of a knowledge base, as one published version or a draft.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Lexicon {
    /// Words that must stand whole: products, business words.
    pub terms: Vec<String>,
    pub synonym_sets: Vec<SynonymSet>,
    /// Counts publications, from 0 for the empty lexicon.
    pub version: u64,
}
