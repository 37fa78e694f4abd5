use super::network::Batch;
use super::rows::tests::row;
use super::*;
use crate::domain::{InquiryType, Sentiment, Urgency};
use crate::model::features::{Input, visit_marks};
use crate::model::vocabulary::Vocabulary;
use crate::model::vocabulary::unit_key;
use crate::text::normalize;

const WORDS: [(&str, InquiryType, &str); 4] = [
    ("怎么开发票", InquiryType::Consultation, "invoice"),
    ("凭什么不退款", InquiryType::Complaint, "return_refund"),
    ("建议增加夜间配送", InquiryType::Suggestion, "logistics"),
    ("好的谢谢", InquiryType::Other, "other"),
];

fn rows() -> Vec<Row> {
    let prefix = ["", "你好", "请问", "那个", "嗯", "我说", "今天", "老板", "亲", "客服"];
    let suffix = ["", "啊", "吧", "呢", "哦"];
    let texts = prefix.iter().flat_map(|prefix| suffix.iter().map(move |suffix| (prefix, suffix)));
    let of_text = |(prefix, suffix): (&&str, &&str)| {
        WORDS.map(|(text, inquiry_type, domain)| {
            let mut row = row(&format!("{prefix}{text}{suffix}"), inquiry_type, domain);
            if inquiry_type == InquiryType::Complaint {
                (row.urgency, row.sentiment) = (Some(Urgency::Important), Some(Sentiment::Negative));
            }
            row
        })
    };
    texts.flat_map(of_text).collect()
}

fn encoder() -> Encoder {
    let mut rng = fastrand::Rng::with_seed(1);
    let texts: Vec<String> = "怎么开发票凭什不退款建议增加夜间配送好的谢".chars().map(String::from).collect();
    let values: Vec<f32> = (0..texts.len() * 8).map(|_| rng.f32() - 0.5).collect();
    let entries = Vocabulary::new(texts.iter().map(|text| unit_key(text)).collect());
    Encoder::new(entries, QuantizedTable::from_rows(&values, 8))
}

fn settings() -> Settings {
    Settings { num_networks: 2, num_epochs: 6, num_hidden: 4, ..Settings::default() }
}

fn trained() -> Trained {
    train(Lessons { rows: &rows(), ..Lessons::default() }, &encoder(), &settings(), &mut |_| {}).expect("enough rows")
}

#[test]
fn what_is_plain_is_learned() {
    let mut last = None;
    let phrasings = [PhrasingRow { text: "宽带怎么报修".to_owned(), domain: "telecom".to_owned() }];
    let mut tell = |progress: Progress| last = Some(progress);
    let lessons = Lessons { rows: &rows(), phrasings: &phrasings, ..Lessons::default() };
    let trained = train(lessons, &encoder(), &settings(), &mut tell).expect("enough rows");
    for head in &trained.report.heads {
        assert!(head.accuracy > 0.95, "{head}");
    }
    let last = last.expect("progress is told");
    assert_eq!((last.num_done, last.num_total), (24, 24));
    let report = evaluate(&trained.bundle, &rows(), 1);
    assert_eq!(report.num_rows, 200);
    assert!(report.heads[0].macro_f1 > 0.95, "{report}");
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let bytes = |trained: Trained| {
        let dir = tempfile::tempdir().expect("a temporary folder");
        trained.save(dir.path()).expect("a writable folder");
        ["bundle.json", "weights.safetensors"].map(|file| std::fs::read(dir.path().join(file)).expect("a saved file"))
    };
    assert_eq!(bytes(trained()), bytes(trained()));
}

#[test]
fn the_forward_by_hand_is_that_of_candle() {
    let Trained { bundle, .. } = trained();
    let heads = &bundle.heads;
    let weights = Weights { wide: heads.wide.to_rows(), deep: heads.deep.clone(), bias: heads.bias.clone() };
    let segmenter = Segmenter::shared();
    for text in ["怎么开发票", "凭什么不退款啊,怎么还不到", "好的", "夜间配送建议增加退款12315"]
    {
        let normalized = normalize(text);
        let words = segmenter.words(normalized.as_str());
        let input = Input { text: normalized.as_str(), words: &words };
        let mut marks: Vec<(u32, f32)> = Vec::new();
        visit_marks(input, |key| marks.extend(heads.marks.lookup(key).map(|row| (row as u32, 1.0))));
        let mut batch = Batch::default();
        batch.push(&marks, &bundle.embed(input).expect("known characters"));
        let candle = weights.forward(&batch).expect("shapes that fit");
        let by_hand = bundle.logits(input).expect("known characters");
        for (a, b) in candle[0].iter().zip(by_hand.all()) {
            assert!((a - b).abs() < 1e-4, "{text}: {a} {b}");
        }
    }
}

#[test]
fn folding_gives_the_mean() {
    const NUM_OUTPUTS: usize = 27;
    let part = |value: f32| Weights {
        wide: vec![value; NUM_OUTPUTS],
        deep: crate::model::heads::Deep {
            input: 2,
            hidden: vec![value; 2],
            hidden_bias: vec![0.5],
            output: vec![value; NUM_OUTPUTS],
            direct: vec![value; 2 * NUM_OUTPUTS],
        },
        bias: vec![value; NUM_OUTPUTS],
    };
    let mut batch = Batch::default();
    batch.push(&[(0, 1.0), (0, 1.0)], &[0.6, 0.8]);
    let logit = |weights: &Weights| weights.forward(&batch).expect("shapes that fit")[0][5];
    let mean = (logit(&part(1.0)) + logit(&part(-0.25))) / 2.0;
    assert!((logit(&Weights::folded(&[part(1.0), part(-0.25)])) - mean).abs() < 1e-5);
}

/// Trains where that must fail.
fn refused(rows: &[Row], background: &[Row]) -> String {
    let lessons = Lessons { rows, background, ..Lessons::default() };
    train(lessons, &encoder(), &settings(), &mut |_| {}).expect_err("too few rows").to_string()
}

#[test]
fn own_domains_are_learned_beside_rows_that_teach_the_rest() {
    let own_words =
        [("签证怎么办", "visa"), ("房产证在哪领", "land"), ("公司怎么报税", "tax"), ("你们几点下班", "other")];
    let own: Vec<Row> = (0..40)
        .flat_map(|n| {
            own_words.map(|(text, domain)| Row {
                inquiry_type: None,
                urgency: None,
                sentiment: None,
                ..row(&format!("{}{text}{}", "第".repeat(n % 4), n / 4), InquiryType::Other, domain)
            })
        })
        .collect();
    let background: Vec<Row> = rows().into_iter().map(|row| Row { domain: None, ..row }).collect();
    let names = ["land", "other", "tax", "visa", "parking"].map(str::to_owned).to_vec();
    let domains = Domains::try_new(names).expect("a good list");
    let settings = Settings { domains: domains.clone(), name: "hall".to_owned(), ..settings() };
    let lessons = Lessons { rows: &own, background: &background, ..Lessons::default() };
    let trained = train(lessons, &encoder(), &settings, &mut |_| {}).expect("enough rows");
    let [head] = trained.report.heads.as_slice() else { panic!("own rows have domains only: {}", trained.report) };
    assert_eq!((head.name, head.labels.as_slice()), ("domain", domains.as_slice()));
    assert!(head.accuracy > 0.95 && head.num_rows == trained.report.num_rows, "{head}");
    let segmenter = Segmenter::shared();
    let classify = |text: &str| {
        let words = segmenter.words(text);
        trained.bundle.classify(Input { text, words: &words })
    };
    assert_eq!(classify("请问签证怎么办").domains[0].0, "visa");
    assert_eq!(classify("凭什么不退款").primary_type().0, InquiryType::Complaint, "the background teaches types");
    assert!(!trained.bundle.description.calibration.temperatures.contains(&1.0), "each head is calibrated");
}

#[test]
fn too_few_rows_are_refused() {
    let error = refused(&rows()[..19], &rows());
    assert!(error.contains("19 rows, at least 20"), "{error}");
    let error = refused(&rows()[..30], &rows()[..60]);
    assert!(error.contains("90 rows, at least 100"), "{error}");
}

#[test]
fn a_question_that_no_row_teaches_is_refused() {
    let without = |blank: fn(&mut Row)| {
        let mut rows = rows();
        rows.iter_mut().for_each(blank);
        rows
    };
    type Blank = fn(&mut Row);
    let blanks: [(&str, Blank); 4] = [
        ("type", |row| row.inquiry_type = None),
        ("urgency", |row| row.urgency = None),
        ("domain", |row| row.domain = None),
        ("sentiment", |row| row.sentiment = None),
    ];
    for (name, blank) in blanks {
        let error = refused(&without(blank), &[]);
        assert!(
            error.contains(&format!("no row has a label for {name}: ")) && error.contains("--with-shipped"),
            "{error}"
        );
        let rows = without(blank);
        assert!(
            check_enough(Lessons { rows: &rows, background: &self::rows(), ..Lessons::default() }).is_ok(),
            "{name}"
        );
    }
    let phrasings = [PhrasingRow { text: "宽带怎么报修".to_owned(), domain: "telecom".to_owned() }];
    let rows = without(|row| row.domain = None);
    assert!(check_enough(Lessons { rows: &rows, phrasings: &phrasings, ..Lessons::default() }).is_ok());
}
