//! The shape of an article, and the words by which articles are filtered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Format, Result, all_named, named};
use crate::domain::{
    Article, ArticleId, ArticleNo, ArticleState, Audience, Channel, ChannelAnswers, Domain, Revision, Timestamp,
};

/// What the store itself says of an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct ArticleStamp {
    pub id: ArticleId,
    pub no: ArticleNo,
    pub revision: Revision,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
}

/// What the editor wrote.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct ArticleBody {
    format: Format<1>,
    standard_question: String,
    similar_questions: Vec<String>,
    negative_questions: Vec<String>,
    answers: AnswersShape,
    domain: String,
    tags: Vec<String>,
    metadata: BTreeMap<String, String>,
    audiences: Vec<String>,
    channels: Vec<String>,
    state: String,
    effective_time: Option<i64>,
    expire_time: Option<i64>,
    pinned: bool,
    follow_up_questions: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct AnswersShape {
    im: String,
    email: Option<String>,
    phone: Option<String>,
}

impl ArticleBody {
    /// Adds the stamp; fails where a stored name is unknown.
    pub fn into_article(self, stamp: ArticleStamp) -> Result<Article> {
        let follow_up_questions: std::result::Result<_, _> =
            self.follow_up_questions.into_iter().map(ArticleId::try_new).collect();
        Ok(Article {
            id: stamp.id,
            no: stamp.no,
            standard_question: self.standard_question,
            similar_questions: self.similar_questions,
            negative_questions: self.negative_questions,
            answers: ChannelAnswers { im: self.answers.im, email: self.answers.email, phone: self.answers.phone },
            domain: Domain(self.domain),
            tags: self.tags,
            metadata: self.metadata,
            audiences: all_named("audience", &self.audiences, Audience::from_name)?,
            channels: all_named("channel", &self.channels, Channel::from_name)?,
            state: named("state", &self.state, ArticleState::from_name)?,
            effective_time: self.effective_time.map(Timestamp),
            expire_time: self.expire_time.map(Timestamp),
            pinned: self.pinned,
            follow_up_questions: follow_up_questions?,
            revision: stamp.revision,
            create_time: stamp.create_time,
            update_time: stamp.update_time,
        })
    }
}

impl From<&Article> for ArticleBody {
    fn from(article: &Article) -> Self {
        Self {
            format: Format,
            standard_question: article.standard_question.clone(),
            similar_questions: article.similar_questions.clone(),
            negative_questions: article.negative_questions.clone(),
            answers: AnswersShape {
                im: article.answers.im.clone(),
                email: article.answers.email.clone(),
                phone: article.answers.phone.clone(),
            },
            domain: article.domain.0.clone(),
            tags: article.tags.clone(),
            metadata: article.metadata.clone(),
            audiences: article.audiences.iter().map(|audience| audience.as_str().to_owned()).collect(),
            channels: article.channels.iter().map(|channel| channel.as_str().to_owned()).collect(),
            state: article.state.as_str().to_owned(),
            effective_time: article.effective_time.map(|at| at.0),
            expire_time: article.expire_time.map(|at| at.0),
            pinned: article.pinned,
            follow_up_questions: article.follow_up_questions.iter().map(|id| id.as_str().to_owned()).collect(),
        }
    }
}

/// An article with its stamp in one value, where no column holds the stamp.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StampedArticle {
    id: String,
    no: u64,
    revision: u64,
    create_time: i64,
    update_time: i64,
    body: ArticleBody,
}

impl StampedArticle {
    /// Puts the article together; fails where a stored name or id is unknown.
    pub fn into_article(self) -> Result<Article> {
        let stamp = ArticleStamp {
            id: ArticleId::try_new(self.id)?,
            no: ArticleNo(self.no),
            revision: Revision(self.revision),
            create_time: Timestamp(self.create_time),
            update_time: Timestamp(self.update_time),
        };
        self.body.into_article(stamp)
    }
}

impl From<&Article> for StampedArticle {
    fn from(article: &Article) -> Self {
        Self {
            id: article.id.as_str().to_owned(),
            no: article.no.0,
            revision: article.revision.0,
            create_time: article.create_time.0,
            update_time: article.update_time.0,
            body: article.into(),
        }
    }
}

/// Writes the questions a text filter looks at, one a line; a line break within one becomes a space, so that no match
/// reaches from one question into the next.
pub(in crate::store) fn question_lines(article: &Article) -> String {
    let mut lines = fold_lines(&article.standard_question);
    for question in &article.similar_questions {
        lines.push('\n');
        lines.push_str(&fold_lines(question));
    }
    lines
}

/// Folds the text of a filter as the questions are.
pub(in crate::store) fn fold_lines(text: &str) -> String {
    text.replace('\n', " ")
}

/// Writes tags as `|a|b|`, for a filter to find `|a|` in.
pub(in crate::store) fn tag_list(tags: &[String]) -> String {
    let mut list = String::from("|");
    for tag in tags {
        list.push_str(&escape_tag(tag));
        list.push('|');
    }
    list
}

/// Writes what a filter looks for in a tag list.
pub(in crate::store) fn tag_needle(tag: &str) -> String {
    format!("|{}|", escape_tag(tag))
}

/// Takes the bar out of a tag such that different tags stay different.
fn escape_tag(tag: &str) -> String {
    tag.replace('\\', "\\\\").replace('|', "\\p")
}
