use std::sync::Arc;

use super::*;
use crate::model::attention::{Attention, READ_WIDTH, SHAPES};
use crate::model::heads::Deep;
use crate::model::quantized::QuantizedTable;
use crate::model::vocabulary::{Vocabulary, unit_key};

const WIDTH: usize = 8;

/// Makes a bundle of random weights that knows a few characters.
fn random_bundle() -> Bundle {
    bundle_of(Domains::shipped())
}

fn bundle_of(domains: Domains) -> Bundle {
    let num_outputs = Layout::new(domains.as_slice().len()).num_outputs();
    let mut rng = fastrand::Rng::with_seed(7);
    let mut random = |count: usize| -> Vec<f32> { (0..count).map(|_| rng.f32() * 2.0 - 1.0).collect() };
    let keys: Vec<u64> = ["退", "货", "冒", "烟", "谢"].map(unit_key).to_vec();
    let table = QuantizedTable::from_rows(&random(keys.len() * WIDTH), WIDTH);
    let deep = Deep {
        input: WIDTH,
        hidden: random(3 * WIDTH),
        hidden_bias: random(3),
        output: random(3 * num_outputs),
        direct: random(WIDTH * num_outputs),
    };
    let wide = QuantizedTable::from_rows(&random(keys.len() * num_outputs), num_outputs);
    let marks = Vocabulary::new(keys.clone());
    let heads = Heads { marks, wide, deep, bias: random(num_outputs) };
    let description = Description {
        format: FORMAT,
        name: "test".to_owned(),
        version: "1".to_owned(),
        data_fingerprint: "none".to_owned(),
        provenance: "random".to_owned(),
        labels: LabelSet::of(domains),
        calibration: Calibration::default(),
        files: BTreeMap::new(),
    };
    let narrow = QuantizedTable::from_rows(&random(keys.len() * READ_WIDTH), READ_WIDTH);
    let attention = Attention::new(narrow, SHAPES.map(|(_, shape)| random(shape.iter().product())));
    let encoder = Encoder::new(Vocabulary::new(keys), table).with_attention(Some(Arc::new(attention)));
    Bundle { description, encoder, heads, hash: String::new() }
}

/// Saves a bundle, alters a file and expects loading to fail with `part` in the message.
fn check_refused(file: &str, alter: impl Fn(Vec<u8>) -> Vec<u8>, part: &str) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    random_bundle().save(dir.path()).expect("a writable folder");
    let path = dir.path().join(file);
    let altered = alter(fs::read(&path).expect("a saved file"));
    fs::write(&path, altered).expect("a writable file");
    let error = Bundle::load(dir.path()).expect_err(part).to_string();
    assert!(error.contains(part) && error.contains(file), "{error}");
}

fn replaced(from: &'static str, to: &'static str) -> impl Fn(Vec<u8>) -> Vec<u8> {
    move |bytes| {
        let text = String::from_utf8(bytes).expect("json is text");
        assert!(text.contains(from), "{text}");
        text.replacen(from, to, 1).into_bytes()
    }
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let bundle = random_bundle();
    bundle.save(dir.path()).expect("a writable folder");
    let loaded = Bundle::load(dir.path()).expect("a bundle just saved");
    assert_eq!((loaded.name(), loaded.version(), loaded.data_fingerprint()), ("test", "1", "none"));
    assert_eq!(loaded.labels(), &LabelSet::shipped());
    for text in ["退货", "冒烟谢谢", "货", "hello", ""] {
        let input = Input { text, words: &[] };
        assert_eq!(loaded.classify(input), bundle.classify(input), "{text}");
        assert_eq!(loaded.embed(input), bundle.embed(input), "{text}");
    }
    assert!(
        loaded.encoder().is_same(bundle.encoder()) && !loaded.encoder().is_same(&bundle.encoder().without_attention())
    );
}

#[test]
fn own_domains_are_kept_and_nothing_else_is_said() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let names = ["visa", "other", "tax", "land-registry", "parking_2"];
    let domains = Domains::try_new(names.map(str::to_owned).to_vec()).expect("a good list");
    let bundle = bundle_of(domains.clone());
    bundle.save(dir.path()).expect("a writable folder");
    let loaded = Bundle::load(dir.path()).expect("a bundle just saved");
    assert_eq!(loaded.domains(), &domains);
    assert_eq!(loaded.hash(), sha256(&fs::read(dir.path().join(DESCRIPTION_FILE)).expect("a saved file")));
    for text in ["退货", "冒烟谢谢", "hello", ""] {
        let found = loaded.classify(Input { text, words: &[] });
        assert_eq!(found, bundle.classify(Input { text, words: &[] }), "{text}");
        let mut said: Vec<&str> = found.domains.iter().map(|(domain, _)| domain.as_str()).collect();
        said.sort_unstable();
        assert_eq!(said, ["land-registry", "other", "parking_2", "tax", "visa"], "{text}");
    }
    assert_eq!(loaded.classify(Input { text: "hello", words: &[] }).domains[0].0, "other", "nothing of it is known");
}

#[test]
fn a_sealed_file_is_part_of_the_bundle() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    random_bundle().save(dir.path()).expect("a writable folder");
    let first = Bundle::load(dir.path()).expect("a bundle just saved").hash().to_owned();
    fs::write(dir.path().join("ranker.json"), "{}").expect("a writable folder");
    Bundle::seal(dir.path(), "ranker.json").expect("both are there");
    assert_ne!(Bundle::load(dir.path()).expect("nothing was altered").hash(), first);
    fs::write(dir.path().join("ranker.json"), "{ }").expect("a writable folder");
    let error = Bundle::load(dir.path()).expect_err("it was altered").to_string();
    assert!(error.contains("ranker.json does not match the hash"), "{error}");
}

#[test]
fn saving_twice_gives_the_same_bytes() {
    let bytes = || tensors::serialize(&random_bundle().encoder, &random_bundle().heads);
    assert_eq!(bytes(), bytes());
}

#[test]
fn what_was_altered_is_refused() {
    check_refused(
        WEIGHTS_FILE,
        |mut bytes| {
            *bytes.last_mut().expect("weights are not empty") ^= 1;
            bytes
        },
        "does not match the hash",
    );
    check_refused(DESCRIPTION_FILE, |_| b"{".to_vec(), "malformed");
    check_refused(DESCRIPTION_FILE, replaced("\"format\": 2", "\"format\": 99"), "has format 99");
    check_refused(DESCRIPTION_FILE, replaced("\"complaint\"", "\"grumble\""), "types of the label set must be");
    check_refused(DESCRIPTION_FILE, replaced("\"invoice\"", "\"Invoice\""), "domain \"Invoice\" must be");
    check_refused(DESCRIPTION_FILE, replaced("\"weights.safetensors\"", "\"../weights\""), "no file of the folder");
    check_refused(DESCRIPTION_FILE, replaced("1.0", "-1.0"), "out of range");
    let without_other: fn(Vec<u8>) -> Vec<u8> = |bytes| {
        let text = String::from_utf8(bytes).expect("json is text");
        let at = text.find("\"finance\"").expect("a domain");
        format!("{}{}", &text[..at], text[at..].replacen("\"other\"", "\"misc\"", 1)).into_bytes()
    };
    check_refused(DESCRIPTION_FILE, without_other, "\"other\" is missing");
    let one_label_less = |dir: &Path| {
        let path = dir.join(DESCRIPTION_FILE);
        let text = fs::read_to_string(&path).expect("a saved file");
        fs::write(path, text.replacen("\"invoice\",", "", 1)).expect("a writable file");
    };
    let dir = tempfile::tempdir().expect("a temporary folder");
    random_bundle().save(dir.path()).expect("a writable folder");
    one_label_less(dir.path());
    let error = Bundle::load(dir.path()).expect_err("weights and labels do not fit").to_string();
    assert!(error.contains("wide.values is 27 wide, not 26"), "{error}");
    let missing = Bundle::load(Path::new("/nonexistent")).expect_err("no such folder");
    assert!(missing.to_string().contains("bundle.json"), "{missing}");
}

#[test]
fn tensors_of_a_wrong_shape_are_refused() {
    let bundle = random_bundle();
    let check = |heads: Heads, part: &str| {
        let bytes = tensors::serialize(&bundle.encoder, &heads);
        let mut tensors = Tensors::parse(Path::new("weights"), &bytes).expect("valid safetensors");
        let encoder = tensors::take_encoder(&mut tensors).expect("an intact encoder");
        let error = tensors::take_heads(&mut tensors, encoder.width(), 27).expect_err(part).to_string();
        assert!(error.contains(part), "{error}");
    };
    let mut heads = bundle.heads.clone();
    heads.bias[3] = f32::NAN;
    check(heads, "bias holds what is no number");
    let mut heads = bundle.heads.clone();
    heads.wide = QuantizedTable::from_rows(&[0.5; 5 * 4], 4);
    check(heads, "wide.values is 4 wide");
    for (name, part) in [("attention.gates", "attention.gates has 5 values"), ("attention.back", "is missing")] {
        let bytes = tensors::serialize(&bundle.encoder, &bundle.heads);
        let mut tensors = Tensors::parse(Path::new("weights"), &bytes).expect("valid safetensors");
        tensors.shorten(name, if part == "is missing" { None } else { Some(5) });
        let error = tensors::take_encoder(&mut tensors).expect_err(part).to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn no_text_gives_what_is_no_number() {
    let bundle = random_bundle();
    let mut rng = fastrand::Rng::with_seed(3);
    let letters: Vec<char> = "退货冒烟谢a1 ,。?".chars().collect();
    for _ in 0..500 {
        let text: String = (0..rng.usize(..30)).map(|_| letters[rng.usize(..letters.len())]).collect();
        let input = Input { text: &text, words: &[] };
        let found = bundle.classify(input);
        let shares = found.types.iter().map(|(_, share)| *share).chain(found.type_presence);
        let shares = shares.chain(found.domains.iter().map(|(_, share)| *share));
        assert!(shares.into_iter().all(|share| (0.0..=1.0).contains(&share)), "{text}: {found:?}");
        if let Some(vector) = bundle.embed(input) {
            let length: f32 = vector.iter().map(|value| value * value).sum();
            assert!((length - 1.0).abs() < 1e-4, "{text}: {length}");
        }
    }
}
