//! The demo knowledge bases that are shipped with the program.

use super::{
    error::{KnowledgeError, Result},
    file::{FileFormat, read_articles},
    profile::{read_lexicon, read_profile},
    service::{Knowledge, Request},
};
use crate::{
    domain::{Article, KnowledgeBase, KnowledgeBaseId, Lexicon},
    store::{ArticleChange, ArticleFilter, StoreError, WriteOp},
};

/// A knowledge base with all it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoBase {
    pub knowledge_base: KnowledgeBase,
    pub lexicon: Lexicon,
    pub articles: Vec<Article>,
}

struct Files {
    id: &'static str,
    profile: &'static str,
    lexicon: &'static str,
    articles: &'static str,
}

macro_rules! files {
    ($id:literal) => {
        Files {
            id: $id,
            profile: include_str!(concat!("../../data/kb/", $id, "/profile.json")),
            lexicon: include_str!(concat!("../../data/kb/", $id, "/lexicon.json")),
            articles: include_str!(concat!("../../data/kb/", $id, "/articles.jsonl")),
        }
    };
}

const FILES: [Files; 4] = [files!("bank"), files!("electronics"), files!("retail"), files!("telecom")];

/// Returns the demo bases, by id.
pub fn bases() -> Vec<DemoBase> {
    FILES.iter().map(|files| read(files).expect("a test reads every file that is shipped")).collect()
}

/// Creates the demo bases that are missing and returns their ids. Where it was cut short before, it goes on: a base that
/// is as it was created and still empty is filled.
pub fn install(knowledge: &Knowledge) -> Result<Vec<KnowledgeBaseId>> {
    let mut installed = Vec::new();
    for base in bases() {
        if begin(knowledge, &base)? {
            fill(knowledge, &base)?;
            installed.push(base.knowledge_base.id);
        }
    }
    Ok(installed)
}

/// Creates the base where it is missing; tells whether it is still to be filled.
fn begin(knowledge: &Knowledge, base: &DemoBase) -> Result<bool> {
    let wanted = &base.knowledge_base;
    let present = match knowledge.knowledge_base(&wanted.id) {
        Ok(present) => present,
        Err(KnowledgeError::Store(StoreError::NotFound { .. })) => {
            knowledge.create_knowledge_base(&Request::default(), wanted.clone(), false)?;
            return Ok(true);
        }
        Err(error) => return Err(error),
    };
    let is_ours = present.display_name == wanted.display_name && present.policy == wanted.policy;
    let articles = knowledge.store().articles(&wanted.id, &ArticleFilter::default(), None, 1)?;
    Ok(is_ours && articles.total == 0)
}

/// The articles come last: while there are none, the base is known to be unfinished.
fn fill(knowledge: &Knowledge, base: &DemoBase) -> Result<()> {
    let id = &base.knowledge_base.id;
    let write = |op| knowledge.write(&Request::default(), id, op, String::new());
    let lexicon = knowledge.store().lexicon(id)?;
    if lexicon.published.version == 0 {
        write(WriteOp::SaveLexiconDraft {
            knowledge_base: id.clone(),
            draft: base.lexicon.clone(),
            expected: lexicon.draft_revision,
        })?;
        knowledge.publish_lexicon(&Request::default(), id, false)?;
    }
    let changes = base.articles.iter().map(|article| ArticleChange::Upsert(Box::new(article.clone()))).collect();
    write(WriteOp::ChangeArticles { knowledge_base: id.clone(), changes })?;
    Ok(())
}

fn read(files: &Files) -> Result<DemoBase> {
    let id = KnowledgeBaseId::try_new(files.id).map_err(|source| malformed(Box::new(source)))?;
    let rows = read_articles(FileFormat::Jsonl, files.articles.as_bytes())?;
    let articles: Result<Vec<Article>> = rows
        .into_iter()
        .map(|row| row.article.map_err(|error| malformed(format!("line {}: {error}", row.line).into())))
        .collect();
    Ok(DemoBase {
        knowledge_base: read_profile(id, files.profile)?,
        lexicon: read_lexicon(files.lexicon)?,
        articles: articles?,
    })
}

fn malformed(source: Box<dyn std::error::Error + Send + Sync>) -> KnowledgeError {
    KnowledgeError::Malformed { what: "demo knowledge base", source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_shipped_is_good() {
        for files in &FILES {
            let base = read(files)
                .unwrap_or_else(|error| panic!("{}: {error}: {:?}", files.id, std::error::Error::source(&error)));
            assert_eq!(base.articles.len(), 80, "{}", files.id);
            crate::text::Overlay::build(&base.lexicon.terms, &base.lexicon.synonym_sets).expect(files.id);
            let ids: Vec<&str> = base.articles.iter().map(|article| article.id.as_str()).collect();
            for id in &base.knowledge_base.policy.opening_questions {
                assert!(ids.contains(&id.as_str()), "{}: {id}", files.id);
            }
            for article in &base.articles {
                for id in &article.follow_up_questions {
                    assert!(ids.contains(&id.as_str()), "{}: {}", files.id, article.id);
                }
            }
        }
    }
}
