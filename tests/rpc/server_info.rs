//! `ServerInfo`.

use yingda::{
    domain::{DOMAINS, InquiryType, Sentiment, Urgency},
    rpc::pb,
};

use crate::harness::{
    MOMENT, on_wire,
    server::{Running, Setup, demo},
};

async fn info(server: &Running) -> pb::GetServerInfoResponse {
    server.clients().await.server_info.get_server_info(pb::GetServerInfoRequest {}).await.expect("a reply").into_inner()
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let info = info(demo()).await;
    assert_eq!(info.version, env!("CARGO_PKG_VERSION"));
    assert!(info.bundle.starts_with("yingda-base/"), "{}", info.bundle);
    assert!(!info.rules_version.is_empty() && !info.store_epoch.is_empty());
    assert_eq!((info.store.as_str(), info.knowledge_base_count), ("memory", 4));
    assert_eq!(info.start_time, Some(on_wire(MOMENT)));
    assert_eq!(info.answer_records_dropped, 0);
    let labels = info.label_set.expect("a label set");
    assert_eq!(labels.types, InquiryType::ALL.iter().map(|label| label.as_str()).collect::<Vec<_>>());
    assert_eq!(labels.urgencies, Urgency::ALL.iter().map(|label| label.as_str()).collect::<Vec<_>>());
    assert_eq!(labels.sentiments, Sentiment::ALL.iter().map(|label| label.as_str()).collect::<Vec<_>>());
    assert_eq!(labels.domains, DOMAINS);
    assert!(!info.degraded && info.degraded_reasons.is_empty());
}

#[tokio::test]
async fn a_store_keeps_its_epoch() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut epochs = Vec::new();
    for _ in 0..2 {
        let server = Running::start(&Setup { folder: Some(folder.path().to_owned()), ..Setup::default() });
        let info = info(&server).await;
        assert_eq!((info.store.as_str(), info.knowledge_base_count), ("sqlite", 0));
        epochs.push(info.store_epoch);
        server.stop().await.expect("it ends in order");
    }
    assert_eq!(epochs[0], epochs[1]);
}
