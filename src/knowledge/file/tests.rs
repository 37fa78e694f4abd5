use super::*;
use crate::{
    domain::{ArticleId, ArticleState, Audience, Channel, Domain, Timestamp},
    knowledge::{tests::article, validate::settle_article},
};

fn one(format: FileFormat, data: &str) -> std::result::Result<Article, String> {
    let rows = read_articles(format, data.as_bytes()).expect("a file");
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_iter().next().expect("one row").article
}

fn check_error(data: &str, want: &str) {
    let error = one(FileFormat::Jsonl, data).expect_err(data);
    assert!(error.contains(want), "{data}: {error}");
}

#[test]
fn json_lines_take_the_short_forms() {
    let bare = r#"{"id": "a", "standard_question": "退款", "similar_questions": ["退钱"], "answer": "三天。"}"#;
    let given = one(FileFormat::Jsonl, bare).expect("good");
    let mut want = article("a", "退款");
    want.similar_questions = vec!["退钱".to_owned()];
    want.answers.im = "三天。".to_owned();
    assert_eq!(given, want);

    let nulls = r#"{"id": "a", "standard_question": "退款", "tags": null, "answers": {"im": "答复", "email": null},
        "audience": "agent", "channels": ["im"], "state": "DRAFT", "pinned": null, "domain": null,
        "effective_time": "2026-11-01T00:00:00+08:00"}"#;
    let given = one(FileFormat::Jsonl, &nulls.replace('\n', " ")).expect("good");
    assert_eq!((given.audiences, given.channels), (vec![Audience::Agent], vec![Channel::Im]));
    assert_eq!((given.state, given.domain.as_str()), (ArticleState::Draft, "other"));
    assert_eq!(given.effective_time, Some(Timestamp(1_793_462_400_000)));
}

#[test]
fn rows_say_what_is_wrong() {
    let row = |rest: &str| format!(r#"{{"id": "a", "standard_question": "退款", "answer": "x"{rest}}}"#);
    check_error("{", "EOF while parsing");
    check_error("[]", "invalid length 0");
    check_error(&row(r#", "colour": 1"#), "unknown field `colour`");
    check_error(&row(r#", "tags": [1]"#), "expected a string");
    check_error(&row(r#", "answers": {"im": "y"}"#), "answer: is not allowed beside answers");
    check_error(&row(r#", "state": "gone""#), "state: \"gone\" must be draft");
    check_error(&row(r#", "channels": ["fax"]"#), "channels: \"fax\" is unknown");
    check_error(&row(r#", "expire_time": "tomorrow""#), "expire_time: \"tomorrow\" must be an RFC 3339 time");
    check_error(&row(r#", "follow_up_questions": ["退"]"#), "follow_up_questions: \"退\" is not an identifier");
    check_error(r#"{"id": "A b", "standard_question": "", "answer": ""}"#, "id: \"A b\" is not an identifier");
    check_error(r#"{"id": "a", "standard_question": "", "answer": ""}"#, "standard_question: must have 1 to 500");
    check_error(r#"{"id": "a", "answer": ""}"#, "missing field `standard_question`");
    let all = one(FileFormat::Jsonl, r#"{"id": "a", "standard_question": "", "answer": "{"}"#).expect_err("two");
    assert!(all.contains("standard_question") && all.contains("answers.im: has a malformed slot"), "{all}");
}

#[test]
fn lines_are_counted_and_bad_bytes_named() {
    let mut data = b"\n{\"id\": \"a\", \"standard_question\": \"q\", \"answer\": \"x\"}\r\n  \n{\"id\": \"".to_vec();
    data.extend([0xff, 0xfe]);
    data.extend(b"\"}\n{\"id\": \"b\"}");
    let rows = read_articles(FileFormat::Jsonl, &data).expect("a file");
    let lines: Vec<(u64, Option<&str>, bool)> =
        rows.iter().map(|row| (row.line, row.id.as_deref(), row.article.is_ok())).collect();
    assert_eq!(lines, [(2, Some("a"), true), (4, None, false), (5, Some("b"), false)]);
    assert!(rows[1].article.as_ref().is_err_and(|error| error.contains("not UTF-8 from byte 9")), "{rows:?}");
}

#[test]
fn csv_is_read_as_spreadsheets_write_it() {
    let data = "\u{feff}ID,standard_question,similar_questions,answer,audience,pinned,metadata\r\n\
        a,退款,退钱|还钱\\|退,\"第一行\n第二行\",agent,TRUE,\"{\"\"k\"\": \"\"v\"\"}\"\r\n\
        ,,,,,,\r\n\
        b,换货,,x,,,\r\n\
        c,换货,,x,,maybe,\r\n\
        d,换货\r\n";
    let lines = |data: &str| -> Vec<(u64, Option<String>)> {
        let rows = read_articles(FileFormat::Csv, data.as_bytes()).expect("a file");
        rows.into_iter().map(|row| (row.line, row.id)).collect()
    };
    let want = [(2, "a"), (5, "b"), (6, "c"), (7, "d")].map(|(line, id)| (line, Some(id.to_owned())));
    assert_eq!(lines(data), want);
    assert_eq!(lines(&data.replace("\r\n", "\n")), want);
    let rows = read_articles(FileFormat::Csv, data.as_bytes()).expect("a file");
    let first = rows[0].article.as_ref().expect("good");
    assert_eq!(
        (first.similar_questions.as_slice(), first.pinned),
        (&["退钱".to_owned(), "还钱|退".to_owned()][..], true)
    );
    assert_eq!((first.answers.im.as_str(), first.metadata["k"].as_str()), ("第一行\n第二行", "v"));
    assert!(rows[1].article.is_ok());
    assert!(rows[2].article.as_ref().is_err_and(|error| error.contains("pinned: \"maybe\"")));
    assert!(rows[3].article.as_ref().is_err_and(|error| error.contains("2 cells where the header has 7")));
}

#[test]
fn csv_headers_are_checked_as_a_whole() {
    let check = |data: &[u8], want: &str| {
        let error = read_articles(FileFormat::Csv, data).expect_err(want);
        assert!(error.violations().iter().any(|violation| violation.description.contains(want)), "{error}");
    };
    check(b"", "no header");
    check(b"id,answer", "\"standard_question\" is missing");
    check(b"id,standard_question,answer,colour", "unknown column \"colour\"");
    check(b"id,standard_question,answer,answer_im", "\"answer_im\" is there twice");
    let rows = read_articles(FileFormat::Csv, b"id,standard_question,answer\na,\xff\xfe,x").expect("a file");
    assert!(rows[0].article.as_ref().is_err_and(|error| error.contains("standard_question: is not UTF-8")));
}

#[test]
fn limits_are_kept() {
    let data = vec![b'\n'; MAX_FILE_BYTES + 1];
    assert!(matches!(read_articles(FileFormat::Jsonl, &data), Err(KnowledgeError::TooLarge { unit: "bytes", .. })));
    let data = "{}\n".repeat(MAX_FILE_ROWS + 1);
    let read = read_articles(FileFormat::Jsonl, data.as_bytes());
    assert!(matches!(read, Err(KnowledgeError::TooLarge { unit: "rows", .. })));
}

fn text(rng: &mut fastrand::Rng, serial: usize) -> String {
    let parts = ["退款", "|", "\\", "\\|", ",", "\"", "\n", " ", "a", "；", "'", "\t", "{slot}", "=1"];
    let body: String = (0..rng.usize(..6)).map(|_| parts[rng.usize(..parts.len())]).collect();
    format!("{body}词{serial}")
}

fn texts(rng: &mut fastrand::Rng, most: usize, serial: &mut usize) -> Vec<String> {
    (0..rng.usize(..most))
        .map(|_| {
            *serial += 1;
            text(rng, *serial)
        })
        .collect()
}

fn random_article(rng: &mut fastrand::Rng, no: usize) -> Article {
    let mut serial = 0;
    let mut given = article(&format!("a{no}"), &text(rng, 0));
    given.similar_questions = texts(rng, 4, &mut serial);
    given.negative_questions = texts(rng, 3, &mut serial);
    given.tags = texts(rng, 3, &mut serial);
    given.answers.im = text(rng, 0);
    given.answers.email = rng.bool().then(|| text(rng, 0));
    given.answers.phone = rng.bool().then(|| text(rng, 0));
    given.domain = Domain(if rng.bool() { "invoice".to_owned() } else { String::new() });
    given.metadata = texts(rng, 3, &mut serial).into_iter().map(|key| (key, text(rng, 0))).collect();
    given.audiences = Audience::ALL.into_iter().filter(|_| rng.bool()).collect();
    given.channels = Channel::ALL.into_iter().filter(|_| rng.bool()).collect();
    given.state = ArticleState::ALL[rng.usize(..4)];
    given.effective_time = rng.bool().then(|| Timestamp(rng.i64(-62_135_596_800_000..0)));
    given.expire_time = rng.bool().then(|| Timestamp(rng.i64(0..=253_402_300_799_999)));
    given.pinned = rng.bool();
    given.follow_up_questions = (0..rng.usize(..3)).filter_map(|n| ArticleId::try_new(format!("f{n}")).ok()).collect();
    settle_article(&mut given);
    given
}

#[test]
fn what_is_written_is_read_back() {
    let mut rng = fastrand::Rng::with_seed(3);
    for format in [FileFormat::Jsonl, FileFormat::Csv] {
        let articles: Vec<Article> = (0..300).map(|no| random_article(&mut rng, no)).collect();
        let mut data = write_header(format);
        articles.iter().for_each(|article| data.extend(write_row(format, article)));
        let rows = read_articles(format, &data).expect("a file");
        for (row, article) in rows.iter().zip(&articles) {
            assert_eq!(row.article.as_ref(), Ok(article), "{format:?}");
        }
        assert_eq!(rows.len(), articles.len());
    }
}
