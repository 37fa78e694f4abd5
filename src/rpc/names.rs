//! Resource names: `knowledgeBases/{knowledge_base}/articles/{article}` and the like.
//!
//! The one place where names are read and written. Pure; must not know whether what is named exists. Invariant: what one
//! function writes its twin reads. To add a resource: a form, a reader, a writer, a row in the test.

use std::fmt;

use crate::domain::{ArticleId, BundleId, KnowledgeBaseId};

const BASE: &str = "knowledgeBases/{knowledge_base}";
const ARTICLE: &str = "knowledgeBases/{knowledge_base}/articles/{article}";
const RECORD: &str = "knowledgeBases/{knowledge_base}/answerRecords/{answer_record}";
const TERM: &str = "knowledgeBases/{knowledge_base}/terms/{text}";
const SYNONYM_SET: &str = "knowledgeBases/{knowledge_base}/synonymSets/{synonym_set}";
const RULE: &str = "knowledgeBases/{knowledge_base}/rules/{rule}";
const BUNDLE: &str = "bundles/{bundle}/versions/{version}";
const MAX_RECORD_CHARS: usize = 128;

/// A name that does not have the form it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NameError {
    form: &'static str,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must have the form {}, ids being 1 to 63 of a-z, 0-9 and '-'", self.form)
    }
}

impl std::error::Error for NameError {}

type Result<T> = std::result::Result<T, NameError>;

/// Reads `knowledgeBases/{knowledge_base}`.
pub(crate) fn knowledge_base(name: &str) -> Result<KnowledgeBaseId> {
    let id = name.strip_prefix("knowledgeBases/").and_then(|id| KnowledgeBaseId::try_new(id).ok());
    id.ok_or(NameError { form: BASE })
}

/// Reads `knowledgeBases/{knowledge_base}/articles/{article}`.
pub(crate) fn article(name: &str) -> Result<(KnowledgeBaseId, ArticleId)> {
    let (base, id) = child(name, "articles", ARTICLE)?;
    Ok((base, ArticleId::try_new(id).map_err(|_| NameError { form: ARTICLE })?))
}

/// Reads `knowledgeBases/{knowledge_base}/answerRecords/{answer_record}`.
pub(crate) fn answer_record(name: &str) -> Result<(KnowledgeBaseId, String)> {
    let (base, id) = child(name, "answerRecords", RECORD)?;
    let is_id = id.len() <= MAX_RECORD_CHARS && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_id { Ok((base, id.to_owned())) } else { Err(NameError { form: RECORD }) }
}

/// Reads `knowledgeBases/{knowledge_base}/terms/{text}`; the text may hold anything, a slash too.
pub(crate) fn term(name: &str) -> Result<(KnowledgeBaseId, String)> {
    child(name, "terms", TERM).map(|(base, text)| (base, text.to_owned()))
}

/// Reads `knowledgeBases/{knowledge_base}/synonymSets/{synonym_set}`.
pub(crate) fn synonym_set(name: &str) -> Result<(KnowledgeBaseId, String)> {
    let (base, id) = child(name, "synonymSets", SYNONYM_SET)?;
    if id.contains('/') { Err(NameError { form: SYNONYM_SET }) } else { Ok((base, id.to_owned())) }
}

/// Reads `knowledgeBases/{knowledge_base}/rules/{rule}`.
pub(crate) fn rule(name: &str) -> Result<(KnowledgeBaseId, String)> {
    let (base, id) = child(name, "rules", RULE)?;
    if id.contains('/') { Err(NameError { form: RULE }) } else { Ok((base, id.to_owned())) }
}

/// Reads `bundles/{bundle}/versions/{version}`.
pub(crate) fn bundle(name: &str) -> Result<BundleId> {
    let parts = name.strip_prefix("bundles/").and_then(|rest| rest.split_once("/versions/"));
    let id = parts.and_then(|(bundle, version)| BundleId::try_new(bundle, version).ok());
    id.ok_or(NameError { form: BUNDLE })
}

/// Writes the name of a bundle.
pub(crate) fn of_bundle(id: &BundleId) -> String {
    format!("bundles/{}/versions/{}", id.name(), id.version())
}

/// Writes the name of a knowledge base.
pub(crate) fn of_knowledge_base(base: &KnowledgeBaseId) -> String {
    format!("knowledgeBases/{base}")
}

/// Writes the name of an article.
pub(crate) fn of_article(base: &KnowledgeBaseId, id: &ArticleId) -> String {
    format!("knowledgeBases/{base}/articles/{id}")
}

/// Writes the name of anything else within a knowledge base, such as `terms` or `feedback`.
pub(crate) fn of_child(base: &KnowledgeBaseId, collection: &str, id: &str) -> String {
    format!("knowledgeBases/{base}/{collection}/{id}")
}

fn child<'n>(name: &'n str, collection: &str, form: &'static str) -> Result<(KnowledgeBaseId, &'n str)> {
    let wrong = NameError { form };
    let mut parts = name.splitn(4, '/');
    let (Some("knowledgeBases"), Some(base), Some(found), Some(id)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong);
    };
    if found != collection || id.is_empty() {
        return Err(wrong);
    }
    Ok((KnowledgeBaseId::try_new(base).map_err(|_| wrong)?, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> KnowledgeBaseId {
        KnowledgeBaseId::try_new("retail").expect("an id")
    }

    #[test]
    fn what_is_written_is_read() {
        let id = ArticleId::try_new("refund-time").expect("an id");
        assert_eq!(knowledge_base(&of_knowledge_base(&base())), Ok(base()));
        assert_eq!(article(&of_article(&base(), &id)), Ok((base(), id)));
        assert_eq!(answer_record(&of_child(&base(), "answerRecords", "0f_A-9")), Ok((base(), "0f_A-9".to_owned())));
        assert_eq!(term(&of_child(&base(), "terms", "运费险 a/b")), Ok((base(), "运费险 a/b".to_owned())));
        assert_eq!(synonym_set(&of_child(&base(), "synonymSets", "refund")), Ok((base(), "refund".to_owned())));
        assert_eq!(rule(&of_child(&base(), "rules", "fire")), Ok((base(), "fire".to_owned())));
        let id = BundleId::try_new("acme", "2").expect("an id");
        assert_eq!(bundle(&of_bundle(&id)), Ok(id));
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in ["", "retail", "knowledgeBases/", "knowledgeBases/A", "knowledgeBases/a/", "knowledgebases/a"] {
            assert!(knowledge_base(bad).is_err(), "{bad}");
        }
        for bad in
            ["acme/1", "bundles/acme", "bundles/acme/versions/", "bundles/../versions/1", "bundles/a/versions/1/2"]
        {
            assert!(bundle(bad).is_err(), "{bad}");
        }
        for bad in [
            "knowledgeBases/retail",
            "knowledgeBases/retail/articles",
            "knowledgeBases/retail/articles/",
            "knowledgeBases/retail/articles/a/b",
            "knowledgeBases/retail/articles/A",
            "knowledgeBases/RETAIL/articles/a",
            "knowledgeBases/retail/terms/a",
            "/knowledgeBases/retail/articles/a",
        ] {
            let error = article(bad).expect_err(bad);
            assert!(error.to_string().contains(ARTICLE), "{error}");
        }
        assert!(answer_record("knowledgeBases/retail/answerRecords/a/b").is_err());
        assert!(answer_record(&format!("knowledgeBases/retail/answerRecords/{}", "a".repeat(129))).is_err());
        assert!(synonym_set("knowledgeBases/retail/synonymSets/a/b").is_err());
        assert!(rule("knowledgeBases/retail/rules/a/b").is_err() && rule("serverRules/safety.fire").is_err());
        assert!(term("knowledgeBases/retail/terms/").is_err());
    }
}
