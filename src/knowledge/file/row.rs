//! The shape of an article in a file, and its conversions.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    domain::{
        Article, ArticleId, ArticleNo, ArticleState, Audience, Channel, ChannelAnswers, Domain, Revision, Timestamp,
    },
    knowledge::validate::{check_article, settle_article},
    text::normalize,
};

/// An article as it stands in a file; what is empty is left out.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArticleRow {
    pub id: String,
    pub standard_question: String,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub similar_questions: Vec<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub negative_questions: Vec<String>,
    /// The short form of `answers` with an IM answer alone.
    #[serde(default, skip_serializing)]
    pub answer: Option<String>,
    #[serde(default)]
    pub answers: Option<AnswersRow>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub domain: String,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    #[serde(default, alias = "audience", deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub follow_up_questions: Vec<String>,
}

/// The answers by channel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswersRow {
    #[serde(default)]
    pub im: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Takes `null` for what is left out: programs write it so.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    })
}

impl ArticleRow {
    /// Makes the article, settled and checked; fails with everything that is wrong in one text.
    pub(super) fn into_article(self) -> Result<Article, String> {
        let mut errors: Vec<String> = Vec::new();
        let article = self.converted(&mut errors);
        if let Some(mut article) = article {
            settle_article(&mut article);
            drop_repeats(&mut article);
            let wrong = check_article(&article, "").into_iter();
            errors.extend(wrong.map(|wrong| format!("{}: {}", wrong.field, wrong.description)));
            if errors.is_empty() {
                return Ok(article);
            }
        }
        Err(errors.join("; "))
    }

    fn converted(self, errors: &mut Vec<String>) -> Option<Article> {
        let id = ArticleId::try_new(self.id).map_err(|error| errors.push(format!("id: {error}"))).ok();
        let answers = answers(self.answer, self.answers, errors);
        let state = self.state.map_or(Some(ArticleState::Active), |name| state(&name, errors));
        let audiences = named("audiences", &self.audiences, Audience::from_name, errors);
        let channels = named("channels", &self.channels, Channel::from_name, errors);
        let effective_time = self.effective_time.and_then(|text| time("effective_time", &text, errors));
        let expire_time = self.expire_time.and_then(|text| time("expire_time", &text, errors));
        let mut follow_up_questions = Vec::with_capacity(self.follow_up_questions.len());
        for id in self.follow_up_questions {
            match ArticleId::try_new(id) {
                Ok(id) => follow_up_questions.push(id),
                Err(error) => errors.push(format!("follow_up_questions: {error}")),
            }
        }
        Some(Article {
            id: id?,
            no: ArticleNo(0),
            standard_question: self.standard_question,
            similar_questions: self.similar_questions,
            negative_questions: self.negative_questions,
            answers,
            domain: Domain(self.domain),
            tags: self.tags,
            metadata: self.metadata,
            audiences,
            channels,
            state: state?,
            effective_time,
            expire_time,
            pinned: self.pinned,
            follow_up_questions,
            revision: Revision(0),
            create_time: Timestamp(0),
            update_time: Timestamp(0),
        })
    }
}

impl From<&Article> for ArticleRow {
    fn from(article: &Article) -> Self {
        let names = |names: Vec<&'static str>| names.into_iter().map(str::to_owned).collect();
        Self {
            id: article.id.to_string(),
            standard_question: article.standard_question.clone(),
            similar_questions: article.similar_questions.clone(),
            negative_questions: article.negative_questions.clone(),
            answer: None,
            answers: Some(AnswersRow {
                im: article.answers.im.clone(),
                email: article.answers.email.clone(),
                phone: article.answers.phone.clone(),
            }),
            domain: article.domain.0.clone(),
            tags: article.tags.clone(),
            metadata: article.metadata.clone(),
            audiences: names(article.audiences.iter().map(|audience| audience.as_str()).collect()),
            channels: names(article.channels.iter().map(|channel| channel.as_str()).collect()),
            state: (article.state != ArticleState::Active).then(|| article.state.as_str().to_owned()),
            effective_time: article.effective_time.and_then(time_text),
            expire_time: article.expire_time.and_then(time_text),
            pinned: article.pinned,
            follow_up_questions: article.follow_up_questions.iter().map(ArticleId::to_string).collect(),
        }
    }
}

/// Leaves out similar questions that are the standard question or an earlier one again once normalized: files of other
/// systems hold such, and nothing is lost, for both lead to the same article.
fn drop_repeats(article: &mut Article) {
    let key = |text: &str| normalize(text).as_str().to_owned();
    let mut seen = HashSet::from([key(&article.standard_question)]);
    article.similar_questions.retain(|question| seen.insert(key(question)));
}

fn answers(answer: Option<String>, answers: Option<AnswersRow>, errors: &mut Vec<String>) -> ChannelAnswers {
    if answer.is_some() && answers.is_some() {
        errors.push("answer: is not allowed beside answers".to_owned());
    }
    let given = answers.unwrap_or_else(|| AnswersRow { im: answer.unwrap_or_default(), email: None, phone: None });
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    ChannelAnswers { im: given.im, email: filled(given.email), phone: filled(given.phone) }
}

fn state(name: &str, errors: &mut Vec<String>) -> Option<ArticleState> {
    let state = ArticleState::from_name(&name.to_ascii_lowercase());
    if state.is_none() {
        errors.push(format!("state: {name:?} must be draft, in_review, active or disabled"));
    }
    state
}

fn named<T>(field: &str, names: &[String], lookup: impl Fn(&str) -> Option<T>, errors: &mut Vec<String>) -> Vec<T> {
    let mut values = Vec::with_capacity(names.len());
    for name in names {
        match lookup(&name.to_ascii_lowercase()) {
            Some(value) => values.push(value),
            None => errors.push(format!("{field}: {name:?} is unknown")),
        }
    }
    values
}

fn time(field: &str, text: &str, errors: &mut Vec<String>) -> Option<Timestamp> {
    let parsed = text.trim().parse::<jiff::Timestamp>();
    if parsed.is_err() {
        errors.push(format!("{field}: {text:?} must be an RFC 3339 time, such as 2026-01-01T00:00:00+08:00"));
    }
    parsed.ok().map(|time| Timestamp(time.as_millisecond()))
}

/// Writes a time in RFC 3339; `None` only for years that no checked article has.
fn time_text(time: Timestamp) -> Option<String> {
    jiff::Timestamp::from_millisecond(time.0).ok().map(|time| time.to_string())
}
