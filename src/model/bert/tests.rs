//! A tiny encoder with random weights, made here, against candle in f32.

use std::{collections::HashMap, fs, path::Path};

use candle_core::{DType, Device, Tensor};

use super::*;

const CHARS: &str = "退货款换发票快递运费会员积分优惠券怎么办理多久到账可以吗为什么不能开通取消查询订单地址修改";
const HIDDEN: usize = 64;
const INNER: usize = 128;
const POSITIONS: usize = 40;

/// Words of one character, of two letters and of special marks.
fn tokenizer() -> (serde_json::Value, usize) {
    let mut vocabulary: Vec<String> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(str::to_owned).to_vec();
    for character in CHARS.chars().map(String::from) {
        if !vocabulary.contains(&character) {
            vocabulary.push(character);
        }
    }
    vocabulary.extend(["q", "##q", ":"].map(str::to_owned));
    let ids: serde_json::Map<String, serde_json::Value> =
        vocabulary.iter().enumerate().map(|(id, word)| (word.clone(), id.into())).collect();
    let special = |id: usize, content: &str| {
        serde_json::json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true})
    };
    let json = serde_json::json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [special(0, "[PAD]"), special(1, "[UNK]"), special(2, "[CLS]"), special(3, "[SEP]")],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": ids},
    });
    (json, vocabulary.len())
}

fn random(rng: &mut fastrand::Rng, shape: &[usize], spread: f32, around: f32) -> Tensor {
    let num = shape.iter().product();
    let values: Vec<f32> = (0..num).map(|_| around + spread * (rng.f32() + rng.f32() + rng.f32() - 1.5)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor")
}

fn tensors(vocabulary: usize, prefix: &str, dtype: DType) -> HashMap<String, Tensor> {
    let mut rng = fastrand::Rng::with_seed(3);
    let mut tensors = HashMap::new();
    let mut add = |name: String, shape: &[usize], spread: f32, around: f32| {
        let tensor = random(&mut rng, shape, spread, around).to_dtype(dtype).expect("floats");
        tensors.insert(format!("{prefix}{name}"), tensor);
    };
    add("embeddings.word_embeddings.weight".to_owned(), &[vocabulary, HIDDEN], 1.0, 0.0);
    add("embeddings.position_embeddings.weight".to_owned(), &[POSITIONS, HIDDEN], 0.3, 0.0);
    add("embeddings.token_type_embeddings.weight".to_owned(), &[2, HIDDEN], 0.3, 0.0);
    let norms = ["attention.output.LayerNorm", "output.LayerNorm"];
    let mut norm_names = vec!["embeddings.LayerNorm".to_owned()];
    norm_names.extend((0..2).flat_map(|layer| norms.map(|name| format!("encoder.layer.{layer}.{name}"))));
    for name in norm_names {
        add(format!("{name}.weight"), &[HIDDEN], 0.2, 1.0);
        add(format!("{name}.bias"), &[HIDDEN], 0.2, 0.0);
    }
    for layer in 0..2 {
        for (name, num_out, num_in) in [
            ("attention.self.query", HIDDEN, HIDDEN),
            ("attention.self.key", HIDDEN, HIDDEN),
            ("attention.self.value", HIDDEN, HIDDEN),
            ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", INNER, HIDDEN),
            ("output.dense", HIDDEN, INNER),
        ] {
            add(format!("encoder.layer.{layer}.{name}.weight"), &[num_out, num_in], 0.2, 0.0);
            add(format!("encoder.layer.{layer}.{name}.bias"), &[num_out], 0.1, 0.0);
        }
    }
    tensors
}

/// How a folder differs from the usual one.
struct Folder {
    activation: &'static str,
    pooling: Option<&'static str>,
    prefix: &'static str,
    dtype: DType,
}

const USUAL: Folder = Folder { activation: "gelu", pooling: None, prefix: "", dtype: DType::F32 };

fn write(dir: &Path, folder: &Folder) {
    let (tokenizer, vocabulary) = tokenizer();
    let config = serde_json::json!({"model_type": "bert", "hidden_size": HIDDEN, "num_hidden_layers": 2,
        "num_attention_heads": 4, "intermediate_size": INNER, "vocab_size": vocabulary,
        "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        "hidden_act": folder.activation});
    fs::write(dir.join("config.json"), config.to_string()).expect("written");
    fs::write(dir.join("tokenizer.json"), tokenizer.to_string()).expect("written");
    if let Some(pooling) = folder.pooling {
        fs::create_dir_all(dir.join("1_Pooling")).expect("a folder");
        fs::write(dir.join("1_Pooling/config.json"), pooling).expect("written");
    }
    let tensors = tensors(vocabulary, folder.prefix, folder.dtype);
    candle_core::safetensors::save(&tensors, dir.join("model.safetensors")).expect("written");
}

/// An encoder for tests of those who use one; it understands nothing.
pub(crate) fn tiny() -> TextEncoder {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), &USUAL);
    TextEncoder::load(dir.path()).expect("it loads")
}

fn texts() -> Vec<String> {
    let chars: Vec<char> = CHARS.chars().collect();
    let mut rng = fastrand::Rng::with_seed(4);
    let mut texts: Vec<String> =
        (0..50).map(|idx| (0..1 + idx % 30).map(|_| chars[rng.usize(..chars.len())]).collect()).collect();
    texts[49] = "xyz 退".to_owned();
    texts
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn load(dir: &Path, bits: Bits, kernel: Kernel) -> TextEncoder {
    TextEncoder::load_with(dir, TextEncoderSettings { bits, kernel, ..TextEncoderSettings::default() })
        .expect("it loads")
}

fn least_cosine(dir: &Path, bits: Bits, kernel: Kernel) -> f32 {
    let reference = Reference::load(dir).expect("it loads");
    let encoder = load(dir, bits, kernel);
    let of = |text: &String| {
        let vector = encoder.encode(text).expect("a vector");
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-5);
        let readings = encoder.readings(text).expect("tokens");
        cosine(&vector, &reference.forward(&readings).expect("a vector")[0])
    };
    texts().iter().map(of).fold(1.0, f32::min)
}

#[test]
fn quantized_vectors_come_near_those_of_candle() {
    let dir = tempfile::tempdir().expect("a folder");
    let cls = Some(r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#);
    for folder in [
        USUAL,
        Folder { activation: "gelu_new", pooling: cls, ..USUAL },
        Folder { activation: "relu", prefix: "bert.", dtype: DType::F16, ..USUAL },
    ] {
        write(dir.path(), &folder);
        for kernel in Kernel::available() {
            let (eight, four) =
                (least_cosine(dir.path(), Bits::Eight, kernel), least_cosine(dir.path(), Bits::Four, kernel));
            assert!(eight >= 0.999, "{} {}: {eight}", kernel.name(), folder.activation);
            // Random weights have no structure that rounding would spare.
            assert!(four >= 0.97, "{} {}: {four}", kernel.name(), folder.activation);
        }
    }
}

#[test]
fn kernels_differ_by_rounding_only() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), &USUAL);
    for bits in [Bits::Four, Bits::Eight] {
        let vectors: Vec<Vec<Vec<f32>>> = Kernel::available()
            .into_iter()
            .map(|kernel| {
                let encoder = load(dir.path(), bits, kernel);
                texts().iter().map(|text| encoder.encode(text).expect("a vector")).collect()
            })
            .collect();
        for others in &vectors[1..] {
            for (a, b) in vectors[0].iter().zip(others) {
                // An input that lies between two steps may be rounded either way.
                assert!(cosine(a, b) > 0.99995, "{bits:?}: {}", cosine(a, b));
            }
        }
    }
}

#[test]
fn texts_together_get_what_each_gets_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), &USUAL);
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for kernel in Kernel::available() {
        let encoder = load(dir.path(), Bits::Four, kernel);
        let together = encoder.encode_batch(&texts).expect("vectors");
        for (text, vector) in texts.iter().zip(together) {
            assert_eq!(encoder.encode(text).expect("a vector"), vector, "{}", kernel.name());
        }
    }
    assert!(load(dir.path(), Bits::Four, Kernel::best()).encode_batch(&[]).expect("nothing").is_empty());
}

#[test]
fn a_text_read_after_two_prefixes_lies_between_both() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), &USUAL);
    let after = |prefixes: &[&str]| {
        let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        TextEncoder::load_with(dir.path(), TextEncoderSettings { prefixes, ..TextEncoderSettings::default() })
            .expect("it loads")
    };
    let (first, second, both) = (after(&["q: "]), after(&["d: "]), after(&["q: ", "d: "]));
    assert!(both.hash() != first.hash() && both.hash() != after(&["d: ", "q: "]).hash());
    for text in texts() {
        let of = |encoder: &TextEncoder| encoder.encode(&text).expect("a vector");
        let (first, second, both) = (of(&first), of(&second), of(&both));
        assert!((cosine(&both, &both) - 1.0).abs() < 1e-5);
        assert!((cosine(&both, &first) - cosine(&both, &second)).abs() < 1e-5, "{text}");
        assert!(cosine(&both, &first) > cosine(&first, &second), "{text}");
    }
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = both.encode_batch(&texts).expect("vectors");
    assert!(texts.iter().zip(together).all(|(text, vector)| both.encode(text).expect("a vector") == vector));
}

#[test]
fn long_texts_are_cut_and_prefixes_are_seen() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), &USUAL);
    let settings = TextEncoderSettings {
        max_tokens: Some(8),
        prefixes: vec!["q: ".to_owned(), String::new()],
        ..TextEncoderSettings::default()
    };
    let encoder = TextEncoder::load_with(dir.path(), settings).expect("it loads");
    let readings = |text: &str| encoder.readings(text).expect("tokens");
    let lengths = |text: &str| readings(text).iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!((lengths("退货退货退货退货"), encoder.max_tokens()), (vec![8, 8], 8));
    assert_eq!(lengths("退")[0], lengths("退")[1] + 2);
    // The end of a text is kept apart from its words.
    assert_eq!(readings("退货退货退货退货")[1].last(), Some(&3));
    assert!(encoder.encode("").is_ok());
    // A mark of the tokenizer's own is nothing but letters where a customer types it.
    assert!(lengths("[SEP]")[1] > 3);
    for wrong in [vec![], vec![2; 9], vec![2, 1_000_000]] {
        assert!(encoder.encode_readings(&[vec![2, 3], wrong]).is_err());
    }
    let usual = TextEncoder::load(dir.path()).expect("it loads");
    assert_eq!((usual.max_tokens(), usual.width()), (POSITIONS, HIDDEN));
    assert_ne!(usual.hash(), encoder.hash());
    assert_eq!(usual.hash(), TextEncoder::load(dir.path()).expect("it loads").hash());
}

#[test]
fn folders_that_do_not_fit_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), &USUAL);
    let refused = |want: &str| {
        let error = TextEncoder::load(dir.path()).expect_err(want).to_string();
        assert!(error.contains(want), "{error}");
    };
    let config = fs::read_to_string(dir.path().join("config.json")).expect("a file");
    let (_, vocabulary) = tokenizer();
    let smaller = config.replace(&format!("\"vocab_size\":{vocabulary}"), "\"vocab_size\":5");
    assert_ne!(smaller, config);
    fs::write(dir.path().join("config.json"), smaller).expect("written");
    refused("beyond the 5 of config.json");
    fs::write(dir.path().join("config.json"), config.replace("\"num_hidden_layers\":2", "\"num_hidden_layers\":3"))
        .expect("written");
    refused("encoder.layer.2.attention.self.query.weight is missing");
    fs::write(dir.path().join("config.json"), config.replace("\"intermediate_size\":128", "\"intermediate_size\":96"))
        .expect("written");
    refused("encoder.layer.0.intermediate.dense.weight is of shape [128, 64], not [96, 64]");
    fs::write(dir.path().join("config.json"), &config).expect("written");
    let mut broken = tensors(vocabulary, "", DType::F32);
    let nan = Tensor::from_vec(vec![f32::NAN; HIDDEN], HIDDEN, &Device::Cpu).expect("a tensor");
    broken.insert("embeddings.LayerNorm.bias".to_owned(), nan);
    candle_core::safetensors::save(&broken, dir.path().join("model.safetensors")).expect("written");
    refused("embeddings.LayerNorm.bias holds what is no number");
    fs::write(dir.path().join("model.safetensors"), "no tensors").expect("written");
    refused("model.safetensors is malformed");
    fs::write(dir.path().join("tokenizer.json"), "{}").expect("written");
    refused("tokenizer.json is malformed");
}
