//! What editors do with the rules of a knowledge base: edits of the draft, its test, its publication.
//!
//! The draft is one record, read, changed and written back; where somebody else wrote meanwhile the edit is made again
//! on what they left. Rules are kept in the order of their ids, which is the order in which they take effect. Must not
//! know what a rule does to an analysis; which rules the server has is told by the caller.

mod flaws;

pub use flaws::{RuleFlaw, RuleFlawKind};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    error::{KnowledgeError, Result},
    fields::merge_rule,
    page::{Cut, Page, PageRequest, to_hex},
    service::{Knowledge, Request, Saved, check_etag},
    validate::{check_rule, num_phrases},
};
use crate::{
    domain::{Etag, KnowledgeBaseId, Revision, Rule, Rulebook},
    store::{StoreError, WriteOp},
};

const DEFAULT_PAGE: usize = 100;
const ETAG_BYTES: usize = 8;
/// Of a base, enabled or not.
const MAX_RULES: usize = 1_000;
/// In all rules of a base together.
const MAX_PHRASES: usize = 20_000;

/// A change of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleUpdate {
    pub rule: Rule,
    /// Names of the proto; `*` means all, none overwrites nothing.
    pub fields: Vec<String>,
    /// The etag that was read; none overwrites whatever is there.
    pub etag: Option<Etag>,
}

/// What a publication made the serving rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedRules {
    pub version: u64,
    pub num_rules: u64,
    /// Of them.
    pub num_enabled: u64,
}

/// A draft on trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesTrial {
    pub draft: Rulebook,
    pub flaws: Vec<RuleFlaw>,
    /// Of the knowledge base when the draft was read.
    pub revision: Revision,
}

/// Returns the etag of a rule: a hash of all it says.
pub fn rule_etag(rule: &Rule) -> Etag {
    // The debug form names every field, also one that is added later.
    let hash = Sha256::digest(format!("{rule:?}").as_bytes());
    Etag(format!("w{}", to_hex(&hash[..ETAG_BYTES])))
}

impl Knowledge {
    /// Puts a rule into the draft. Fails with `AlreadyExists`, and with violations where the rule is not allowed or the
    /// base would hold too many.
    pub fn create_rule(&self, request: &Request, parent: &KnowledgeBaseId, rule: Rule) -> Result<Saved<Rule>> {
        check_rule(&rule)?;
        let edit = |draft: &mut Rulebook| match place_of(draft, &rule.id) {
            Ok(_) => Err(StoreError::AlreadyExists { what: "rule", id: rule.id.clone() }.into()),
            Err(place) => {
                draft.rules.insert(place, rule.clone());
                check_size(draft)?;
                Ok(rule.clone())
            }
        };
        self.edit_rules(request, parent, &edit, |_| Ok(rule.clone()))
    }

    /// Gets a rule of the draft; fails with `NotFound`.
    pub fn rule(&self, parent: &KnowledgeBaseId, id: &str) -> Result<Rule> {
        find(&self.draft_rules(parent)?, id)
    }

    /// Lists the rules of the draft, or those that serve, by id.
    pub fn list_rules(&self, parent: &KnowledgeBaseId, published: bool, page: &PageRequest) -> Result<Page<Rule>> {
        let scope = if published { "publishedRules" } else { "rules" };
        let cut = Cut::try_new(page, DEFAULT_PAGE, &format!("{parent}/{scope}"))?;
        self.store.knowledge_base(parent)?;
        let record = self.store.rulebook(parent)?;
        let rules = if published { record.published.rules } else { record.draft.rules };
        Ok(cut.page_of(rules, |rule| &rule.id))
    }

    /// Overwrites the named fields of a rule of the draft. Fails with `NotFound`, with `Aborted` where the etag is not
    /// the current one, and with violations where the rule is not allowed. A retry gets the rule as it is now.
    pub fn update_rule(&self, request: &Request, parent: &KnowledgeBaseId, update: RuleUpdate) -> Result<Saved<Rule>> {
        let RuleUpdate { rule: given, fields, etag } = update;
        let edit = |draft: &mut Rulebook| {
            let place = place_of(draft, &given.id).map_err(|_| missing(&given.id))?;
            let present = &draft.rules[place];
            check_etag(etag.as_ref(), &rule_etag(present), ("rule", &given.id))?;
            let merged = merge_rule(present, &given, &fields)?;
            check_rule(&merged)?;
            draft.rules[place] = merged.clone();
            check_size(draft)?;
            Ok(merged)
        };
        self.edit_rules(request, parent, &edit, |draft| find(draft, &given.id))
    }

    /// Takes a rule out of the draft. Fails with `NotFound`, and with `Aborted` where the etag is not the current one.
    pub fn delete_rule(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        id: &str,
        etag: Option<Etag>,
    ) -> Result<Saved<()>> {
        let edit = |draft: &mut Rulebook| {
            let place = place_of(draft, id).map_err(|_| missing(id))?;
            check_etag(etag.as_ref(), &rule_etag(&draft.rules[place]), ("rule", id))?;
            draft.rules.remove(place);
            Ok(())
        };
        self.edit_rules(request, parent, &edit, |_| Ok(()))
    }

    /// Makes the draft what serves, edits since then are lost; returns how many rules it holds.
    pub fn revert_rules(&self, request: &Request, parent: &KnowledgeBaseId) -> Result<Saved<u64>> {
        let published = || Ok::<_, KnowledgeError>(self.store.rulebook(parent)?.published.rules);
        let edit = |draft: &mut Rulebook| {
            draft.rules = published()?;
            Ok(draft.rules.len() as u64)
        };
        self.edit_rules(request, parent, &edit, |_| Ok(published()?.len() as u64))
    }

    /// Runs every enabled rule of the draft on its own example and counter-example.
    pub fn try_rules(&self, parent: &KnowledgeBaseId, server_rules: &[String]) -> Result<RulesTrial> {
        let base = self.store.knowledge_base(parent)?;
        let draft = self.store.rulebook(parent)?.draft;
        let flaws = flaws::flaws(&draft, &base.policy, server_rules)?;
        Ok(RulesTrial { draft, flaws, revision: base.revision })
    }

    /// Makes the draft the serving rules. Fails where a rule does not do what its examples say, or names a queue or a
    /// rule of the server that is not there.
    pub fn publish_rules(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        server_rules: &[String],
        validate_only: bool,
    ) -> Result<Saved<PublishedRules>> {
        self.in_turn(validate_only, || {
            if !validate_only && let Some(written) = self.earlier(request)? {
                return Ok(self.saved(read_payload(&written.payload)?, written.revision));
            }
            let base = self.store.knowledge_base(parent)?;
            let record = self.store.rulebook(parent)?;
            let flaws = flaws::flaws(&record.draft, &base.policy, server_rules)?;
            if !flaws.is_empty() {
                return Err(KnowledgeError::RulesFlawed(flaws.iter().map(RuleFlaw::violation).collect()));
            }
            let rules = &record.draft.rules;
            let published = PublishedRules {
                version: record.published.version + 1,
                num_rules: rules.len() as u64,
                num_enabled: rules.iter().filter(|rule| rule.is_enabled).count() as u64,
            };
            if validate_only {
                return Ok(self.saved(published, base.revision));
            }
            let op = WriteOp::PublishRules { knowledge_base: parent.clone(), expected: record.draft_revision };
            let payload = serde_json::to_string(&published).expect("three numbers serialize");
            let written = self.write(request, parent, op, payload)?;
            Ok(self.saved(read_payload(&written.payload)?, written.revision))
        })
    }

    fn draft_rules(&self, parent: &KnowledgeBaseId) -> Result<Rulebook> {
        // Of a base that does not exist the store knows no rules.
        self.store.knowledge_base(parent)?;
        Ok(self.store.rulebook(parent)?.draft)
    }

    /// Edits the draft and returns what the edit does; `again` says the same of an edit that a retry repeats.
    fn edit_rules<T>(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        edit: &dyn Fn(&mut Rulebook) -> Result<T>,
        again: impl Fn(&Rulebook) -> Result<T>,
    ) -> Result<Saved<T>> {
        self.in_turn(false, || {
            // Asked within the turn, so that a retry that overlaps its first call waits and finds it.
            if let Some(written) = self.earlier(request)? {
                return Ok(self.saved(again(&self.draft_rules(parent)?)?, written.revision));
            }
            self.store.knowledge_base(parent)?;
            let mut record = self.store.rulebook(parent)?;
            let value = edit(&mut record.draft)?;
            let op = WriteOp::SaveRulesDraft {
                knowledge_base: parent.clone(),
                draft: record.draft,
                expected: record.draft_revision,
            };
            let written = self.write(request, parent, op, String::new())?;
            Ok(self.saved(value, written.revision))
        })
    }
}

/// Finds where a rule is, or where it would be.
fn place_of(book: &Rulebook, id: &str) -> std::result::Result<usize, usize> {
    book.rules.binary_search_by(|rule| rule.id.as_str().cmp(id))
}

fn find(book: &Rulebook, id: &str) -> Result<Rule> {
    place_of(book, id).map(|place| book.rules[place].clone()).map_err(|_| missing(id))
}

/// Fails where a base holds more than it may.
fn check_size(book: &Rulebook) -> Result<()> {
    if book.rules.len() > MAX_RULES {
        return Err(KnowledgeError::invalid("parent", format!("holds {MAX_RULES} rules, which is the most it may")));
    }
    let given: usize = book.rules.iter().map(num_phrases).sum();
    if given > MAX_PHRASES {
        let description = format!("at most {MAX_PHRASES} phrases are allowed in all rules together, these are {given}");
        return Err(KnowledgeError::invalid("rule", description));
    }
    Ok(())
}

fn missing(id: &str) -> KnowledgeError {
    StoreError::NotFound { what: "rule", id: id.to_owned() }.into()
}

fn read_payload(payload: &str) -> Result<PublishedRules> {
    serde_json::from_str(payload)
        .map_err(|source| KnowledgeError::Malformed { what: "result of a publication", source: Box::new(source) })
}

#[cfg(test)]
mod tests;
