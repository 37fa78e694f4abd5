//! Identifiers, each its own type so that one is never passed for another.

use std::fmt;

/// An identifier that does not have the allowed form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdError {
    /// The text as given.
    pub given: String,
    /// What is allowed, in words.
    pub allowed: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not an identifier: allowed are {}", self.given, self.allowed)
    }
}

impl std::error::Error for IdError {}

const ALLOWED: &str = "1 to 63 characters of a-z, 0-9 and '-', the first and last not '-'";

fn check(given: &str) -> Result<(), IdError> {
    let bytes = given.as_bytes();
    let is_plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let good = matches!(bytes.len(), 1..=63)
        && bytes.iter().all(|b| is_plain(b) || *b == b'-')
        && bytes.first().is_some_and(is_plain)
        && bytes.last().is_some_and(is_plain);
    if good { Ok(()) } else { Err(IdError { given: given.to_owned(), allowed: ALLOWED }) }
}

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks the form; fails when a character or the length is not allowed.
            pub fn try_new(given: impl Into<String>) -> Result<Self, IdError> {
                let given = given.into();
                check(&given)?;
                Ok(Self(given))
            }

            /// Returns the identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

string_id! {
    /// Names a knowledge base, the unit of isolation: `knowledgeBases/{this}`.
    KnowledgeBaseId
}

string_id! {
    /// Names an article within its knowledge base: `knowledgeBases/{kb}/articles/{this}`.
    ArticleId
}

/// Names a model bundle: its folder below the models folder is `{name}/{version}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BundleId {
    name: String,
    version: String,
}

impl BundleId {
    /// Checks both forms; fails when a character or the length is not allowed.
    pub fn try_new(name: impl Into<String>, version: impl Into<String>) -> Result<Self, IdError> {
        let (name, version) = (name.into(), version.into());
        check(&name)?;
        check(&version)?;
        Ok(Self { name, version })
    }

    /// Reads `name/version`; fails where it is of another form.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let given = || IdError { given: text.to_owned(), allowed: "a name and a version, such as yingda-base/1" };
        let (name, version) = text.split_once('/').ok_or_else(given)?;
        Self::try_new(name, version)
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the version.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.version)
    }
}

/// The number the store gives an article for good; the index refers to articles by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArticleNo(pub u64);

/// The count of changes of one knowledge base, from its locked counter row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Revision(pub u64);

/// Names one life of a store; a restored store gets another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoreEpoch(pub String);

/// The version of something two editors can touch; opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Etag(pub String);

impl Etag {
    /// Makes the etag of what was last changed at `revision`.
    pub fn of(revision: Revision) -> Self {
        Self(format!("r{}", revision.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_one_form() {
        for good in ["a", "refund-arrival-time", "x9", &"a".repeat(63)] {
            assert!(ArticleId::try_new(good).is_ok(), "{good}");
        }
        let bundle = BundleId::parse("yingda-base/1").expect("a bundle");
        assert_eq!(
            (bundle.name(), bundle.version(), bundle.to_string().as_str()),
            ("yingda-base", "1", "yingda-base/1")
        );
        for bad in ["", "acme", "acme/", "/1", "../1", "acme/..", "acme/1/2", "acme/./1", "Acme/1", "/etc/passwd"] {
            assert!(BundleId::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "-a", "a-", "A", "退款", "a_b", "a b", &"a".repeat(64)] {
            assert!(KnowledgeBaseId::try_new(bad).is_err(), "{bad}");
        }
    }
}
