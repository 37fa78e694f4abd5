//! How much of the information of one text another says in like words: 退钱 for 退款. Pure.
//!
//! Each gram of one side looks for the gram of the other that its vector is nearest to; a gram that the other side holds
//! finds itself. What a mean of vectors blurs, one telling word without any match, stands out here. Must not know
//! articles.

use crate::{
    model::{Encoder, Unit},
    text::Gram,
};

/// A text's grams, sorted by hash, with what each tells and where its vector points.
pub(super) struct Units<'a> {
    encoder: &'a Encoder,
    units: Vec<Option<Unit<'a>>>,
}

/// What two texts say in like words, each share from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Likeness {
    /// Of the information of the message.
    pub message: f32,
    /// Of that of the phrasing.
    pub phrasing: f32,
    /// What the most telling gram of the message lacks, in units of idf.
    pub heaviest_missing: f32,
}

impl<'a> Units<'a> {
    /// Looks the grams of the message up.
    pub fn of(encoder: &'a Encoder, message: &[(Gram, f32)]) -> Self {
        Self { encoder, units: message.iter().map(|(gram, _)| encoder.unit(gram.hash)).collect() }
    }

    /// Compares the message, whose grams these are, with a phrasing whose grams tell so much together. Grams that both hold
    /// find themselves and are nobody else's.
    pub fn likeness(
        &self,
        message: &[(Gram, f32)],
        (phrasing, their_total): (&[Gram], f32),
        idf_of: impl Fn(u64) -> f32,
    ) -> Likeness {
        let (mut total, mut found, mut heaviest_missing) = (0.0, 0.0, 0.0f32);
        let mut their_found = 0.0;
        // What only the phrasing holds: where it points, what it tells, the best cosine so far.
        let (mut theirs, mut idfs) = (Vec::with_capacity(phrasing.len()), Vec::with_capacity(phrasing.len()));
        let mut ours = message.iter().peekable();
        for hash in phrasing.iter().map(|gram| gram.hash) {
            while ours.next_if(|(our, _)| our.hash < hash).is_some() {}
            if let Some((_, idf)) = ours.next_if(|(our, _)| our.hash == hash) {
                their_found += idf;
            } else if let Some(unit) = self.encoder.unit(hash) {
                theirs.push(unit);
                idfs.push(idf_of(hash));
            }
        }
        let mut bests = vec![0.0f32; theirs.len()];
        let mut others = phrasing.iter().map(|gram| gram.hash).peekable();
        for ((gram, idf), unit) in message.iter().zip(&self.units) {
            total += idf;
            while others.next_if(|other| *other < gram.hash).is_some() {}
            if others.peek() == Some(&gram.hash) {
                found += idf;
                continue;
            }
            let mut best = 0.0f32;
            if let Some(unit) = unit {
                let mut their_bests = bests.iter_mut();
                unit.cosines(&theirs, |cosine| {
                    best = best.max(cosine);
                    if let Some(their_best) = their_bests.next() {
                        *their_best = their_best.max(cosine);
                    }
                });
            }
            found += idf * best;
            heaviest_missing = heaviest_missing.max(idf * (1.0 - best));
        }
        their_found += idfs.iter().zip(&bests).map(|(idf, best)| idf * best).sum::<f32>();
        let share = |part: f32, whole: f32| if whole > 0.0 { part / whole } else { 0.0 };
        Likeness { message: share(found, total), phrasing: share(their_found, their_total), heaviest_missing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{gram_hash, grams};

    /// 款 and 钱 point the same way, 衣 elsewhere; nobody knows 甲.
    fn encoder() -> Encoder {
        let rows = [("款", [1.0, 0.0]), ("钱", [1.0, 0.1]), ("衣", [0.0, 1.0]), ("退", [0.5, 0.5])];
        Encoder::of_units(&rows.map(|(unit, row)| (unit, row.to_vec())))
    }

    fn grams_of(text: &str) -> Vec<Gram> {
        let mut found: Vec<Gram> = grams(text).map(|gram| Gram { hash: gram_hash(gram), num_chars: 1 }).collect();
        found.sort_unstable_by_key(|gram| gram.hash);
        found
    }

    fn check(message: &str, phrasing: &str, wanted: impl Fn(Likeness) -> bool) {
        let encoder = encoder();
        let message: Vec<(Gram, f32)> = grams_of(message).into_iter().map(|gram| (gram, 1.0)).collect();
        let phrasing = grams_of(phrasing);
        let told = (&*phrasing, phrasing.len() as f32);
        let likeness = Units::of(&encoder, &message).likeness(&message, told, |_| 1.0);
        assert!(wanted(likeness), "{likeness:?}");
    }

    #[test]
    fn like_words_are_found_and_others_are_missing() {
        check("款", "款", |like| (like.message - 1.0).abs() < 1e-6 && like.heaviest_missing < 1e-6);
        check("款", "钱", |like| like.message > 0.95 && like.phrasing > 0.95);
        check("款", "衣", |like| like.message < 0.05 && like.heaviest_missing > 0.95);
        check("款", "甲", |like| like.message == 0.0);
        // The one that both hold is nobody else's.
        check("款 钱", "钱 衣", |like| like.message < 0.6);
        check("", "款", |like| like == Likeness::default());
    }
}
