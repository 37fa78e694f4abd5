//! The second stage, with an encoder that is one in form only.

use std::path::Path;

use tempfile::TempDir;
use yingda::{
    app::EncoderConfig,
    assist::{self, Ask},
    domain::{Inquiry, KnowledgeBaseId, Reply},
    model::bert::Bits,
};

use crate::harness::{
    MOMENT, encoder,
    sample::{Base, article},
    server::{Running, Setup},
};

fn configured(path: &Path, skip_above: f32) -> EncoderConfig {
    EncoderConfig {
        path: path.to_owned(),
        prefixes: Vec::new(),
        bits: Bits::Four,
        skip_above,
        max_tokens: 32,
        cache_entries: 8,
    }
}

async fn filled(server: &Running) -> Base {
    let mut base = Base::create(server.clients().await, "shop").await;
    base.add("refund", article("怎么退货退款", &["不想要了能退吗"], "在订单里申请")).await;
    base.add("invoice", article("怎么开发票", &["发票多久到"], "在订单里开")).await;
    base.add("coupon", article("优惠券怎么领", &[], "在会员页领")).await;
    base.search("退货").await;
    server.app.wait_encoded();
    base
}

fn reply(server: &Running, text: &str, explain: bool) -> Reply {
    let inquiry = Inquiry::im(text);
    let shop = [KnowledgeBaseId::try_new("shop").expect("an id")];
    let ask =
        Ask { inquiry: &inquiry, knowledge_bases: &shop, now: MOMENT, deadline: None, max_candidates: 5, explain };
    assist::answer(&server.app.live.load(), &ask).expect("a reply")
}

fn went_on(reply: &Reply) -> bool {
    reply.timings.iter().any(|timing| timing.stage == assist::SECOND_STAGE)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_first_stage_is_not_sure_the_second_looks() {
    let folder = TempDir::new().expect("a folder");
    encoder::write(folder.path());
    let server = Running::start(&Setup { encoder: Some(configured(folder.path(), 1.0)), ..Setup::default() });
    let mut base = filled(&server).await;
    let plain = reply(&server, "发票要多久", false);
    assert!(went_on(&plain) && plain.degraded.is_empty(), "{plain:?}");
    let total: f32 = plain.candidates.iter().map(|candidate| candidate.confidence).sum();
    assert!(total <= 1.0 && plain.candidates.is_sorted_by(|a, b| a.confidence >= b.confidence));
    // The encoder brings every article in; the index found those that share a character.
    assert_eq!(plain.candidates.len(), 3);
    let explained = reply(&server, "发票要多久", true);
    let shares = &explained.candidates[0].features;
    for name in ["encoder_cosine", "best_lead", "second_stage_bias", "bm25"] {
        assert!(shares.iter().any(|share| share.name == name), "{name}: {shares:?}");
    }
    let confidences = |reply: &Reply| reply.candidates.iter().map(|one| one.confidence).collect::<Vec<_>>();
    assert_eq!(confidences(&explained), confidences(&plain));
    // What is new is encoded behind the answers.
    base.add("points", article("积分怎么查询", &[], "在会员页查")).await;
    base.search("退货").await;
    server.app.wait_encoded();
    assert!(went_on(&reply(&server, "积分要多久", false)));
    let answered = base.answer("发票要多久").await;
    assert!(!answered.degraded, "{answered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_first_stage_is_sure_it_is_left_alone() {
    let folder = TempDir::new().expect("a folder");
    encoder::write(folder.path());
    let server = Running::start(&Setup { encoder: Some(configured(folder.path(), 0.0)), ..Setup::default() });
    filled(&server).await;
    assert!(!went_on(&reply(&server, "发票要多久", false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_outlive_the_process_and_only_new_wordings_are_encoded() {
    let folder = TempDir::new().expect("a folder");
    let (model, data) = (folder.path().join("model"), folder.path().join("data"));
    std::fs::create_dir(&model).expect("a folder");
    encoder::write(&model);
    let setup = Setup { encoder: Some(configured(&model, 1.0)), folder: Some(data.clone()), ..Setup::default() };
    let file = data.join("encoder.vectors");
    let size = || std::fs::metadata(&file).expect("a file").len();
    // A key, a scale, the values, a sum.
    let entry = 16 + 4 + encoder::WIDTH as u64 + 4;
    let header = 8 + 4 + 32;
    let server = Running::start(&setup);
    filled(&server).await;
    assert_eq!(size(), header + 5 * entry);
    server.stop().await.expect("a good end");
    // What is cut off is encoded again.
    std::fs::OpenOptions::new()
        .write(true)
        .open(&file)
        .and_then(|file| file.set_len(header + 4 * entry + 7))
        .expect("cut");
    let server = Running::start(&setup);
    server.app.wait_encoded();
    assert!(went_on(&reply(&server, "发票要多久", false)));
    assert_eq!(size(), header + 5 * entry);
    let mut base = Base::of(server.clients().await, "shop");
    base.add("points", article("积分怎么查询", &["怎么开发票"], "在会员页查")).await;
    base.search("退货").await;
    server.app.wait_encoded();
    assert_eq!(size(), header + 6 * entry, "one wording is known from another article");
    server.stop().await.expect("a good end");
}
