//! What editors do with the words of a knowledge base: edits of the draft, and its publication.
//!
//! The draft is one record, read, changed and written back; where somebody else wrote meanwhile the edit is made again
//! on what they left. Words are compared as text is searched: normalized.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    error::{KnowledgeError, Result},
    fields::check_synonym_set_fields,
    page::{Cut, Page, PageRequest, to_hex},
    service::{Knowledge, Request, Saved, check_etag},
    validate::{check_synonym_set, check_term},
};
use crate::{
    domain::{Etag, KnowledgeBaseId, Lexicon, SynonymSet},
    store::{StoreError, WriteOp},
    text::{Overlay, normalize},
};

const DEFAULT_PAGE: usize = 100;
const ETAG_BYTES: usize = 8;

/// A change of a synonym set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynonymSetUpdate {
    pub synonym_set: SynonymSet,
    /// `words` or nothing, which means the same.
    pub fields: Vec<String>,
    /// The etag that was read; none overwrites whatever is there.
    pub etag: Option<Etag>,
}

/// What a publication made the serving lexicon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedLexicon {
    pub version: u64,
    pub num_terms: u64,
    pub num_synonym_sets: u64,
}

/// Returns the etag of a synonym set: a hash of its words.
pub fn synonym_set_etag(set: &SynonymSet) -> Etag {
    let mut hash = Sha256::new();
    for word in &set.words {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    Etag(format!("w{}", to_hex(&hash.finalize()[..ETAG_BYTES])))
}

impl Knowledge {
    /// Puts a term into the draft. Fails with `AlreadyExists` where it, or one that normalizes alike, is there.
    pub fn create_term(&self, request: &Request, parent: &KnowledgeBaseId, text: &str) -> Result<Saved<String>> {
        check_term(text, "text")?;
        let text = text.trim().to_owned();
        let saved = self.edit_draft(request, parent, &|draft| {
            let is_known = draft.terms.iter().any(|term| is_same(term, &text));
            fail_if_known(is_known, "term", &text)?;
            draft.terms.push(text.clone());
            Ok(())
        })?;
        Ok(Saved { value: text, revision: saved.revision, epoch: saved.epoch })
    }

    /// Lists the terms of the draft, by text.
    pub fn list_terms(&self, parent: &KnowledgeBaseId, page: &PageRequest) -> Result<Page<String>> {
        let cut = Cut::try_new(page, DEFAULT_PAGE, &format!("{parent}/terms"))?;
        let mut terms = self.draft(parent)?.terms;
        terms.sort_unstable();
        Ok(cut.page_of(terms, |term| term))
    }

    /// Takes a term out of the draft; fails with `NotFound`.
    pub fn delete_term(&self, request: &Request, parent: &KnowledgeBaseId, text: &str) -> Result<Saved<()>> {
        self.edit_draft(request, parent, &|draft| {
            let place = draft.terms.iter().position(|term| is_same(term, text));
            draft.terms.remove(place.ok_or_else(|| missing("term", text))?);
            Ok(())
        })
    }

    /// Puts a synonym set into the draft. Fails with `AlreadyExists`, and with violations where one of its words is in
    /// another set.
    pub fn create_synonym_set(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        set: SynonymSet,
    ) -> Result<Saved<SynonymSet>> {
        check_synonym_set(&set)?;
        let saved = self.edit_draft(request, parent, &|draft| {
            let is_known = draft.synonym_sets.iter().any(|known| known.id == set.id);
            fail_if_known(is_known, "synonym set", &set.id)?;
            check_apart(draft, &set)?;
            draft.synonym_sets.push(set.clone());
            Ok(())
        })?;
        Ok(Saved { value: set, revision: saved.revision, epoch: saved.epoch })
    }

    /// Gets a synonym set of the draft; fails with `NotFound`.
    pub fn synonym_set(&self, parent: &KnowledgeBaseId, id: &str) -> Result<SynonymSet> {
        let set = self.draft(parent)?.synonym_sets.into_iter().find(|set| set.id == id);
        set.ok_or_else(|| missing("synonym set", id))
    }

    /// Lists the synonym sets of the draft, by id.
    pub fn list_synonym_sets(&self, parent: &KnowledgeBaseId, page: &PageRequest) -> Result<Page<SynonymSet>> {
        let cut = Cut::try_new(page, DEFAULT_PAGE, &format!("{parent}/synonymSets"))?;
        let mut sets = self.draft(parent)?.synonym_sets;
        sets.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(cut.page_of(sets, |set| &set.id))
    }

    /// Overwrites the words of a synonym set of the draft. Fails with `NotFound`, with `Aborted` where the etag is not
    /// the current one, and with violations where one of the words is in another set.
    pub fn update_synonym_set(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        update: SynonymSetUpdate,
    ) -> Result<Saved<SynonymSet>> {
        let SynonymSetUpdate { synonym_set: given, fields, etag } = update;
        check_synonym_set_fields(&fields)?;
        check_synonym_set(&given)?;
        let saved = self.edit_draft(request, parent, &|draft| {
            let place = draft.synonym_sets.iter().position(|known| known.id == given.id);
            let place = place.ok_or_else(|| missing("synonym set", &given.id))?;
            let present = &draft.synonym_sets[place];
            check_etag(etag.as_ref(), &synonym_set_etag(present), ("synonym set", &given.id))?;
            check_apart(draft, &given)?;
            draft.synonym_sets[place] = given.clone();
            Ok(())
        })?;
        Ok(Saved { value: given, revision: saved.revision, epoch: saved.epoch })
    }

    /// Takes a synonym set out of the draft. Fails with `NotFound`, and with `Aborted` where the etag is not the
    /// current one.
    pub fn delete_synonym_set(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        id: &str,
        etag: Option<Etag>,
    ) -> Result<Saved<()>> {
        self.edit_draft(request, parent, &|draft| {
            let place = draft.synonym_sets.iter().position(|known| known.id == id);
            let place = place.ok_or_else(|| missing("synonym set", id))?;
            check_etag(etag.as_ref(), &synonym_set_etag(&draft.synonym_sets[place]), ("synonym set", id))?;
            draft.synonym_sets.remove(place);
            Ok(())
        })
    }

    /// Makes the draft the serving lexicon. Fails where its words do not go together.
    pub fn publish_lexicon(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        validate_only: bool,
    ) -> Result<Saved<PublishedLexicon>> {
        if !validate_only && let Some(written) = self.earlier(request)? {
            return Ok(self.saved(read_payload(&written.payload)?, written.revision));
        }
        self.in_turn(validate_only, || {
            let revision = self.store.knowledge_base(parent)?.revision;
            let lexicon = self.store.lexicon(parent)?;
            Overlay::build(&lexicon.draft.terms, &lexicon.draft.synonym_sets)?;
            let published = PublishedLexicon {
                version: lexicon.published.version + 1,
                num_terms: lexicon.draft.terms.len() as u64,
                num_synonym_sets: lexicon.draft.synonym_sets.len() as u64,
            };
            if validate_only {
                return Ok(self.saved(published, revision));
            }
            let op = WriteOp::PublishLexicon { knowledge_base: parent.clone(), expected: lexicon.draft_revision };
            let payload = serde_json::to_string(&published).expect("three numbers serialize");
            let written = self.write(request, parent, op, payload)?;
            Ok(self.saved(read_payload(&written.payload)?, written.revision))
        })
    }

    fn draft(&self, parent: &KnowledgeBaseId) -> Result<Lexicon> {
        // Of a base that does not exist the store knows an empty lexicon.
        self.store.knowledge_base(parent)?;
        Ok(self.store.lexicon(parent)?.draft)
    }

    fn edit_draft(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        edit: &dyn Fn(&mut Lexicon) -> Result<()>,
    ) -> Result<Saved<()>> {
        if let Some(written) = self.earlier(request)? {
            return Ok(self.saved((), written.revision));
        }
        self.in_turn(false, || {
            self.store.knowledge_base(parent)?;
            let mut lexicon = self.store.lexicon(parent)?;
            edit(&mut lexicon.draft)?;
            let op = WriteOp::SaveLexiconDraft {
                knowledge_base: parent.clone(),
                draft: lexicon.draft,
                expected: lexicon.draft_revision,
            };
            let written = self.write(request, parent, op, String::new())?;
            Ok(self.saved((), written.revision))
        })
    }
}

fn is_same(a: &str, b: &str) -> bool {
    a == b || normalize(a).as_str() == normalize(b).as_str()
}

/// Fails with a violation for each word that is in another set of the draft.
fn check_apart(draft: &Lexicon, set: &SynonymSet) -> Result<()> {
    let words: BTreeSet<String> = set.words.iter().map(|word| normalize(word).as_str().to_owned()).collect();
    for other in draft.synonym_sets.iter().filter(|other| other.id != set.id) {
        if let Some(word) = other.words.iter().find(|word| words.contains(normalize(word).as_str())) {
            let description = format!("{word:?} is in the synonym set {} too", other.id);
            return Err(KnowledgeError::invalid("synonym_set.words", description));
        }
    }
    Ok(())
}

fn fail_if_known(is_known: bool, what: &'static str, id: &str) -> Result<()> {
    if is_known { Err(StoreError::AlreadyExists { what, id: id.to_owned() }.into()) } else { Ok(()) }
}

fn missing(what: &'static str, id: &str) -> KnowledgeError {
    StoreError::NotFound { what, id: id.to_owned() }.into()
}

fn read_payload(payload: &str) -> Result<PublishedLexicon> {
    serde_json::from_str(payload)
        .map_err(|source| KnowledgeError::Malformed { what: "result of a publication", source: Box::new(source) })
}
