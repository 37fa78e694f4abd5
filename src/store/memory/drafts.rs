//! Drafts and their publication: lexicons, rules.

use super::{Effect, State};
use crate::domain::{KnowledgeBaseId, Lexicon, Revision, Rulebook};
use crate::store::{ChangedSubject, LexiconRecord, Result, RulebookRecord, StoreError};

impl State {
    /// Overwrites the draft of the lexicon.
    pub(super) fn save_lexicon(&mut self, id: &KnowledgeBaseId, draft: &Lexicon, expected: Revision) -> Result<Effect> {
        let lexicon = self.lexicon_at(id, expected)?;
        lexicon.draft = Lexicon { version: lexicon.published.version, ..draft.clone() };
        lexicon.draft_revision.0 += 1;
        Ok(Effect::default())
    }

    /// Makes the draft the published lexicon.
    pub(super) fn publish_lexicon(&mut self, id: &KnowledgeBaseId, expected: Revision) -> Result<Effect> {
        let lexicon = self.lexicon_at(id, expected)?;
        lexicon.draft.version = lexicon.published.version + 1;
        lexicon.published = lexicon.draft.clone();
        self.append(id, ChangedSubject::Lexicon);
        Ok(Effect::default())
    }

    /// Overwrites the draft of the rules.
    pub(super) fn save_rules(&mut self, id: &KnowledgeBaseId, draft: &Rulebook, expected: Revision) -> Result<Effect> {
        let rules = self.rules_at(id, expected)?;
        rules.draft = Rulebook { version: rules.published.version, ..draft.clone() };
        rules.draft_revision.0 += 1;
        Ok(Effect::default())
    }

    /// Makes the draft the published rules.
    pub(super) fn publish_rules(&mut self, id: &KnowledgeBaseId, expected: Revision) -> Result<Effect> {
        let rules = self.rules_at(id, expected)?;
        rules.draft.version = rules.published.version + 1;
        rules.published = rules.draft.clone();
        // Who read what served before must not write it back over this.
        rules.draft_revision.0 += 1;
        self.append(id, ChangedSubject::Rules);
        Ok(Effect::default())
    }

    fn lexicon_at(&mut self, id: &KnowledgeBaseId, expected: Revision) -> Result<&mut LexiconRecord> {
        let lexicon = &mut self.base_mut(id)?.lexicon;
        if lexicon.draft_revision == expected { Ok(lexicon) } else { Err(changed("lexicon", id)) }
    }

    fn rules_at(&mut self, id: &KnowledgeBaseId, expected: Revision) -> Result<&mut RulebookRecord> {
        let rules = &mut self.base_mut(id)?.rulebook;
        if rules.draft_revision == expected { Ok(rules) } else { Err(changed("rules", id)) }
    }
}

fn changed(what: &'static str, id: &KnowledgeBaseId) -> StoreError {
    StoreError::DraftChanged { what, knowledge_base: id.to_string() }
}
