//! From a message to the articles that may answer it: query, search, group by article, drop what may not be shown.

use std::{borrow::Cow, sync::Arc};

use super::{answer::Ask, live::Base};
use crate::{
    domain::{ArticleNo, ArticleState, Audience, Channel, Timestamp},
    index::{self, Hit, IndexedArticle, WeightedGram},
    text::{AskedText, gram_hash, grams},
};

/// How many phrasings are collected first; several stand for one article.
const HIT_LIMIT: usize = 192;
/// Where filters leave too few articles, once more with as many.
const WIDE_HIT_LIMIT: usize = 2048;
/// How many articles go on to ranking.
const ARTICLE_LIMIT: usize = 20;
/// Phrasings of an article that are compared with the message.
pub(super) const PHRASINGS_PER_ARTICLE: usize = 3;
/// So many grams of a message are searched for, the rarest: what nearly every phrasing holds costs most and tells least.
const QUERY_GRAMS: usize = 28;
/// As many are searched for however common they are.
const LEAST_QUERY_GRAMS: usize = 10;
/// A gram that a larger share of the phrasings holds is common, unless they are few.
const COMMON_SHARE: f32 = 0.08;
const FEW_PHRASINGS: f32 = 64.0;
/// What a gram counts that stands for a synonym of what was typed.
const SYNONYM_WEIGHT: f32 = 0.4;

/// Who may see what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Visibility {
    pub channel: Channel,
    pub audience: Audience,
    pub now: Timestamp,
}

impl Visibility {
    /// Takes it from how an inquiry is asked.
    pub(super) fn of(ask: &Ask<'_>) -> Self {
        Self { channel: ask.inquiry.channel, audience: ask.inquiry.audience, now: ask.now }
    }

    /// Tells whether an article may be shown.
    pub fn shows(self, article: &IndexedArticle) -> bool {
        is_visible(article, self)
    }
}

/// Why an article was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    State,
    Validity,
    Channel,
    Audience,
}

impl Dropped {
    /// Returns the word for the explanation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Validity => "validity",
            Self::Channel => "channel",
            Self::Audience => "audience",
        }
    }
}

/// An article that was found.
#[derive(Clone, Debug)]
pub struct Found {
    pub article: Arc<IndexedArticle>,
    /// The best phrasings, the best first: index among the positive ones, and BM25, or 0 where vectors found the article and
    /// the index says nothing of it.
    pub phrasings: Vec<(usize, f32)>,
}

/// What training and calibration leave out, so that a phrasing never finds itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// One positive phrasing of an article.
    Phrasing(ArticleNo, usize),
    /// One negative question of an article.
    Negative(ArticleNo, usize),
    /// A whole article.
    Article(ArticleNo),
}

impl LeftOut {
    fn holds(self, hit: &Hit) -> bool {
        match self {
            Self::Phrasing(article, phrasing_idx) => hit.article == article && hit.phrasing_idx == phrasing_idx,
            Self::Negative(..) => false,
            Self::Article(article) => hit.article == article,
        }
    }
}

/// What a search gave.
#[derive(Clone, Debug, Default)]
pub struct Retrieved {
    /// The best first.
    pub found: Vec<Found>,
    /// Named by `knowledgeBases/{kb}/articles/{article}`.
    pub dropped: Vec<(String, Dropped)>,
    /// Words of the message that brought synonyms in.
    pub synonyms_used: Vec<String>,
}

/// Searches one knowledge base. Fails where the index cannot be read.
pub fn retrieve(
    base: &Base,
    text: &AskedText<'_>,
    visibility: Visibility,
    left_out: Option<LeftOut>,
) -> index::Result<Retrieved> {
    let (query, synonyms_used) = query(base, &text.content);
    let mut retrieved = Retrieved::default();
    for limit in [HIT_LIMIT, WIDE_HIT_LIMIT] {
        let mut hits = base.snapshot.searcher.search(&query, limit)?;
        let is_cut = hits.len() == limit;
        if let Some(left_out) = left_out {
            hits.retain(|hit| !left_out.holds(hit));
        }
        retrieved = group(base, &hits, visibility);
        // Only what was dropped can have crowded others out.
        if !is_cut || retrieved.dropped.is_empty() || retrieved.found.len() >= ARTICLE_LIMIT / 2 {
            break;
        }
    }
    retrieved.synonyms_used = synonyms_used;
    Ok(retrieved)
}

/// A gram of the message or of a synonym, while the query is made.
struct QueryGram<'a> {
    text: Cow<'a, str>,
    hash: u64,
    weight: f32,
    /// How many phrasings hold it.
    frequency: u32,
}

fn query(base: &Base, content: &str) -> (Vec<WeightedGram>, Vec<String>) {
    let table = &base.snapshot.table;
    let mut query: Vec<QueryGram<'_>> = Vec::with_capacity(content.len());
    for text in grams(content) {
        let hash = gram_hash(text);
        match query.iter_mut().find(|known| known.hash == hash) {
            Some(known) => known.weight += 1.0,
            None => {
                let frequency = table.document_frequency(hash);
                query.push(QueryGram { text: Cow::Borrowed(text), hash, weight: 1.0, frequency });
            }
        }
    }
    keep_rare(&mut query, table.num_phrasings());
    let mut used = Vec::new();
    for hit in base.overlay.matches(content) {
        let word = &content[hit.span.range()];
        let synonyms = base.overlay.synonyms_of(word);
        for text in synonyms.iter().filter(|synonym| *synonym != word).flat_map(|synonym| grams(synonym)) {
            let hash = gram_hash(text);
            if query.iter().all(|known| known.hash != hash) {
                let text = Cow::Owned(text.to_owned());
                query.push(QueryGram { text, hash, weight: SYNONYM_WEIGHT, frequency: table.document_frequency(hash) });
            }
        }
        if !synonyms.is_empty() {
            used.push(format!("{word} = {}", synonyms.join(" ")));
        }
    }
    let query = query.into_iter().map(|gram| WeightedGram { text: gram.text.into_owned(), weight: gram.weight });
    (query.collect(), used)
}

/// Drops the grams that tell least, and keeps the order of the others.
fn keep_rare(query: &mut Vec<QueryGram<'_>>, num_phrasings: usize) {
    let common = (COMMON_SHARE * num_phrasings as f32).max(FEW_PHRASINGS);
    // What stands nowhere costs nothing.
    let mut known: Vec<u32> = query.iter().map(|gram| gram.frequency).filter(|frequency| *frequency > 0).collect();
    known.sort_unstable();
    let num_rare = known.partition_point(|frequency| *frequency as f32 <= common);
    let num_kept = num_rare.clamp(LEAST_QUERY_GRAMS, QUERY_GRAMS);
    let Some(bound) = num_kept.checked_sub(1).and_then(|last| known.get(last).copied()) else { return };
    // Of grams as common as the last one kept, the first ones stay.
    let num_rarer = known.partition_point(|frequency| *frequency < bound);
    let mut num_at_bound = num_kept - num_rarer;
    query.retain(|gram| {
        if gram.frequency < bound {
            return true;
        }
        let is_kept = gram.frequency == bound && num_at_bound > 0;
        num_at_bound -= usize::from(is_kept);
        is_kept
    });
}

fn group(base: &Base, hits: &[Hit], visibility: Visibility) -> Retrieved {
    // They are few, so a walk over the list is faster than a map.
    let mut places: Vec<(ArticleNo, Option<usize>)> = Vec::with_capacity(2 * ARTICLE_LIMIT);
    let mut retrieved = Retrieved::default();
    for hit in hits {
        let known = places.iter().find(|(no, _)| *no == hit.article).map(|(_, place)| *place);
        // Beyond the limit no further article is looked at, dropped or not.
        if known.is_none() && retrieved.found.len() >= ARTICLE_LIMIT {
            continue;
        }
        let place = known.unwrap_or_else(|| {
            let place = take_up(base, hit.article, visibility, &mut retrieved);
            places.push((hit.article, place));
            place
        });
        if let Some(place) = place {
            let found = &mut retrieved.found[place];
            if found.phrasings.len() < PHRASINGS_PER_ARTICLE {
                found.phrasings.push((hit.phrasing_idx, hit.score));
            }
        }
    }
    retrieved
}

/// Adds an article to what was found, or to what was dropped; returns its place among the found.
fn take_up(base: &Base, no: ArticleNo, visibility: Visibility, retrieved: &mut Retrieved) -> Option<usize> {
    let article = base.snapshot.table.article(no)?;
    if let Some(why) = dropped(article, visibility) {
        retrieved.dropped.push((name_of(base, article), why));
        return None;
    }
    retrieved.found.push(Found { article: Arc::clone(article), phrasings: Vec::with_capacity(PHRASINGS_PER_ARTICLE) });
    Some(retrieved.found.len() - 1)
}

/// Tells whether an article may be shown.
pub(super) fn is_visible(article: &IndexedArticle, visibility: Visibility) -> bool {
    dropped(article, visibility).is_none()
}

fn dropped(article: &IndexedArticle, visibility: Visibility) -> Option<Dropped> {
    let article = &article.article;
    if article.state != ArticleState::Active {
        Some(Dropped::State)
    } else if !article.is_valid_at(visibility.now) {
        Some(Dropped::Validity)
    } else if !article.channels.is_empty() && !article.channels.contains(&visibility.channel) {
        Some(Dropped::Channel)
    } else if !article.audiences.is_empty() && !article.audiences.contains(&visibility.audience) {
        Some(Dropped::Audience)
    } else {
        None
    }
}

fn name_of(base: &Base, article: &IndexedArticle) -> String {
    format!("knowledgeBases/{}/articles/{}", base.record.id, article.article.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(frequencies: &[u32], num_phrasings: usize, kept: &[u32]) {
        let gram = |(hash, frequency): (usize, &u32)| QueryGram {
            text: Cow::Borrowed(""),
            hash: hash as u64,
            weight: 1.0,
            frequency: *frequency,
        };
        let mut query: Vec<QueryGram<'_>> = frequencies.iter().enumerate().map(gram).collect();
        keep_rare(&mut query, num_phrasings);
        assert_eq!(query.iter().map(|gram| gram.frequency).collect::<Vec<_>>(), kept);
    }

    #[test]
    fn common_grams_give_way_to_rare_ones() {
        check(&[], 0, &[]);
        check(&[1, 1, 0, 1], 1, &[1, 1, 0, 1]);
        // All are common, and ten stay.
        check(&[900; 12], 1_000, &[900; 10]);
        check(&[5, 900, 5, 900, 5, 5, 5, 5, 5, 5, 5, 5, 0], 1_000, &[5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0]);
        check(&[7; 40], 1_000, &[7; 28]);
    }
}
