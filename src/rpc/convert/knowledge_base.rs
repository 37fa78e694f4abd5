//! Knowledge bases.

use crate::{
    domain::{Etag, KnowledgeBase, KnowledgeBaseId, Revision, Timestamp},
    rpc::{
        convert::{
            number::i64_of,
            policy::{policy_of, read_policy},
            time::timestamp_of,
        },
        limits::Violations,
        names, pb,
    },
};

/// Writes a knowledge base; the consistency token is the caller's to add.
pub(in crate::rpc) fn knowledge_base_of(base: &KnowledgeBase) -> pb::KnowledgeBase {
    pb::KnowledgeBase {
        name: names::of_knowledge_base(&base.id),
        display_name: base.display_name.clone(),
        description: base.description.clone(),
        policy: Some(policy_of(&base.policy, &base.id)),
        revision: i64_of(base.revision.0),
        etag: Etag::of(base.record_revision).0,
        create_time: Some(timestamp_of(base.create_time)),
        update_time: Some(timestamp_of(base.update_time)),
        consistency_token: String::new(),
    }
}

/// Reads a knowledge base of a request; what only the server sets is not looked at.
pub(in crate::rpc) fn read_knowledge_base(
    message: pb::KnowledgeBase,
    id: KnowledgeBaseId,
    violations: &mut Violations,
) -> KnowledgeBase {
    let policy = read_policy(message.policy.unwrap_or_default(), &id, violations);
    KnowledgeBase {
        id,
        display_name: message.display_name,
        description: message.description,
        policy,
        revision: Revision(0),
        record_revision: Revision(0),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::convert::random;

    #[test]
    fn knowledge_bases_come_back() {
        let mut rng = fastrand::Rng::with_seed(17);
        for _ in 0..100 {
            let base = KnowledgeBase {
                id: random::knowledge_base_id(&mut rng),
                display_name: random::text(&mut rng),
                description: random::text(&mut rng),
                policy: random::policy(&mut rng),
                revision: Revision(0),
                record_revision: Revision(0),
                create_time: Timestamp(0),
                update_time: Timestamp(0),
            };
            let mut violations = Violations::default();
            assert_eq!(read_knowledge_base(knowledge_base_of(&base), base.id.clone(), &mut violations), base);
            violations.finish().expect("what was written is good");
        }
    }
}
