//! Files of articles: imports in pieces, exports in pieces.

use tonic::{Code, Response, Status};
use yingda::rpc::pb::{self, import_articles_request::Content};

use crate::harness::{
    refusal::{self, Refusal},
    sample::{Base, article, article_name, base_name, id_of},
    server::{Clients, demo, shared},
};

fn settings(base: &str, format: pb::FileFormat, mode: pb::ImportMode) -> pb::ImportSettings {
    pb::ImportSettings { parent: base_name(base), format: format.into(), mode: mode.into(), ..Default::default() }
}

fn jsonl(base: &str, mode: pb::ImportMode) -> pb::ImportSettings {
    settings(base, pb::FileFormat::Jsonl, mode)
}

/// Sends a file in pieces of a size.
async fn import_in(
    clients: &Clients,
    settings: pb::ImportSettings,
    data: &[u8],
    piece: usize,
) -> Result<Response<pb::ImportArticlesResponse>, Status> {
    let pieces = data.chunks(piece).map(|piece| Content::Data(piece.to_vec()));
    let contents: Vec<Content> = std::iter::once(Content::Settings(settings)).chain(pieces).collect();
    send(clients, contents).await
}

async fn send(clients: &Clients, contents: Vec<Content>) -> Result<Response<pb::ImportArticlesResponse>, Status> {
    let messages = contents.into_iter().map(|content| pb::ImportArticlesRequest { content: Some(content) });
    clients.knowledge.clone().import_articles(tokio_stream::iter(messages)).await
}

async fn import(clients: &Clients, settings: pb::ImportSettings, text: &str) -> pb::ImportArticlesResponse {
    import_in(clients, settings, text.as_bytes(), 1 << 20).await.expect("an import").into_inner()
}

async fn export(clients: &Clients, base: &str, format: pb::FileFormat, filter: &str) -> Result<Vec<u8>, Status> {
    let request =
        pb::ExportArticlesRequest { parent: base_name(base), format: format.into(), filter: filter.to_owned() };
    let mut pieces = clients.knowledge.clone().export_articles(request).await?.into_inner();
    let mut data = Vec::new();
    while let Some(piece) = pieces.message().await? {
        assert!(piece.data.len() <= 1 << 20, "a piece is at most a mebibyte");
        data.extend(piece.data);
    }
    Ok(data)
}

/// Created, updated, unchanged, deleted, failed.
fn counts(report: &pb::ImportArticlesResponse) -> [i32; 5] {
    [report.created, report.updated, report.unchanged, report.deleted, report.failed]
}

fn row(id: &str, question: &str) -> String {
    serde_json::json!({"id": id, "standard_question": question, "answer": "答案。"}).to_string()
}

#[tokio::test]
async fn what_goes_out_comes_in_again() {
    let mut base = Base::create(shared().clients().await, "file-round").await;
    let source = demo().clients().await;
    for format in [pb::FileFormat::Jsonl, pb::FileFormat::Csv] {
        let data = export(&source, "electronics", format, "").await.expect("an export");
        assert_eq!(data.starts_with("\u{feff}".as_bytes()), format == pb::FileFormat::Csv, "{format:?}");
        let mode = pb::ImportMode::Replace;
        // Pieces of an odd size cut characters in two.
        let report = import_in(&base.clients, settings("file-round", format, mode), &data, 1_001).await;
        let report = report.expect("an import").into_inner();
        assert_eq!(report.failed, 0, "{:?}", report.rows);
        assert_eq!(report.created + report.unchanged, 80, "{report:?}");
        assert_eq!(export(&base.clients, "file-round", format, "").await.expect("an export"), data, "{format:?}");
        base.token = report.consistency_token;
    }
    assert_eq!(base.search("怎么申请寄修？").await[0], "mail-in-repair");
}

#[tokio::test]
async fn modes_differ_in_what_is_there_already() {
    let mut base = Base::create(shared().clients().await, "file-modes").await;
    let clients = base.clients.clone();
    let two = [row("a", "怎么退货"), row("b", "怎么换货")].join("\n");
    let mode = |mode| jsonl("file-modes", mode);
    assert_eq!(counts(&import(&clients, mode(pb::ImportMode::Append), &two).await), [2, 0, 0, 0, 0]);
    let report =
        import(&clients, mode(pb::ImportMode::Append), &[row("a", "改了"), row("c", "怎么维修")].join("\n")).await;
    assert_eq!(counts(&report), [1, 0, 0, 0, 1]);
    assert_eq!((report.rows[0].line, report.rows[0].article.as_str()), (1, article_name("file-modes", "a").as_str()));
    assert!(report.rows[0].error.contains("exists"), "{:?}", report.rows);
    let merged = [row("a", "怎么退货呢"), row("b", "怎么换货")].join("\n");
    assert_eq!(counts(&import(&clients, mode(pb::ImportMode::Merge), &merged).await), [0, 1, 1, 0, 0]);
    let dry = pb::ImportSettings { dry_run: true, ..mode(pb::ImportMode::Replace) };
    let report = import(&clients, dry, &row("a", "怎么退货啊")).await;
    assert_eq!((counts(&report), report.consistency_token.as_str()), ([0, 1, 0, 2, 0], ""));
    let failing = [row("a", "怎么退货啊"), row("b", "")].join("\n");
    let report = import(&clients, mode(pb::ImportMode::Replace), &failing).await;
    assert_eq!(counts(&report), [0, 0, 0, 0, 1], "nothing changes where a row fails");
    let report = import(&clients, mode(pb::ImportMode::Replace), &row("a", "怎么退货啊")).await;
    assert_eq!(counts(&report), [0, 1, 0, 2, 0]);
    base.token = report.consistency_token;
    assert_eq!(base.search("怎么退货啊").await, ["a"]);
    let listed = base
        .clients
        .knowledge
        .list_articles(pb::ListArticlesRequest { parent: base.name.clone(), ..Default::default() });
    let names: Vec<String> =
        listed.await.expect("a page").into_inner().articles.into_iter().map(|one| one.name).collect();
    assert_eq!(names.iter().map(|name| id_of(name)).collect::<Vec<_>>(), ["a"]);
}

#[tokio::test]
async fn every_row_says_what_is_wrong_with_it() {
    let base = Base::create(shared().clients().await, "file-rows").await;
    let rows = [
        row("good", "怎么退货"),
        "not json".to_owned(),
        String::new(),
        row("Bad-Id", "怎么换货"),
        row("good", "同一个编号"),
        r#"{"id": "colour", "standard_question": "问题", "answer": "答案", "colour": "red"}"#.to_owned(),
        r#"{"id": "none", "standard_question": "没有答案"}"#.to_owned(),
        row("twice", "怎么退貨"),
    ];
    let mut data = rows.join("\n").into_bytes();
    data.extend(b"\n{\"id\": \"utf8\", \"standard_question\": \"\xff\xfe\", \"answer\": \"a\"}\n");
    let settings = jsonl("file-rows", pb::ImportMode::Merge);
    let report = import_in(&base.clients, settings, &data, 7).await.expect("an import").into_inner();
    assert_eq!((report.created, report.failed), (2, 6), "{:?}", report.rows);
    let errors: Vec<(i32, &str)> =
        report.rows.iter().filter(|row| !row.error.is_empty()).map(|row| (row.line, row.error.as_str())).collect();
    assert_eq!(errors.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 5, 6, 7, 9]);
    for ((_, error), word) in errors.iter().zip(["", "id", "line 1", "colour", "answers.im", "UTF-8"]) {
        assert!(error.to_lowercase().contains(&word.to_lowercase()), "{word}: {error}");
    }
    let warned = report.rows.iter().find(|row| !row.warnings.is_empty()).expect("the same question twice");
    assert_eq!(warned.line, 8, "{warned:?}");
}

#[tokio::test]
async fn tables_come_in_too() {
    let mut base = Base::create(shared().clients().await, "file-csv").await;
    let csv = "\u{feff}id,standard_question,similar_questions,answer_im,answer_email,tags,domain\r\n\
        refund,退款多久到账,退款几天|钱几天退,\"三天,\n最迟五天。\",您好,退款|时间,return_refund\r\n\
        ,没有编号,,答案,,,\r\n";
    let report = import(&base.clients, settings("file-csv", pb::FileFormat::Csv, pb::ImportMode::Merge), csv).await;
    assert_eq!((report.created, report.failed), (1, 1), "{:?}", report.rows);
    let name = article_name("file-csv", "refund");
    let got =
        base.clients.knowledge.get_article(pb::GetArticleRequest { name }).await.expect("it is there").into_inner();
    assert_eq!(got.similar_questions, ["退款几天", "钱几天退"]);
    assert_eq!(got.answers.expect("answers").im, "三天,\n最迟五天。");
    assert_eq!(
        (got.tags.as_slice(), got.domain.as_str()),
        (&["退款".to_owned(), "时间".to_owned()][..], "return_refund")
    );
    let no_header =
        import_in(&base.clients, settings("file-csv", pb::FileFormat::Csv, pb::ImportMode::Merge), b"a,b\n1,2\n", 9);
    assert_eq!(no_header.await.expect_err("no such columns").code(), Code::InvalidArgument);
}

#[tokio::test]
async fn exports_can_be_filtered() {
    let mut base = Base::create(shared().clients().await, "file-filter").await;
    let mut invoice = article("怎么开发票", &[], "点开票。");
    invoice.domain = "invoice".to_owned();
    base.add("invoice", invoice).await;
    base.add("refund", article("怎么退款", &[], "点退款。")).await;
    let data = export(&base.clients, "file-filter", pb::FileFormat::Jsonl, "domain:invoice").await.expect("an export");
    let text = String::from_utf8(data).expect("UTF-8");
    assert!(text.lines().count() == 1 && text.contains("\"invoice\""), "{text}");
    let none = export(&base.clients, "file-filter", pb::FileFormat::Jsonl, "domain:nothing").await.expect("an export");
    assert!(none.is_empty());
}

#[tokio::test]
async fn wrong_settings_and_orders_are_refused_by_field() {
    let base = Base::create(shared().clients().await, "file-wrong").await;
    let clients = &base.clients;
    let good = || jsonl("file-wrong", pb::ImportMode::Merge);
    let data = || Content::Data(row("a", "怎么退货").into_bytes());
    let settings = |settings| Content::Settings(settings);
    refusal::check(send(clients, vec![]).await, Refusal::fields(&["settings"]));
    refusal::check(send(clients, vec![data()]).await, Refusal::fields(&["settings"]));
    refusal::check(send(clients, vec![settings(good()), settings(good())]).await, Refusal::fields(&["data"]));
    let nothing = pb::ImportSettings::default();
    let fields = ["settings.parent", "settings.format", "settings.mode"];
    refusal::check(send(clients, vec![settings(nothing), data()]).await, Refusal::fields(&fields));
    let unknown = pb::ImportSettings { format: 9, mode: -1, ..good() };
    let fields = ["settings.format", "settings.mode"];
    refusal::check(send(clients, vec![settings(unknown), data()]).await, Refusal::fields(&fields));
    let large = vec![settings(good()), Content::Data(vec![b' '; (1 << 20) + 1])];
    refusal::check(send(clients, large).await, Refusal::fields(&["data"]));
    let nowhere = jsonl("nowhere", pb::ImportMode::Merge);
    let refused = send(clients, vec![settings(nowhere), data()]).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    let refused = export(clients, "nowhere", pb::FileFormat::Jsonl, "").await.expect_err("no such base");
    refusal::check_status(&refused, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
    let refused = export(clients, "file-wrong", pb::FileFormat::Unspecified, "").await.expect_err("no format");
    refusal::check_status(&refused, Refusal::fields(&["format"]));
    let refused = export(clients, "file-wrong", pb::FileFormat::Csv, "colour:red").await.expect_err("no such key");
    refusal::check_status(&refused, Refusal::fields(&["filter"]));
}

#[tokio::test]
async fn a_file_beyond_the_limits_is_refused_and_the_server_stays_up() {
    let base = Base::create(shared().clients().await, "file-huge").await;
    let piece = vec![b'\n'; 1 << 20];
    let mut contents = vec![Content::Settings(jsonl("file-huge", pb::ImportMode::Merge))];
    contents.extend(std::iter::repeat_n(Content::Data(piece), 65));
    let status = send(&base.clients, contents).await.expect_err("65 MiB");
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert!(status.message().contains("data"), "{status:?}");
    let report = import(&base.clients, jsonl("file-huge", pb::ImportMode::Merge), &row("a", "怎么退货")).await;
    assert_eq!(report.created, 1);
}
