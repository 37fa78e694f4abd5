use std::sync::Arc;

use super::*;
use crate::{
    domain::{ArticleId, ArticleNo, Revision, StoreEpoch, SynonymSet},
    text::{Overlay, grams, normalize},
};

fn article(no: u64, questions: &[&str]) -> Arc<IndexedArticle> {
    samples::article(no, questions, &["绝不相干"])
}

fn applied(revision: u64) -> Applied {
    Applied { epoch: StoreEpoch("e".to_owned()), revision: Revision(revision) }
}

fn find(searcher: &Searcher, text: &str) -> Vec<(u64, usize)> {
    let normalized = normalize(text);
    let query: Vec<WeightedGram> =
        grams(normalized.as_str()).map(|gram| WeightedGram { text: gram.to_owned(), weight: 1.0 }).collect();
    let hits = searcher.search(&query, 10).expect("a search");
    hits.into_iter().map(|hit| (hit.article.0, hit.phrasing_idx)).collect()
}

#[test]
fn unspaced_chinese_finds_its_phrasing_first() {
    let mut index = ArticleIndex::in_memory(Settings::default()).expect("an index");
    let articles = [article(1, &["怎么开发票", "发票抬头怎么改"]), article(2, &["退货运费谁出"])];
    let searcher = index.apply(Batch { upserts: &articles, ..Batch::default() }, applied(2)).expect("a commit");
    assert_eq!(find(&searcher, "發票抬頭改一下")[0], (1, 1));
    assert_eq!(find(&searcher, "运费谁付")[0], (2, 0));
    assert_eq!(find(&searcher, "绝不相干"), []);
    assert_eq!(find(&searcher, "\" OR 订单号:A123"), []);
}

#[test]
fn batches_replace_delete_and_clear() {
    let mut index = ArticleIndex::in_memory(Settings::default()).expect("an index");
    let first = [article(1, &["怎么开发票"]), article(2, &["退货运费谁出"])];
    index.apply(Batch { upserts: &first, ..Batch::default() }, applied(2)).expect("a commit");
    let again = [article(1, &["如何退款"])];
    let batch = Batch { upserts: &again, deletes: &[ArticleNo(2)], clear: false };
    let searcher = index.apply(batch, applied(4)).expect("a commit");
    assert_eq!(find(&searcher, "发票"), []);
    assert_eq!(find(&searcher, "运费"), []);
    assert_eq!(find(&searcher, "退款"), [(1, 0)]);
    // Applying it once more changes nothing.
    let searcher = index.apply(batch, applied(4)).expect("a commit");
    assert_eq!(searcher.num_docs(), 1);
    let searcher = index.apply(Batch { clear: true, ..Batch::default() }, applied(5)).expect("a commit");
    assert_eq!(searcher.num_docs(), 0);
}

#[test]
fn equal_phrasings_stand_in_the_order_of_their_articles_however_they_came() {
    let found = |order: [u64; 3]| {
        let mut index = ArticleIndex::in_memory(Settings::default()).expect("an index");
        let mut found = Vec::new();
        for (revision, no) in (2..).zip(order) {
            let batch = [article(no, &["怎么开发票"])];
            let searcher =
                index.apply(Batch { upserts: &batch, ..Batch::default() }, applied(revision)).expect("a commit");
            found = find(&searcher, "发票");
        }
        found
    };
    for order in [[1, 2, 3], [3, 1, 2], [2, 3, 1]] {
        assert_eq!(found(order), [(1, 0), (2, 0), (3, 0)], "{order:?}");
    }
}

#[test]
fn a_folder_remembers_how_far_it_has_come() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let mut index = ArticleIndex::open(folder.path(), Settings::default()).expect("an index");
        assert_eq!(index.applied(), None);
        index.apply(Batch { upserts: &[article(1, &["开发票"])], ..Batch::default() }, applied(7)).expect("a commit");
    }
    let mut index = ArticleIndex::open(folder.path(), Settings::default()).expect("an index");
    assert_eq!(index.applied(), Some(&applied(7)));
    assert_eq!(find(&index.searcher().expect("a view"), "发票"), [(1, 0)]);
    index.rest().expect("nothing to wait for");
}

#[test]
fn the_table_counts_what_stands_in_it() {
    let gram = crate::text::gram_hash("发票");
    let table = Table::build([article(1, &["开发票", "发票抬头"]), article(2, &["退货"])]);
    assert_eq!((table.num_articles(), table.num_phrasings()), (2, 3));
    assert_eq!(table.document_frequency(gram), 2);
    let rarer = table.idf(gram);
    let table = table.with_changes(&[article(1, &["发票"])], &[]);
    assert!(table.idf(gram) != rarer && table.num_phrasings() == 2);
    let table = table.with_changes(&[], &[ArticleNo(1)]);
    assert!(table.document_frequency(gram) == 0 && table.article(ArticleNo(1)).is_none());
    assert!(table.article_by_id(&ArticleId::try_new("a2").expect("a good id")).is_some());
}

#[test]
fn another_lexicon_lays_the_table_anew() {
    let words = vec!["退钱".to_owned(), "退款".to_owned()];
    let overlay = Overlay::build(&[], &[SynonymSet { id: "refund".to_owned(), words }]).expect("an overlay");
    let table = Table::build([article(1, &["退款多久到"])]);
    let folded = table.relaid(&overlay);
    let canonical = |table: &Table| table.article(ArticleNo(1)).map(|one| one.phrasings[0].profile.canonical.clone());
    assert_eq!(canonical(&table).as_deref(), Some("退款多久到"));
    assert_eq!(canonical(&folded).as_deref(), Some("退钱多久到"));
}
