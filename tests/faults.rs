//! A server killed at random moments loses nothing that it acknowledged, and its index is what its store is.
//!
//! Thirty rounds on one data folder: the program serves, a client writes one thing after the other and notes what was
//! acknowledged, SIGKILL comes at a seeded moment of 200 writes, the program starts again. The write that was under way
//! may be there or not; everything else must be as noted.

use std::{collections::BTreeMap, time::Duration};

use tempfile::TempDir;
use tonic::Status;
use yingda::{
    app::{App, StoreKind},
    rpc::pb,
};

use crate::harness::{
    child::{ServeChild, signal},
    sample::{Base, article, article_name, base_name, id_of, mask},
    server::{Clients, config},
};

const ROUNDS: usize = 30;
const WRITES: usize = 200;
/// Few ids, so that articles are created, updated and deleted again and again.
const NUM_IDS: usize = 40;
const SAMPLE: usize = 6;
const BASE: &str = "faults";

/// What the store must hold: questions by article, and ratings that were acknowledged.
#[derive(Clone, Default)]
struct Noted {
    articles: BTreeMap<String, String>,
    num_ratings: usize,
    /// Ratings under way at a kill: there or not.
    num_doubtful_ratings: usize,
    /// Questions that lead nowhere any more.
    retired: Vec<String>,
}

/// One write.
#[derive(Clone, Debug)]
enum Op {
    Put { id: String, question: String },
    Delete { id: String },
    Rate,
}

impl Noted {
    fn apply(&mut self, op: &Op) {
        let old = match op {
            Op::Put { id, question } => self.articles.insert(id.clone(), question.clone()),
            Op::Delete { id } => self.articles.remove(id),
            Op::Rate => {
                self.num_ratings += 1;
                None
            }
        };
        self.retired.extend(old);
    }

    fn choose(&self, rng: &mut fastrand::Rng, number: usize) -> Op {
        let id = format!("a{}", rng.usize(..NUM_IDS));
        match rng.u8(..10) {
            0 => Op::Rate,
            1..=3 if self.articles.contains_key(&id) => Op::Delete { id },
            _ => Op::Put { question: question(rng, number), id },
        }
    }
}

/// A question like no other: random words, and a number.
fn question(rng: &mut fastrand::Rng, number: usize) -> String {
    let words = [
        "退货",
        "换货",
        "发票",
        "物流",
        "积分",
        "会员",
        "保修",
        "充值",
        "密码",
        "账单",
        "套餐",
        "优惠券",
        "地址",
        "预约",
    ];
    let asks = ["怎么办理", "在哪里查", "多久能好", "为什么失败", "可以取消吗", "要收费吗"];
    let mut word = || words[rng.usize(..words.len())];
    let (a, b) = (word(), word());
    format!("{a}{b}{}{number}号", asks[rng.usize(..asks.len())])
}

async fn write(clients: &mut Clients, noted: &Noted, op: &Op) -> Result<(), Status> {
    match op {
        Op::Put { id, question } => {
            let given = pb::Article { name: article_name(BASE, id), ..article(question, &[], question) };
            if noted.articles.contains_key(id) {
                let update_mask = Some(mask(&["standard_question", "answers"]));
                let request = pb::UpdateArticleRequest { article: Some(given), update_mask, ..Default::default() };
                clients.knowledge.update_article(request).await?;
            } else {
                let request = pb::CreateArticleRequest {
                    parent: base_name(BASE),
                    article_id: id.clone(),
                    article: Some(given),
                    ..Default::default()
                };
                clients.knowledge.create_article(request).await?;
            }
        }
        Op::Delete { id } => {
            let request = pb::DeleteArticleRequest { name: article_name(BASE, id), ..Default::default() };
            clients.knowledge.delete_article(request).await?;
        }
        Op::Rate => {
            let request = pb::RecordSatisfactionRequest { answer_record: rated(), score: 5, ..Default::default() };
            clients.feedback.record_satisfaction(request).await?;
        }
    }
    Ok(())
}

fn rated() -> String {
    format!("knowledgeBases/{BASE}/answerRecords/rated")
}

/// Writes until the server is gone; returns the write that was under way then.
async fn write_until_killed(
    child: &mut ServeChild,
    noted: &mut Noted,
    rng: &mut fastrand::Rng,
    first: usize,
) -> Option<Op> {
    let mut clients = Clients::connect(child.address).await;
    let (at, delay) = (rng.usize(..WRITES), Duration::from_micros(rng.u64(..4_000)));
    let pid = child.id();
    let mut killer = None;
    let mut under_way = None;
    for number in 0..WRITES {
        if number == at {
            killer = Some(std::thread::spawn(move || {
                std::thread::sleep(delay);
                signal("-9", pid);
            }));
        }
        let op = noted.choose(rng, first + number);
        match write(&mut clients, noted, &op).await {
            Ok(()) => noted.apply(&op),
            Err(status) => {
                assert!(number >= at, "write {number} failed before the kill: {status:?}");
                under_way = Some(op);
                break;
            }
        }
    }
    killer.expect("the moment is within the writes").join().expect("it was killed");
    child.kill();
    under_way
}

/// Every article that the server lists, with its question.
async fn listed(clients: &mut Clients) -> BTreeMap<String, String> {
    let request = pb::ListArticlesRequest { parent: base_name(BASE), page_size: 1_000, ..Default::default() };
    let page = clients.knowledge.list_articles(request).await.expect("a page").into_inner();
    page.articles.into_iter().map(|article| (id_of(&article.name).to_owned(), article.standard_question)).collect()
}

/// Compares the store with what was noted, and takes over what became of the write that was under way.
async fn check_store(clients: &mut Clients, noted: &mut Noted, under_way: Option<Op>, round: usize) {
    let found = listed(clients).await;
    if found == noted.articles {
        return;
    }
    let op = under_way.unwrap_or_else(|| panic!("round {round}: acknowledged writes were lost"));
    noted.apply(&op);
    assert_eq!(found, noted.articles, "round {round}: acknowledged writes were lost, {op:?} was under way");
}

/// Compares the index with the store: counts, lag, and what questions find.
async fn check_index(clients: &mut Clients, noted: &Noted, rng: &mut fastrand::Rng, round: usize) {
    let request = pb::GetIndexStatusRequest { knowledge_base: base_name(BASE) };
    let status = clients.indexing.get_index_status(request).await.expect("a status").into_inner();
    assert_eq!(status.lag_revisions, 0, "round {round}: a server that serves has caught up: {status:?}");
    assert_eq!(status.article_count as usize, noted.articles.len(), "round {round}: {status:?}");
    assert_eq!(status.phrasing_count, status.article_count, "round {round}: {status:?}");
    let live: Vec<(&String, &String)> = noted.articles.iter().collect();
    for _ in 0..SAMPLE.min(live.len()) {
        let (id, question) = live[rng.usize(..live.len())];
        assert_eq!(exact(clients, question).await, [id.as_str()], "round {round}: {question}");
    }
    for _ in 0..SAMPLE.min(noted.retired.len()) {
        let question = &noted.retired[rng.usize(..noted.retired.len())];
        assert_eq!(exact(clients, question).await, [""; 0], "round {round}: {question} is retired");
    }
}

/// The articles that a question finds word for word.
async fn exact(clients: &mut Clients, question: &str) -> Vec<String> {
    let request = pb::SearchArticlesRequest {
        knowledge_bases: vec![base_name(BASE)],
        text: question.to_owned(),
        max_results: 50,
        ..Default::default()
    };
    let found = clients.assist.search_articles(request).await.expect("a reply").into_inner().candidates;
    let exact = found.iter().filter(|candidate| candidate.match_type() == pb::MatchType::Exact);
    exact.map(|candidate| id_of(&candidate.article).to_owned()).collect()
}

#[tokio::test]
async fn killed_at_any_moment_nothing_acknowledged_is_lost() {
    let folder = TempDir::new().expect("a folder");
    let mut rng = fastrand::Rng::with_seed(30);
    let mut noted = Noted::default();
    let mut num_broken_off = 0;
    let mut child = ServeChild::start(folder.path(), &[]);
    Base::create(Clients::connect(child.address).await, BASE).await;
    for round in 0..ROUNDS {
        let under_way = write_until_killed(&mut child, &mut noted, &mut rng, round * WRITES).await;
        num_broken_off += usize::from(under_way.is_some());
        noted.num_doubtful_ratings += usize::from(matches!(under_way, Some(Op::Rate)));
        child = ServeChild::start(folder.path(), &[]);
        let mut clients = Clients::connect(child.address).await;
        check_store(&mut clients, &mut noted, under_way.filter(|op| !matches!(op, Op::Rate)), round).await;
        check_index(&mut clients, &noted, &mut rng, round).await;
    }
    child.kill();
    assert!(num_broken_off >= ROUNDS / 2, "only {num_broken_off} kills met a write");
    check_ratings(folder.path(), &noted);
}

/// Opens the folder in this process, for the wire lists no ratings, and counts them: at least those acknowledged.
fn check_ratings(folder: &std::path::Path, noted: &Noted) {
    let app = App::start(&config(Some(folder.to_owned())), &StoreKind::FolderWithIndexInMemory).expect("it starts");
    let kept = app.store.satisfaction_of("rated").expect("a store").len();
    let most = noted.num_ratings + noted.num_doubtful_ratings;
    assert!((noted.num_ratings..=most).contains(&kept), "{kept} ratings, {} to {most} were given", noted.num_ratings);
    app.stop();
}
