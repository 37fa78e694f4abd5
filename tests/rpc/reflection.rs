//! grpc.reflection.v1: what a client without the protos sees.

use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::{Code, Status};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::harness::server::demo;

async fn ask(request: MessageRequest) -> Result<MessageResponse, Status> {
    let mut client = ServerReflectionClient::new(demo().clients().await.channel);
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
    let mut replies = client.server_reflection_info(tokio_stream::once(request)).await?.into_inner();
    Ok(replies.message().await?.expect("a reply").message_response.expect("set"))
}

#[tokio::test]
async fn every_service_is_listed() {
    let Ok(MessageResponse::ListServicesResponse(list)) = ask(MessageRequest::ListServices(String::new())).await else {
        panic!("a list is asked for");
    };
    let names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    for want in [
        "yingda.v1.Assist",
        "yingda.v1.TextTools",
        "yingda.v1.Knowledge",
        "yingda.v1.Lexicon",
        "yingda.v1.Rules",
        "yingda.v1.Feedback",
        "yingda.v1.Indexing",
        "yingda.v1.Evaluation",
        "yingda.v1.Models",
        "yingda.v1.ServerInfo",
        "google.longrunning.Operations",
        "grpc.health.v1.Health",
    ] {
        assert!(names.contains(&want), "{want}: {names:?}");
    }
}

#[tokio::test]
async fn a_symbol_leads_to_its_file() {
    let symbol = MessageRequest::FileContainingSymbol("yingda.v1.Assist".to_owned());
    let Ok(MessageResponse::FileDescriptorResponse(files)) = ask(symbol).await else { panic!("a file is asked for") };
    let file = FileDescriptorProto::decode(files.file_descriptor_proto[0].as_slice()).expect("a descriptor");
    let methods: Vec<&str> = file.service[0].method.iter().map(|method| method.name()).collect();
    assert_eq!(methods, ["Answer", "Suggest", "Analyze", "BatchAnalyze", "SearchArticles"]);
    let unknown = ask(MessageRequest::FileContainingSymbol("yingda.v1.Nothing".to_owned())).await;
    assert_eq!(unknown.expect_err("no such symbol").code(), Code::NotFound);
}
