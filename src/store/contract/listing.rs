//! Listing articles by filter and page.

use super::sample::{article, article_id, base_id};
use super::{change, create_base};
use crate::domain::{Article, ArticleId, ArticleState, Domain};
use crate::store::{ArticleChange, ArticleFilter, Store};

fn fill(store: &dyn Store) {
    let base = create_base(store, "shop");
    let other = create_base(store, "bank");
    let plain = |id: &str, state, domain: &str| Article {
        standard_question: String::new(),
        similar_questions: Vec::new(),
        tags: Vec::new(),
        state,
        domain: Domain(domain.into()),
        ..article(id)
    };
    let text = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
    let articles = [
        Article { tags: text(&["a", "b"]), ..plain("a-1", ArticleState::Active, "order") },
        Article { tags: text(&["ab"]), ..plain("a-2", ArticleState::Draft, "order") },
        Article { tags: text(&["a|b", "A"]), ..plain("ab", ArticleState::Active, "payment") },
        Article { tags: text(&["a\\pb"]), ..plain("b-1", ArticleState::Disabled, "payment") },
        Article {
            standard_question: "退款 100% 到账".into(),
            similar_questions: text(&["第一行\n第二行", "Refund_time"]),
            ..plain("q-1", ArticleState::InReview, "return_refund")
        },
        Article { negative_questions: text(&["退款"]), ..plain("q-2", ArticleState::InReview, "return") },
    ];
    let changes = |list: &[Article]| list.iter().map(|given| ArticleChange::Create(Box::new(given.clone()))).collect();
    change(store, &base, changes(&articles)).unwrap();
    change(store, &other, changes(&articles)).unwrap();
}

pub(super) fn filters(store: &dyn Store) {
    #[track_caller]
    fn check(store: &dyn Store, filter: ArticleFilter, expected: &[&str]) {
        let page = store.articles(&base_id("shop"), &filter, None, 100).unwrap();
        let ids: Vec<&str> = page.articles.iter().map(|article| article.id.as_str()).collect();
        assert_eq!(ids, expected, "{filter:?}");
        assert_eq!((page.total, page.has_more), (expected.len() as u64, false), "{filter:?}");
    }
    let all = ArticleFilter::default;
    let tag = |tag: &str| ArticleFilter { tag: Some(tag.into()), ..all() };
    let prefix = |prefix: &str| ArticleFilter { id_prefix: Some(prefix.into()), ..all() };
    let text = |text: &str| ArticleFilter { text: Some(text.into()), ..all() };
    let state = |state| ArticleFilter { state: Some(state), ..all() };
    let domain = |domain: &str| ArticleFilter { domain: Some(domain.into()), ..all() };
    let everything = ["a-1", "a-2", "ab", "b-1", "q-1", "q-2"];
    fill(store);
    check(store, all(), &everything);
    check(store, state(ArticleState::Active), &["a-1", "ab"]);
    check(store, state(ArticleState::InReview), &["q-1", "q-2"]);
    check(store, domain("return"), &["q-2"]);
    check(store, domain(""), &[]);
    check(store, tag("a"), &["a-1"]);
    check(store, tag("b"), &["a-1"]);
    check(store, tag("a|b"), &["ab"]);
    check(store, tag("A"), &["ab"]);
    check(store, tag("a\\pb"), &["b-1"]);
    check(store, tag("|"), &[]);
    check(store, tag(""), &[]);
    check(store, prefix("a"), &["a-1", "a-2", "ab"]);
    check(store, prefix("a-"), &["a-1", "a-2"]);
    check(store, prefix(""), &everything);
    for odd in ["%", "_", "A", "a-1x", "退", "a\0"] {
        check(store, prefix(odd), &[]);
    }
    check(store, text(""), &everything);
    check(store, text("退款"), &["q-1"]);
    check(store, text("0%"), &["q-1"]);
    check(store, text("%"), &["q-1"]);
    check(store, text("_time"), &["q-1"]);
    check(store, text("refund"), &[]);
    check(store, text("一行\n第二"), &["q-1"]);
    check(store, text("到账\n第一行"), &[]);
    check(store, text("\n"), &["q-1"]);
    let both = ArticleFilter { tag: Some("a".into()), ..state(ArticleState::Draft) };
    check(store, both, &[]);
    let both = ArticleFilter { id_prefix: Some("a".into()), ..state(ArticleState::Active) };
    check(store, both, &["a-1", "ab"]);
}

pub(super) fn pages(store: &dyn Store) {
    #[track_caller]
    fn check(store: &dyn Store, (after, limit): (Option<&str>, usize), expected: (&[&str], bool)) {
        let after: Option<ArticleId> = after.map(article_id);
        let filter = ArticleFilter { id_prefix: Some("a".into()), ..ArticleFilter::default() };
        let page = store.articles(&base_id("shop"), &filter, after.as_ref(), limit).unwrap();
        let ids: Vec<&str> = page.articles.iter().map(|article| article.id.as_str()).collect();
        assert_eq!((ids.as_slice(), page.has_more), expected);
        assert_eq!(page.total, 3);
    }
    fill(store);
    check(store, (None, 2), (&["a-1", "a-2"], true));
    check(store, (Some("a-2"), 2), (&["ab"], false));
    check(store, (None, 3), (&["a-1", "a-2", "ab"], false));
    check(store, (Some("a-11"), 1), (&["a-2"], true));
    check(store, (Some("0"), usize::MAX), (&["a-1", "a-2", "ab"], false));
    check(store, (Some("z"), 2), (&[], false));
    check(store, (None, 0), (&[], true));
}
