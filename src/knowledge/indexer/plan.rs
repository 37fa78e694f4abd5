//! What a stretch of the change feed amounts to.
//!
//! A pure fold: the last change of an article wins, and a deleted base takes with it all that came before.

use std::collections::BTreeSet;

use crate::{
    domain::{ArticleNo, Revision},
    store::{ChangedSubject, FeedEntry},
};

/// All that has to be done to follow a stretch of the feed. The numbers are in no set twice.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Plan {
    /// The revision that is reached.
    pub up_to: Revision,
    /// Forget every article first.
    pub is_cleared: bool,
    /// Display name, description or policy changed.
    pub is_record_changed: bool,
    pub is_lexicon_changed: bool,
    pub is_rules_changed: bool,
    /// Created or changed since, and not deleted since.
    pub upserts: BTreeSet<ArticleNo>,
    pub deletes: BTreeSet<ArticleNo>,
}

impl Plan {
    /// Folds the entries that follow `after`.
    pub(super) fn of(after: Revision, entries: &[FeedEntry]) -> Self {
        let mut plan = Self { up_to: after, ..Self::default() };
        for entry in entries {
            plan.up_to = entry.revision;
            match &entry.subject {
                ChangedSubject::Article { no, .. } => {
                    plan.deletes.remove(no);
                    plan.upserts.insert(*no);
                }
                ChangedSubject::ArticleDeleted { no, .. } => {
                    plan.upserts.remove(no);
                    plan.deletes.insert(*no);
                }
                ChangedSubject::KnowledgeBase => plan.is_record_changed = true,
                ChangedSubject::Lexicon => plan.is_lexicon_changed = true,
                ChangedSubject::Rules => plan.is_rules_changed = true,
                ChangedSubject::KnowledgeBaseDeleted => {
                    plan = Self {
                        up_to: plan.up_to,
                        is_cleared: true,
                        is_record_changed: true,
                        is_lexicon_changed: true,
                        is_rules_changed: true,
                        ..Self::default()
                    };
                }
            }
        }
        plan
    }

    /// Tells whether documents change.
    pub(super) fn touches_articles(&self) -> bool {
        self.is_cleared || !self.upserts.is_empty() || !self.deletes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ArticleId;

    fn entry(revision: u64, subject: ChangedSubject) -> FeedEntry {
        FeedEntry { revision: Revision(revision), subject }
    }

    fn id(no: u64) -> ArticleId {
        ArticleId::try_new(format!("a{no}")).expect("an id")
    }

    fn put(no: u64) -> ChangedSubject {
        ChangedSubject::Article { no: ArticleNo(no), id: id(no) }
    }

    fn gone(no: u64) -> ChangedSubject {
        ChangedSubject::ArticleDeleted { no: ArticleNo(no), id: id(no) }
    }

    fn check(subjects: &[ChangedSubject], upserts: &[u64], deletes: &[u64], flags: [bool; 4]) {
        let entries: Vec<FeedEntry> =
            subjects.iter().zip(8..).map(|(subject, revision)| entry(revision, subject.clone())).collect();
        let plan = Plan::of(Revision(7), &entries);
        let nos = |nos: &[u64]| nos.iter().copied().map(ArticleNo).collect::<BTreeSet<_>>();
        let [is_cleared, is_record_changed, is_lexicon_changed, is_rules_changed] = flags;
        let want = Plan {
            up_to: Revision(7 + subjects.len() as u64),
            is_cleared,
            is_record_changed,
            is_lexicon_changed,
            is_rules_changed,
            upserts: nos(upserts),
            deletes: nos(deletes),
        };
        assert_eq!(plan, want, "{subjects:?}");
    }

    #[test]
    fn the_last_change_of_an_article_wins() {
        use ChangedSubject::{KnowledgeBase, KnowledgeBaseDeleted, Lexicon, Rules};
        let none = [false; 4];
        check(&[], &[], &[], none);
        check(&[put(1), put(2), put(1)], &[1, 2], &[], none);
        check(&[put(1), gone(1)], &[], &[1], none);
        check(&[gone(1), put(1)], &[1], &[], none);
        check(&[KnowledgeBase, put(3), Lexicon], &[3], &[], [false, true, true, false]);
        check(&[Lexicon], &[], &[], [false, false, true, false]);
        check(&[Rules, put(3)], &[3], &[], [false, false, false, true]);
        check(&[put(1), gone(2), KnowledgeBaseDeleted], &[], &[], [true; 4]);
        check(&[put(1), KnowledgeBaseDeleted, KnowledgeBase, put(5)], &[5], &[], [true; 4]);
    }

    #[test]
    fn folding_equals_replaying_one_by_one() {
        let mut rng = fastrand::Rng::with_seed(11);
        for _ in 0..500 {
            let mut subjects = Vec::new();
            for _ in 0..rng.usize(..20) {
                let no = rng.u64(1..6);
                subjects.push(match rng.u32(..10) {
                    0 => ChangedSubject::KnowledgeBaseDeleted,
                    1..5 => gone(no),
                    _ => put(no),
                });
            }
            let before: BTreeSet<ArticleNo> = (1..6).filter(|_| rng.bool()).map(ArticleNo).collect();
            let mut naive = before.clone();
            for subject in &subjects {
                match subject {
                    ChangedSubject::Article { no, .. } => drop(naive.insert(*no)),
                    ChangedSubject::ArticleDeleted { no, .. } => drop(naive.remove(no)),
                    _ => naive.clear(),
                }
            }
            let entries: Vec<FeedEntry> =
                subjects.into_iter().zip(1..).map(|(subject, at)| entry(at, subject)).collect();
            let plan = Plan::of(Revision(0), &entries);
            let kept = if plan.is_cleared { BTreeSet::new() } else { before };
            let folded: BTreeSet<ArticleNo> = (&kept - &plan.deletes).union(&plan.upserts).copied().collect();
            assert_eq!(folded, naive, "{entries:?}");
        }
    }
}
