//! The labels a bundle knows: types, urgencies and sentiments are this program's, the domains are the bundle's own.
//!
//! Must not know weights or files. Invariants: a list of domains holds 2 to [`MAX_DOMAINS`] names of one form, none twice,
//! and `other`, which stands for whatever belongs to none; the order is that of the outputs.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::heads::MAX_DOMAINS;
use crate::domain::{DOMAINS, Domain, InquiryType, Sentiment, Urgency};

const MAX_NAME_BYTES: usize = 63;

/// A label set that cannot be used; says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelError(String);

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LabelError {}

/// The domains of a bundle, in the order of its outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Domains {
    names: Vec<String>,
    /// Where `other` stands.
    other: usize,
}

impl Domains {
    /// Checks a list; fails where it is too short or too long, holds a name of another form or one twice, or lacks
    /// `other`.
    pub fn try_new(names: Vec<String>) -> Result<Self, LabelError> {
        if !(2..=MAX_DOMAINS).contains(&names.len()) {
            return Err(LabelError(format!("{} domains are given, 2 to {MAX_DOMAINS} are allowed", names.len())));
        }
        let mut seen = HashSet::new();
        for name in &names {
            check_name(name)?;
            if !seen.insert(name.as_str()) {
                return Err(LabelError(format!("domain {name:?} stands twice")));
            }
        }
        let other = names.iter().position(|name| name == Domain::OTHER).ok_or_else(|| {
            LabelError(format!("domain {:?} is missing, it stands for whatever belongs to none", Domain::OTHER))
        })?;
        Ok(Self { names, other })
    }

    /// Returns the domains of the shipped label set.
    pub fn shipped() -> Self {
        let names: Vec<String> = DOMAINS.iter().map(|name| (*name).to_owned()).collect();
        Self { other: names.iter().position(|name| name == Domain::OTHER).unwrap_or(0), names }
    }

    /// Returns the names in the order of the outputs.
    pub fn as_slice(&self) -> &[String] {
        &self.names
    }

    /// Returns the place of `other`.
    pub fn other(&self) -> usize {
        self.other
    }

    /// Looks up the place of a name.
    pub fn lookup(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}

/// Checks the form of a domain's name.
pub(in crate::model) fn check_name(name: &str) -> Result<(), LabelError> {
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let is_good = (1..=MAX_NAME_BYTES).contains(&bytes.len())
        && bytes.iter().all(|byte| is_plain(byte) || matches!(byte, b'-' | b'_'))
        && bytes.first().is_some_and(is_plain)
        && bytes.last().is_some_and(is_plain);
    if is_good {
        return Ok(());
    }
    let allowed = format!("1 to {MAX_NAME_BYTES} of a-z, 0-9, '-' and '_', the first and last a letter or digit");
    Err(LabelError(format!("domain {name:?} must be {allowed}")))
}

impl TryFrom<Vec<String>> for Domains {
    type Error = LabelError;

    fn try_from(names: Vec<String>) -> Result<Self, LabelError> {
        Self::try_new(names)
    }
}

impl From<Domains> for Vec<String> {
    fn from(domains: Domains) -> Self {
        domains.names
    }
}

/// The labels a bundle knows, in the order of its outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelSet {
    /// What the customer wants.
    pub types: Vec<String>,
    /// How soon a person must act.
    pub urgencies: Vec<String>,
    /// Which part of the business.
    pub domains: Domains,
    /// The tone.
    pub sentiments: Vec<String>,
}

impl LabelSet {
    /// Returns the label set of a bundle with these domains.
    pub fn of(domains: Domains) -> Self {
        Self {
            types: InquiryType::ALL.iter().map(|label| label.as_str().to_owned()).collect(),
            urgencies: Urgency::ALL.iter().map(|label| label.as_str().to_owned()).collect(),
            domains,
            sentiments: Sentiment::ALL.iter().map(|label| label.as_str().to_owned()).collect(),
        }
    }

    /// Returns the label set that ships with this program.
    pub fn shipped() -> Self {
        Self::of(Domains::shipped())
    }

    /// Checks the lists that this program fixes; fails where one of them is another.
    pub fn check(&self) -> Result<(), LabelError> {
        let known = Self::of(self.domains.clone());
        let lists = [
            ("types", &self.types, &known.types),
            ("urgencies", &self.urgencies, &known.urgencies),
            ("sentiments", &self.sentiments, &known.sentiments),
        ];
        match lists.into_iter().find(|(_, found, wanted)| found != wanted) {
            None => Ok(()),
            Some((name, _, wanted)) => {
                Err(LabelError(format!("{name} of the label set must be {}", wanted.join(", "))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: Result<usize, &str>) {
        let given = names.iter().map(|name| (*name).to_owned()).collect();
        match (Domains::try_new(given), expected) {
            (Ok(domains), Ok(other)) => assert_eq!(domains.other(), other, "{names:?}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, _) => panic!("{found:?} for {names:?}"),
        }
    }

    #[test]
    fn lists_are_checked_or_refused_by_reason() {
        check(&["other", "visa"], Ok(0));
        check(&["visa", "other", "tax-2_b"], Ok(1));
        check(&["visa", "tax"], Err("\"other\" is missing"));
        check(&["other"], Err("1 domains are given, 2 to 64"));
        check(&["visa", "visa", "other"], Err("\"visa\" stands twice"));
        for bad in ["", "Visa", "签证", "a b", "-a", "a_", "../a", &"a".repeat(64)] {
            check(&[bad, "other"], Err("must be 1 to 63 of a-z"));
        }
        let many: Vec<String> = (0..64).map(|n| format!("d{n}")).chain(["other".to_owned()]).collect();
        check(&many.iter().map(String::as_str).collect::<Vec<_>>(), Err("65 domains"));
        check(&many[1..].iter().map(String::as_str).collect::<Vec<_>>(), Ok(63));
    }

    #[test]
    fn only_domains_may_differ() {
        let own = Domains::try_new(vec!["visa".to_owned(), "other".to_owned()]).expect("a good list");
        assert_eq!(LabelSet::of(own.clone()).check(), Ok(()));
        let mut wrong = LabelSet::of(own);
        wrong.urgencies.swap(0, 1);
        assert!(wrong.check().expect_err("another order").to_string().contains("urgencies"));
        assert_eq!(LabelSet::shipped().domains.as_slice(), DOMAINS);
    }
}
