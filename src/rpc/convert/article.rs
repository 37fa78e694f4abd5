//! Articles.

use crate::{
    domain::{
        Article, ArticleId, ArticleNo, ArticleState, ChannelAnswers, Domain, Etag, KnowledgeBaseId, Revision, Timestamp,
    },
    rpc::{
        convert::{
            enums::{
                article_state_of, audience_of, channel_of, given, read_article_state, read_audience, read_channel,
            },
            number::i64_of,
            time::{read_timestamp, timestamp_of},
        },
        limits::Violations,
        names, pb,
    },
};

/// Which article a message is about.
#[derive(Clone, Debug)]
pub(in crate::rpc) struct Named {
    pub knowledge_base: KnowledgeBaseId,
    pub article: ArticleId,
}

/// Writes an article; the consistency token is the caller's to add.
pub(in crate::rpc) fn article_of(article: &Article, base: &KnowledgeBaseId) -> pb::Article {
    let answers = &article.answers;
    pb::Article {
        name: names::of_article(base, &article.id),
        standard_question: article.standard_question.clone(),
        similar_questions: article.similar_questions.clone(),
        negative_questions: article.negative_questions.clone(),
        answers: Some(pb::Answers {
            im: answers.im.clone(),
            email: answers.email.clone().unwrap_or_default(),
            phone: answers.phone.clone().unwrap_or_default(),
        }),
        domain: article.domain.as_str().to_owned(),
        tags: article.tags.clone(),
        metadata: article.metadata.clone().into_iter().collect(),
        audiences: article.audiences.iter().map(|audience| audience_of(*audience).into()).collect(),
        channels: article.channels.iter().map(|channel| channel_of(*channel).into()).collect(),
        state: article_state_of(article.state).into(),
        effective_time: article.effective_time.map(timestamp_of),
        expire_time: article.expire_time.map(timestamp_of),
        pinned: article.pinned,
        follow_up_questions: article.follow_up_questions.iter().map(|id| names::of_article(base, id)).collect(),
        etag: Etag::of(article.revision).0,
        revision: i64_of(article.revision.0),
        create_time: Some(timestamp_of(article.create_time)),
        update_time: Some(timestamp_of(article.update_time)),
        consistency_token: String::new(),
    }
}

/// Reads an article of a request, where it is the field `article`; what only the server sets is not looked at.
pub(in crate::rpc) fn read_article(message: pb::Article, named: Named, violations: &mut Violations) -> Article {
    let pb::Answers { im, email, phone } = message.answers.unwrap_or_default();
    let state = read_article_state(message.state, "article.state", violations).unwrap_or(ArticleState::Active);
    let audiences = list(&message.audiences, "article.audiences", violations, read_audience);
    let channels = list(&message.channels, "article.channels", violations, read_channel);
    let follow_up_questions = follow_ups(&message.follow_up_questions, &named.knowledge_base, violations);
    Article {
        id: named.article,
        no: ArticleNo(0),
        standard_question: message.standard_question,
        similar_questions: message.similar_questions,
        negative_questions: message.negative_questions,
        answers: ChannelAnswers { im, email: some(email), phone: some(phone) },
        domain: Domain(message.domain),
        tags: message.tags,
        metadata: message.metadata.into_iter().collect(),
        audiences,
        channels,
        state,
        effective_time: read_timestamp(message.effective_time, "article.effective_time", violations),
        expire_time: read_timestamp(message.expire_time, "article.expire_time", violations),
        pinned: message.pinned,
        follow_up_questions,
        revision: Revision(0),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    }
}

/// Reads an etag; an empty one overwrites whatever is there.
pub(in crate::rpc) fn read_etag(etag: String) -> Option<Etag> {
    some(etag).map(Etag)
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Reads a list of enums, each of which must be given.
pub(super) fn list<E>(
    numbers: &[i32],
    field: &str,
    violations: &mut Violations,
    read: impl Fn(i32, &str, &mut Violations) -> Option<E>,
) -> Vec<E> {
    let one = |(idx, number): (usize, &i32)| {
        let field = format!("{field}[{idx}]");
        given(read(*number, &field, violations), *number, &field, violations)
    };
    numbers.iter().enumerate().filter_map(one).collect()
}

fn follow_ups(names: &[String], base: &KnowledgeBaseId, violations: &mut Violations) -> Vec<ArticleId> {
    let one = |(idx, name): (usize, &String)| {
        let field = format!("article.follow_up_questions[{idx}]");
        let (found, id) = violations.take(&field, names::article(name))?;
        violations.check(found == *base, &field, "must be an article of the same knowledge base");
        Some(id)
    };
    names.iter().enumerate().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::convert::random;

    #[test]
    fn articles_come_back() {
        let mut rng = fastrand::Rng::with_seed(11);
        for _ in 0..300 {
            let (base, article) = (random::knowledge_base_id(&mut rng), random::article(&mut rng));
            let named = Named { knowledge_base: base.clone(), article: article.id.clone() };
            let mut violations = Violations::default();
            let back = read_article(article_of(&article, &base), named, &mut violations);
            assert_eq!(back, article);
            violations.finish().expect("what was written is good");
        }
    }

    #[test]
    fn wrong_fields_are_named_all_at_once() {
        let message = pb::Article {
            state: 9,
            audiences: vec![1, 0, 7],
            channels: vec![3, -1],
            follow_up_questions: vec!["refund".to_owned(), "knowledgeBases/bank/articles/a".to_owned()],
            effective_time: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
            ..pb::Article::default()
        };
        let knowledge_base = KnowledgeBaseId::try_new("retail").expect("an id");
        let named = Named { knowledge_base, article: ArticleId::try_new("a").expect("an id") };
        let mut violations = Violations::default();
        read_article(message, named, &mut violations);
        let text = format!("{violations:?}");
        for field in [
            "article.state",
            "article.audiences[1]",
            "article.audiences[2]",
            "article.channels[1]",
            "article.follow_up_questions[0]",
            "article.follow_up_questions[1]",
            "article.effective_time",
        ] {
            assert!(text.contains(&format!("{field:?}")), "{field}: {text}");
        }
    }
}
