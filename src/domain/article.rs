//! One FAQ entry and its parts.

use std::collections::BTreeMap;

use super::{ArticleId, ArticleNo, Domain, Revision, Timestamp};

/// Where the reply is read; each has its own length and manners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Channel {
    #[default]
    Im,
    Email,
    /// An agent reads a script aloud.
    Phone,
}

impl Channel {
    pub const ALL: [Channel; 3] = [Self::Im, Self::Email, Self::Phone];

    /// Returns the stable string of the channel.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Im => "im",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// Looks a channel up by its stable string.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }
}

/// Who reads the article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audience {
    Bot,
    Agent,
}

impl Audience {
    pub const ALL: [Audience; 2] = [Self::Bot, Self::Agent];

    /// Returns the stable string of the audience.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Agent => "agent",
        }
    }

    /// Looks an audience up by its stable string.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.as_str() == name)
    }
}

/// The editorial state; only ACTIVE articles answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ArticleState {
    Draft,
    InReview,
    #[default]
    Active,
    Disabled,
}

impl ArticleState {
    pub const ALL: [ArticleState; 4] = [Self::Draft, Self::InReview, Self::Active, Self::Disabled];

    /// Returns the stable string of the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Looks a state up by its stable string.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// The answers of an article by channel; IM stands in where a channel has none.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ChannelAnswers {
    pub im: String,
    pub email: Option<String>,
    pub phone: Option<String>,
}

impl ChannelAnswers {
    /// Returns the answer for the channel, the IM one where it has none of its own.
    pub fn for_channel(&self, channel: Channel) -> &str {
        let own = match channel {
            Channel::Im => None,
            Channel::Email => self.email.as_deref(),
            Channel::Phone => self.phone.as_deref(),
        };
        own.unwrap_or(&self.im)
    }
}

/// Which of an article's wordings a phrasing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PhrasingKind {
    Standard,
    Similar,
    /// Near, yet not answered by this article.
    Negative,
}

/// One wording of an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrasing<'a> {
    pub kind: PhrasingKind,
    pub text: &'a str,
}

/// One FAQ entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Article {
    pub id: ArticleId,
    /// Given by the store, zero before it is stored.
    pub no: ArticleNo,
    pub standard_question: String,
    pub similar_questions: Vec<String>,
    pub negative_questions: Vec<String>,
    pub answers: ChannelAnswers,
    pub domain: Domain,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    /// Empty means everyone.
    pub audiences: Vec<Audience>,
    /// Empty means every channel.
    pub channels: Vec<Channel>,
    pub state: ArticleState,
    pub effective_time: Option<Timestamp>,
    pub expire_time: Option<Timestamp>,
    /// Breaks ties, nothing more.
    pub pinned: bool,
    pub follow_up_questions: Vec<ArticleId>,
    /// The revision of the knowledge base at the last change; the etag is made of it.
    pub revision: Revision,
    pub create_time: Timestamp,
    pub update_time: Timestamp,
}

impl Article {
    /// Lists the wordings: the standard question, then the similar, then the negative ones.
    pub fn phrasings(&self) -> impl Iterator<Item = Phrasing<'_>> {
        let similar = self.similar_questions.iter().map(|text| Phrasing { kind: PhrasingKind::Similar, text });
        let negative = self.negative_questions.iter().map(|text| Phrasing { kind: PhrasingKind::Negative, text });
        std::iter::once(Phrasing { kind: PhrasingKind::Standard, text: &self.standard_question })
            .chain(similar)
            .chain(negative)
    }

    /// Tells whether the validity period holds `at`; the end is exclusive.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.effective_time.is_none_or(|from| from <= at) && self.expire_time.is_none_or(|until| at < until)
    }
}
