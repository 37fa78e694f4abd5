//! A tiny BERT folder with random weights, made from nothing: it understands nothing, and is what an encoder is in form.

use std::{fs, path::Path};

use safetensors::tensor::{Dtype, TensorView, serialize};

/// How wide its vectors are.
pub const WIDTH: usize = 32;
const INNER: usize = 64;
const POSITIONS: usize = 64;
const CHARS: &str = "退货款换发票快递运费会员积分优惠券怎么办理多久到账可以吗为什么不能开通取消查询订单地址修改";

/// Writes the folder.
pub fn write(dir: &Path) {
    let mut words: Vec<String> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(str::to_owned).to_vec();
    for character in CHARS.chars().map(String::from) {
        if !words.contains(&character) {
            words.push(character);
        }
    }
    fs::write(dir.join("tokenizer.json"), tokenizer(&words).to_string()).expect("written");
    let config = serde_json::json!({"model_type": "bert", "hidden_size": WIDTH, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": INNER, "vocab_size": words.len(),
        "max_position_embeddings": POSITIONS, "layer_norm_eps": 1e-12, "hidden_act": "gelu"});
    fs::write(dir.join("config.json"), config.to_string()).expect("written");
    fs::write(dir.join("model.safetensors"), weights(words.len())).expect("written");
}

fn tokenizer(words: &[String]) -> serde_json::Value {
    let ids: serde_json::Map<String, serde_json::Value> =
        words.iter().enumerate().map(|(id, word)| (word.clone(), id.into())).collect();
    serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "decoder": null,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": ids},
    })
}

fn weights(num_words: usize) -> Vec<u8> {
    let mut parts: Vec<(String, Vec<usize>, bool)> = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![num_words, WIDTH], false),
        ("embeddings.position_embeddings.weight".to_owned(), vec![POSITIONS, WIDTH], false),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![2, WIDTH], false),
    ];
    let layer = "encoder.layer.0";
    for norm in
        ["embeddings.LayerNorm", &format!("{layer}.attention.output.LayerNorm"), &format!("{layer}.output.LayerNorm")]
    {
        parts.push((format!("{norm}.weight"), vec![WIDTH], true));
        parts.push((format!("{norm}.bias"), vec![WIDTH], false));
    }
    for (name, num_out, num_in) in [
        ("attention.self.query", WIDTH, WIDTH),
        ("attention.self.key", WIDTH, WIDTH),
        ("attention.self.value", WIDTH, WIDTH),
        ("attention.output.dense", WIDTH, WIDTH),
        ("intermediate.dense", INNER, WIDTH),
        ("output.dense", WIDTH, INNER),
    ] {
        parts.push((format!("{layer}.{name}.weight"), vec![num_out, num_in], false));
        parts.push((format!("{layer}.{name}.bias"), vec![num_out], false));
    }
    let mut rng = fastrand::Rng::with_seed(9);
    let mut bytes = |shape: &[usize], is_scale: bool| -> Vec<u8> {
        let mut value = || if is_scale { 1.0f32 } else { rng.f32() - 0.5 };
        (0..shape.iter().product()).flat_map(|_| value().to_le_bytes()).collect()
    };
    let data: Vec<(String, Vec<usize>, Vec<u8>)> = parts
        .into_iter()
        .map(|(name, shape, is_scale)| {
            let bytes = bytes(&shape, is_scale);
            (name, shape, bytes)
        })
        .collect();
    let views = data.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many values as the shape"))
    });
    serialize(views, None).expect("names are distinct")
}
