//! Labelled rows, read and made into examples.
//!
//! With `own_rows` the only files of training that read data files. Must not know the network. Invariants: a wrong label
//! is an error that names file and line; rows of one group are never split, and which side a group falls on depends on
//! its name and the seed alone; a row teaches a head only where it has a label for it.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::domain::{DOMAINS, InquiryType, Sentiment, Urgency};
use crate::model::ModelError;
use crate::model::heads::{Head, Layout};
use crate::model::label_set::Domains;
use crate::text::{Segmenter, Word, gram_hash, normalize};

/// A labelled message; a label is none where nobody gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// As the customer wrote it.
    pub text: String,
    /// Rows that paraphrase one another share it.
    pub group: String,
    /// The primary type.
    pub inquiry_type: Option<InquiryType>,
    /// A second type that is really there too.
    pub second_type: Option<InquiryType>,
    /// How soon a person must act.
    pub urgency: Option<Urgency>,
    /// One of the domains that are learned.
    pub domain: Option<String>,
    /// The tone of the words.
    pub sentiment: Option<Sentiment>,
}

/// A phrasing of an article: its domain is known, the rest is likely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhrasingRow {
    /// As an editor wrote it.
    pub text: String,
    /// One of the domains that are learned.
    pub domain: String,
}

/// A text with what each output should say of it, and how much each head should learn from it.
#[derive(Clone, Debug)]
pub(super) struct Example {
    pub text: String,
    pub words: Vec<Word>,
    pub targets: Vec<f32>,
    pub weights: [f32; Head::ALL.len()],
}

/// How much of the type's probability a second type takes.
const SECOND_TYPE_SHARE: f32 = 0.2;
/// What a phrasing teaches each head: its domain alone.
const PHRASING_WEIGHTS: [f32; Head::ALL.len()] = [0.0, 0.0, 0.5, 0.0, 0.0];

#[derive(Deserialize)]
struct StoredRow {
    text: String,
    #[serde(rename = "type")]
    inquiry_type: String,
    second_type: Option<String>,
    urgency: String,
    domain: String,
    sentiment: String,
    group: String,
}

#[derive(Deserialize)]
struct StoredArticle {
    standard_question: String,
    #[serde(default)]
    similar_questions: Vec<String>,
    domain: String,
}

/// Reads labelled messages, one JSON object a line; fails where a line is malformed or a label unknown.
pub fn read_messages(path: &Path) -> Result<Vec<Row>, ModelError> {
    read_lines(path, |stored: StoredRow| {
        let second_type = match &stored.second_type {
            Some(label) => Some(known("second_type", label, InquiryType::from_label(label))?),
            None => None,
        };
        Ok(vec![Row {
            inquiry_type: Some(known("type", &stored.inquiry_type, InquiryType::from_label(&stored.inquiry_type))?),
            second_type,
            urgency: Some(known("urgency", &stored.urgency, Urgency::from_label(&stored.urgency))?),
            sentiment: Some(known("sentiment", &stored.sentiment, Sentiment::from_label(&stored.sentiment))?),
            domain: Some(known_domain(stored.domain)?),
            text: stored.text,
            group: stored.group,
        }])
    })
}

/// Reads the phrasings of a knowledge base's `articles.jsonl`; fails where a line is malformed or a domain unknown.
pub fn read_phrasings(path: &Path) -> Result<Vec<PhrasingRow>, ModelError> {
    read_lines(path, |article: StoredArticle| {
        let domain = known_domain(article.domain)?;
        let texts = std::iter::once(article.standard_question).chain(article.similar_questions);
        Ok(texts.map(|text| PhrasingRow { text, domain: domain.clone() }).collect())
    })
}

fn read_lines<S: for<'de> Deserialize<'de>, R>(
    path: &Path,
    convert: impl Fn(S) -> Result<Vec<R>, String>,
) -> Result<Vec<R>, ModelError> {
    let text = fs::read_to_string(path).map_err(|source| ModelError::File { path: path.to_owned(), source })?;
    let mut rows = Vec::new();
    for (line_idx, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |reason: String| ModelError::Row { path: path.to_owned(), line: line_idx + 1, reason };
        let stored: S = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        rows.extend(convert(stored).map_err(wrong)?);
    }
    Ok(rows)
}

fn known<L>(field: &str, label: &str, found: Option<L>) -> Result<L, String> {
    found.ok_or_else(|| format!("{field} has no label {label:?}"))
}

fn known_domain(domain: String) -> Result<String, String> {
    if DOMAINS.contains(&domain.as_str()) { Ok(domain) } else { Err(format!("domain has no label {domain:?}")) }
}

/// Splits rows by group into those to learn from and one part in `num_parts` to measure on.
pub(super) fn split(rows: &[Row], num_parts: u64, seed: u64) -> (Vec<Row>, Vec<Row>) {
    let is_held_out = |row: &Row| {
        let drawn = fastrand::Rng::with_seed(gram_hash(&row.group) ^ seed).u64(..num_parts);
        drawn == 0
    };
    rows.iter().cloned().partition(|row| !is_held_out(row))
}

impl Row {
    /// Returns the index of the gold label of an exclusive head, that of the type for the others; none where nobody gave
    /// it. A domain that is not learned is `other`.
    pub fn gold(&self, head: Head, domains: &Domains) -> Option<usize> {
        match head {
            Head::Type | Head::Presence => self.inquiry_type.and_then(|label| index_of(InquiryType::ALL, label)),
            Head::Urgency => self.urgency.and_then(|label| index_of(Urgency::ALL, label)),
            Head::Domain => self.domain.as_deref().map(|name| place_of(name, domains)),
            Head::Sentiment => self.sentiment.and_then(|label| index_of(Sentiment::ALL, label)),
        }
    }

    /// Returns the index of the second type.
    pub fn gold_second(&self) -> Option<usize> {
        self.second_type.and_then(|label| index_of(InquiryType::ALL, label))
    }
}

fn index_of<L: PartialEq>(labels: &[L], label: L) -> Option<usize> {
    labels.iter().position(|known| *known == label)
}

fn place_of(name: &str, domains: &Domains) -> usize {
    domains.lookup(name).unwrap_or(domains.other())
}

impl Example {
    /// Makes the example of a labelled message.
    pub fn of_row(row: &Row, domains: &Domains, segmenter: &Segmenter) -> Self {
        let layout = Layout::new(domains.as_slice().len());
        let (mut targets, mut weights) = (vec![0.0; layout.num_outputs()], [0.0; Head::ALL.len()]);
        for (head_idx, head) in Head::ALL.into_iter().enumerate() {
            if let Some(label) = row.gold(head, domains) {
                targets[layout.range(head)][label] = 1.0;
                weights[head_idx] = 1.0;
            }
        }
        if let (Some(first), Some(second)) = (row.gold(Head::Type, domains), row.gold_second()) {
            let types = &mut targets[layout.range(Head::Type)];
            types[first] -= SECOND_TYPE_SHARE;
            types[second] += SECOND_TYPE_SHARE;
            targets[layout.range(Head::Presence)][second] = 1.0;
        }
        Self::new(&row.text, targets, weights, segmenter)
    }

    /// Makes the example of a phrasing.
    pub fn of_phrasing(row: &PhrasingRow, domains: &Domains, segmenter: &Segmenter) -> Self {
        let layout = Layout::new(domains.as_slice().len());
        let mut targets = vec![0.0; layout.num_outputs()];
        targets[layout.range(Head::Domain)][place_of(&row.domain, domains)] = 1.0;
        Self::new(&row.text, targets, PHRASING_WEIGHTS, segmenter)
    }

    fn new(text: &str, targets: Vec<f32>, weights: [f32; Head::ALL.len()], segmenter: &Segmenter) -> Self {
        let text = normalize(text).as_str().to_owned();
        let words = segmenter.words(&text);
        Self { text, words, targets, weights }
    }

    /// Returns the example with a slip of the keyboard: a character lost, doubled or swapped with its neighbor.
    pub fn with_slip(&self, rng: &mut fastrand::Rng, segmenter: &Segmenter) -> Self {
        let mut chars: Vec<char> = self.text.chars().collect();
        if chars.len() < 4 {
            return self.clone();
        }
        let at = rng.usize(..chars.len() - 1);
        match rng.u8(..4) {
            0 => chars.swap(at, at + 1),
            1 => chars.insert(at, chars[at]),
            _ => {
                chars.remove(at);
            }
        }
        let text: String = chars.into_iter().collect();
        Self { words: segmenter.words(&text), text, ..self.clone() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Makes a row of one group per text.
    pub fn row(text: &str, inquiry_type: InquiryType, domain: &str) -> Row {
        Row {
            text: text.to_owned(),
            group: text.to_owned(),
            inquiry_type: Some(inquiry_type),
            second_type: None,
            urgency: Some(Urgency::Normal),
            domain: Some(domain.to_owned()),
            sentiment: Some(Sentiment::Neutral),
        }
    }

    fn check_line(line: &str, expected: Result<usize, &str>) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("rows.jsonl");
        fs::write(&path, format!("\n{line}\n")).expect("a writable folder");
        match (read_messages(&path), expected) {
            (Ok(rows), Ok(num_rows)) => assert_eq!(rows.len(), num_rows),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, _) => panic!("{found:?} for {line}"),
        }
    }

    #[test]
    fn lines_are_read_or_named() {
        let line = |kind: &str, domain: &str| {
            format!(
                r#"{{"text":"在吗","type":"{kind}","urgency":"normal","domain":"{domain}","sentiment":"neutral","group":"g"}}"#
            )
        };
        check_line(&line("other", "other"), Ok(1));
        check_line(&line("praise", "other"), Err("rows.jsonl line 2: type has no label \"praise\""));
        check_line(&line("other", "shop"), Err("domain has no label"));
        check_line("{", Err("line 2"));
    }

    #[test]
    fn groups_stay_together() {
        let mut rows: Vec<Row> = (0..300).map(|i| row(&format!("{i}"), InquiryType::Other, "other")).collect();
        rows.iter_mut().enumerate().for_each(|(i, row)| row.group = format!("g{}", i / 3));
        let (kept, held_out) = split(&rows, 5, 1);
        assert!((30..110).contains(&held_out.len()), "{}", held_out.len());
        assert!(kept.iter().all(|row| held_out.iter().all(|other| other.group != row.group)));
    }

    #[test]
    fn targets_are_shares() {
        let mut row = row("建议退货更快", InquiryType::Complaint, "order");
        row.second_type = Some(InquiryType::Suggestion);
        let domains = Domains::try_new(vec!["order".to_owned(), "other".to_owned()]).expect("a good list");
        let layout = Layout::new(2);
        let example = Example::of_row(&row, &domains, &Segmenter::shared());
        for head in Head::EXCLUSIVE {
            let total: f32 = example.targets[layout.range(head)].iter().sum();
            assert!((total - 1.0).abs() < 1e-5, "{}", head.name());
        }
        assert_eq!(example.targets[layout.range(Head::Presence)], [0.0, 1.0, 1.0, 0.0]);
        assert_eq!(example.weights, [1.0; 5]);
        assert!(example.targets[1] > example.targets[2] && example.targets[2] > 0.0 && example.targets[0] == 0.0);
    }

    #[test]
    fn a_label_that_is_missing_teaches_nothing() {
        let mut row = row("怎么退货", InquiryType::Consultation, "somewhere");
        (row.inquiry_type, row.urgency) = (None, None);
        let domains = Domains::try_new(vec!["other".to_owned(), "order".to_owned()]).expect("a good list");
        let example = Example::of_row(&row, &domains, &Segmenter::shared());
        // In the order of the heads: type, urgency, domain, sentiment, presence.
        assert_eq!(example.weights, [0.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(example.targets[Layout::new(2).range(Head::Domain)], [1.0, 0.0], "an unknown domain is other");
        assert_eq!(row.gold(Head::Urgency, &domains), None);
    }

    #[test]
    fn a_slip_is_small() {
        let segmenter = Segmenter::shared();
        let example =
            Example::of_row(&row("怎么开发票给公司", InquiryType::Other, "other"), &Domains::shipped(), &segmenter);
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..100 {
            let slipped = example.with_slip(&mut rng, &segmenter).text.chars().count();
            assert!((7..=9).contains(&slipped), "{slipped}");
        }
    }
}
