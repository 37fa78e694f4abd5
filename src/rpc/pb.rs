//! The messages and services compiled from `proto/`.

/// `google.api`, `google.rpc`, `google.longrunning`.
#[allow(missing_docs, clippy::all, rustdoc::all)]
pub mod google {
    pub mod api {
        tonic::include_proto!("google.api");
    }
    pub mod rpc {
        tonic::include_proto!("google.rpc");
    }
    pub mod longrunning {
        tonic::include_proto!("google.longrunning");
    }
}

/// `yingda.v1`.
pub mod yingda {
    pub mod v1 {
        tonic::include_proto!("yingda.v1");
    }
}

pub use yingda::v1::*;

/// The compiled descriptors of every service.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
