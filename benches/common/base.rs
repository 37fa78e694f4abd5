//! The synthetic knowledge base of benches, of any size and the same each time.
//!
//! Made of the demo bases' wordings by a seeded generator: each article takes the wordings of a demo article, puts its
//! own thing (two words that stand in the demo bases, drawn anew) into them, and words them a little differently, so
//! that grams are spread as in real bases: a few everywhere, most in few wordings. It is no measure of quality: nobody
//! ever asked these questions.

use yingda::{
    app::App,
    domain::{
        Article, ArticleId, ArticleNo, ArticleState, ChannelAnswers, Domain, KnowledgeBase, KnowledgeBaseId, Revision,
        Timestamp,
    },
    knowledge::{Request, default_policy, demo},
    store::{ArticleChange, Write, WriteOp},
    text::{Segmenter, WordKind, is_stop_word, normalize},
};

use crate::setup::MOMENT;

/// Wordings of an article, the standard question among them.
const PHRASINGS_PER_ARTICLE: usize = 8;
/// What the generators begin with.
pub const SEED: u64 = 20_261_122;
/// Words that say the same in most questions.
pub const VARIANTS: [(&str, &str); 8] = [
    ("怎么", "如何"),
    ("怎么", "咋"),
    ("多久", "几天"),
    ("可以", "能"),
    ("为什么", "为啥"),
    ("哪里", "哪儿"),
    ("查询", "查"),
    ("没有", "没"),
];

/// The id of the synthetic base.
pub fn base_id() -> KnowledgeBaseId {
    KnowledgeBaseId::try_new("bench").expect("an id")
}

/// The wordings of the demo bases, and the words in them that carry meaning.
struct Source {
    wordings: Vec<Vec<String>>,
    words: Vec<String>,
}

impl Source {
    fn read() -> Self {
        let articles: Vec<Article> = demo::bases().into_iter().flat_map(|base| base.articles).collect();
        let wordings: Vec<Vec<String>> =
            articles.iter().map(|article| article.phrasings().map(|one| one.text.to_owned()).collect()).collect();
        let mut words: Vec<String> = wordings.iter().flatten().flat_map(|text| content_words(text)).collect();
        words.sort_unstable();
        words.dedup();
        Self { wordings, words }
    }

    /// One wording, varied, about a thing.
    fn wording(&self, rng: &mut fastrand::Rng, article: usize, thing: &str) -> String {
        let wordings = &self.wordings[article];
        let mut text = wordings[rng.usize(..wordings.len())].clone();
        let (from, to) = VARIANTS[rng.usize(..VARIANTS.len())];
        text = text.replacen(from, to, 1);
        let words = content_words(&text);
        match (rng.u8(..3), words.get(rng.usize(..words.len().max(1)))) {
            // In the place of a word of its own.
            (0, Some(word)) => text.replacen(word.as_str(), thing, 1),
            (1, _) => format!("{thing}，{text}"),
            _ => format!("{thing}{text}"),
        }
    }
}

fn content_words(text: &str) -> Vec<String> {
    let text = normalize(text);
    let words = Segmenter::shared().words(text.as_str());
    let own = words.iter().filter(|word| word.kind == WordKind::Han).map(|word| word.text(text.as_str()));
    own.filter(|word| word.chars().count() >= 2 && !is_stop_word(word)).map(str::to_owned).collect()
}

/// Makes the articles of a base of about so many phrasings; the same ones each time.
pub fn articles(num_phrasings: usize) -> Vec<Article> {
    let source = Source::read();
    let mut rng = fastrand::Rng::with_seed(SEED);
    (0..num_phrasings / PHRASINGS_PER_ARTICLE).map(|number| article(&source, &mut rng, number)).collect()
}

fn article(source: &Source, rng: &mut fastrand::Rng, number: usize) -> Article {
    let of = rng.usize(..source.wordings.len());
    let mut word = || source.words[rng.usize(..source.words.len())].as_str();
    let thing = format!("{}{}", word(), word());
    let mut wordings: Vec<String> = Vec::with_capacity(PHRASINGS_PER_ARTICLE);
    while wordings.len() < PHRASINGS_PER_ARTICLE {
        let wording = source.wording(rng, of, &thing);
        // A wording that is there already is told apart by a number.
        let is_known = wordings.contains(&wording);
        wordings.push(if is_known { format!("{wording}{}", wordings.len()) } else { wording });
    }
    Article {
        id: ArticleId::try_new(format!("a{number}")).expect("an id"),
        no: ArticleNo(0),
        standard_question: wordings.remove(0),
        similar_questions: wordings,
        negative_questions: Vec::new(),
        answers: ChannelAnswers {
            im: format!("关于{thing}，请在订单页查看，或联系人工客服。"),
            email: None,
            phone: None,
        },
        domain: Domain("order".to_owned()),
        tags: Vec::new(),
        metadata: Default::default(),
        audiences: Vec::new(),
        channels: Vec::new(),
        state: ArticleState::Active,
        effective_time: None,
        expire_time: None,
        pinned: false,
        follow_up_questions: Vec::new(),
        revision: Revision(0),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    }
}

/// Puts articles into the base of an application and waits until it serves them.
pub fn fill(app: &App, articles: &[Article]) {
    let id = base_id();
    let base = KnowledgeBase {
        id: id.clone(),
        display_name: "压测知识库".to_owned(),
        description: String::new(),
        policy: default_policy(),
        revision: Revision(0),
        record_revision: Revision(0),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    };
    app.knowledge.create_knowledge_base(&Request::default(), base, false).expect("a new base");
    let changes = articles.iter().map(|article| ArticleChange::Create(Box::new(article.clone()))).collect();
    let op = WriteOp::ChangeArticles { knowledge_base: id.clone(), changes };
    app.store.write(&Write { now: MOMENT, request: None, op, payload: String::new() }).expect("new articles");
    app.knowledge.indexer().nudge(&id);
    assert!(app.wait_ready().expect("the index is built"));
}
