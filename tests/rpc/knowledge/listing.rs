//! Lists of articles: pages, filters, tokens.

use yingda::rpc::pb;

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article, base_name, id_of},
    server::{demo, shared},
};

fn request(base: &str, page_size: i32, filter: &str) -> pb::ListArticlesRequest {
    pb::ListArticlesRequest { parent: base_name(base), page_size, filter: filter.to_owned(), ..Default::default() }
}

/// Lists to the end; returns ids and the number of pages.
async fn all(base: &Base, page_size: i32, filter: &str) -> (Vec<String>, usize) {
    let mut clients = base.clients.clone();
    let (mut ids, mut num_pages) = (Vec::new(), 0);
    let mut request = request(&base.id, page_size, filter);
    loop {
        let page = clients.knowledge.list_articles(request.clone()).await.expect("a page").into_inner();
        ids.extend(page.articles.iter().map(|article| id_of(&article.name).to_owned()));
        num_pages += 1;
        if page.next_page_token.is_empty() {
            assert_eq!(page.total_size as usize, ids.len(), "{filter}: the size is that of all pages");
            return (ids, num_pages);
        }
        request.page_token = page.next_page_token;
    }
}

async fn filled(id: &str) -> Base {
    let mut base = Base::create(shared().clients().await, id).await;
    for (id, question, domain, tag, state) in [
        ("invoice-company", "怎么开公司抬头的发票", "invoice", "开票", pb::ArticleState::Active),
        ("invoice-personal", "怎么开个人抬头的发票", "invoice", "开票", pb::ArticleState::Draft),
        ("invoice-red", "退货后发票怎么处理", "invoice", "红冲", pb::ArticleState::Active),
        ("refund-time", "退款多久到账", "return_refund", "退款", pb::ArticleState::Active),
        ("track", "快递\"到哪\"了", "logistics", "物流", pb::ArticleState::Disabled),
    ] {
        let mut article = article(question, &[], "答案。");
        article.domain = domain.to_owned();
        article.tags = vec![tag.to_owned()];
        article.set_state(state);
        base.add(id, article).await;
    }
    base
}

#[tokio::test]
async fn pages_tile_the_list() {
    let base = filled("list-pages").await;
    let want = ["invoice-company", "invoice-personal", "invoice-red", "refund-time", "track"];
    for (size, pages) in [(1, 5), (2, 3), (3, 2), (5, 1), (6, 1), (0, 1)] {
        let (ids, num_pages) = all(&base, size, "").await;
        assert_eq!((ids.as_slice(), num_pages), (want.map(str::to_owned).as_slice(), pages), "{size}");
    }
}

#[tokio::test]
async fn filters_keep_what_meets_all_conditions() {
    let base = filled("list-filter").await;
    for (filter, want) in [
        ("state:ACTIVE", &["invoice-company", "invoice-red", "refund-time"][..]),
        ("state:DRAFT", &["invoice-personal"]),
        ("domain:invoice", &["invoice-company", "invoice-personal", "invoice-red"]),
        ("tag:开票", &["invoice-company", "invoice-personal"]),
        ("id:invoice-p", &["invoice-personal"]),
        ("text:抬头", &["invoice-company", "invoice-personal"]),
        ("text:\"抬头\" AND state:ACTIVE AND domain:invoice", &["invoice-company"]),
        (r#"text:"快递\"到""#, &["track"]),
        ("domain:nothing", &[]),
    ] {
        let (ids, _) = all(&base, 2, filter).await;
        assert_eq!(ids, want, "{filter}");
    }
}

#[tokio::test]
async fn a_filter_or_page_that_makes_no_sense_is_refused() {
    let base = filled("list-wrong").await;
    let mut clients = base.clients.clone();
    for filter in ["抬头", "colour:red", "state:GONE", "domain:a OR tag:b", "text:\"open", "domain:a AND domain:b"] {
        let refused = clients.knowledge.list_articles(request("list-wrong", 0, filter)).await;
        refusal::check(refused, Refusal::fields(&["filter"]));
    }
    for size in [-1, 1_001] {
        let refused = clients.knowledge.list_articles(request("list-wrong", size, "")).await;
        refusal::check(refused, Refusal::fields(&["page_size"]));
    }
    let first = clients.knowledge.list_articles(request("list-wrong", 1, "domain:invoice")).await.expect("a page");
    let token = first.into_inner().next_page_token;
    for (filter, page_token) in [("", token.as_str()), ("domain:invoice", "zz"), ("domain:invoice", "退")] {
        let other = pb::ListArticlesRequest { page_token: page_token.to_owned(), ..request("list-wrong", 1, filter) };
        refusal::check(clients.knowledge.list_articles(other).await, Refusal::fields(&["page_token"]));
    }
    let nowhere = clients.knowledge.list_articles(request("nowhere", 0, "")).await;
    refusal::check(nowhere, Refusal::of(tonic::Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    let malformed = pb::ListArticlesRequest { parent: "retail".to_owned(), ..Default::default() };
    refusal::check(clients.knowledge.list_articles(malformed).await, Refusal::fields(&["parent"]));
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_though_articles_come_and_go() {
    let mut base = filled("list-moving").await;
    let first = base.clients.knowledge.list_articles(request("list-moving", 2, "")).await.expect("a page").into_inner();
    base.delete("invoice-personal").await;
    base.add("a-first", article("排在最前", &[], "答案。")).await;
    let next = pb::ListArticlesRequest { page_token: first.next_page_token, ..request("list-moving", 10, "") };
    let rest = base.clients.knowledge.list_articles(next).await.expect("a page").into_inner();
    let ids: Vec<&str> = rest.articles.iter().map(|article| id_of(&article.name)).collect();
    assert_eq!(ids, ["invoice-red", "refund-time", "track"]);
}

#[tokio::test]
async fn the_demo_bases_are_listed_whole() {
    let mut clients = demo().clients().await;
    for base in ["bank", "electronics", "retail", "telecom"] {
        let page = clients.knowledge.list_articles(request(base, 1_000, "")).await.expect("a page").into_inner();
        assert_eq!((page.articles.len(), page.total_size), (80, 80), "{base}");
    }
}
