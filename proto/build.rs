//! Compiles the protos without protoc; writes the descriptor set for reflection and for proto3 JSON.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const SERVICES: [&str; 11] = [
    "yingda/v1/assist.proto",
    "yingda/v1/text_tools.proto",
    "yingda/v1/knowledge.proto",
    "yingda/v1/lexicon.proto",
    "yingda/v1/rules.proto",
    "yingda/v1/feedback.proto",
    "yingda/v1/indexing.proto",
    "yingda/v1/evaluation.proto",
    "yingda/v1/models.proto",
    "yingda/v1/server_info.proto",
    "google/longrunning/operations.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(SERVICES, ["proto"])?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().build_client(true).build_server(true).compile_fds(descriptors)?;
    Ok(())
}
