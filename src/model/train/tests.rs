use super::rows::tests::row;
use super::*;
use crate::domain::{InquiryType, Sentiment, Urgency};
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
                (row.urgency, row.sentiment) = (Urgency::Important, Sentiment::Negative);
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
    Encoder { entries, table: QuantizedTable::from_rows(&values, 8) }
}

fn settings() -> Settings {
    Settings { num_networks: 2, num_epochs: 6, num_hidden: 4, ..Settings::default() }
}

fn trained() -> Trained {
    train((&rows(), &[]), &encoder(), &settings(), &mut |_| {}).expect("enough rows")
}

#[test]
fn what_is_plain_is_learned() {
    let mut last = None;
    let phrasings = [PhrasingRow { text: "宽带怎么报修".to_owned(), domain: "telecom".to_owned() }];
    let mut tell = |progress: Progress| last = Some(progress);
    let trained = train((&rows(), &phrasings), &encoder(), &settings(), &mut tell).expect("enough rows");
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
        for (a, b) in candle[0].iter().zip(by_hand) {
            assert!((a - b).abs() < 1e-4, "{text}: {a} {b}");
        }
    }
}

#[test]
fn folding_gives_the_mean() {
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

#[test]
fn too_few_rows_are_refused() {
    let error = train((&rows()[..20], &[]), &encoder(), &settings(), &mut |_| {}).expect_err("20 rows are too few");
    assert!(error.to_string().contains("20 rows"), "{error}");
}
