//! Consistency tokens: what a write returns, and a read waits for.
//!
//! A token is opaque to callers: hexadecimal of a version, the store's epoch, the knowledge base, its revision and a
//! checksum, so that a token that was cut or mixed up is told from a good one. It is no secret and grants nothing. To
//! change the layout: raise [`VERSION`] and keep reading the old one.

use std::{
    fmt,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use super::{deadline, names, status::Failure};
use crate::{
    assist::Live,
    domain::{ErrorKind, KnowledgeBaseId, Revision, StoreEpoch},
    knowledge::Saved,
};

const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 4;
/// How long a caller without a deadline waits for its own write.
const PATIENCE: Duration = Duration::from_secs(2);
/// When a caller whose write is not yet seen may try again.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// A moment in the life of a knowledge base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub epoch: StoreEpoch,
    pub knowledge_base: KnowledgeBaseId,
    pub revision: Revision,
}

/// A text that no server wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a consistency token as a write returned it")
    }
}

/// Writes the token of a write.
pub(crate) fn of<T>(saved: &Saved<T>, knowledge_base: &KnowledgeBaseId) -> String {
    let Saved { epoch, revision, .. } = saved;
    Token { epoch: epoch.clone(), knowledge_base: knowledge_base.clone(), revision: *revision }.encode()
}

impl Token {
    /// Writes the token.
    pub(crate) fn encode(&self) -> String {
        let mut bytes = vec![VERSION];
        for text in [&self.epoch.0, self.knowledge_base.as_str()] {
            let len = u16::try_from(text.len()).expect("epochs and ids are far shorter than 64 KiB");
            bytes.extend(len.to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes.extend(self.revision.0.to_be_bytes());
        bytes.extend(checksum(&bytes));
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads a token; fails on anything but what [`Token::encode`] wrote.
    pub(crate) fn decode(text: &str) -> Result<Self, Malformed> {
        let bytes = from_hex(text).ok_or(Malformed)?;
        let (body, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(Malformed)?;
        if checksum(body) != *sum {
            return Err(Malformed);
        }
        let rest = body.strip_prefix(&[VERSION]).ok_or(Malformed)?;
        let (epoch, rest) = text_of(rest).ok_or(Malformed)?;
        let (base, rest) = text_of(rest).ok_or(Malformed)?;
        let revision = u64::from_be_bytes(rest.try_into().map_err(|_| Malformed)?);
        Ok(Self {
            epoch: StoreEpoch(epoch),
            knowledge_base: KnowledgeBaseId::try_new(base).map_err(|_| Malformed)?,
            revision: Revision(revision),
        })
    }
}

/// Waits until the serving snapshot has seen every token. Fails at once on a token of another life of the store, and
/// where the deadline comes first.
pub(crate) async fn wait(live: &Live, tokens: &[Token], deadline: Option<Instant>) -> Result<(), Failure> {
    if tokens.is_empty() {
        return Ok(());
    }
    let snap = live.load();
    check_epoch(tokens, &snap.shared.store_epoch)?;
    let until = deadline::until(deadline, Instant::now(), PATIENCE);
    let seen = |token: Token| async move { live.wait_for(&token.knowledge_base, token.revision).await };
    wait_until(tokens, until, seen).await
}

fn check_epoch(tokens: &[Token], epoch: &StoreEpoch) -> Result<(), Failure> {
    match tokens.iter().find(|token| token.epoch != *epoch) {
        None => Ok(()),
        Some(token) => Err(Failure::new(
            ErrorKind::FailedPrecondition,
            "CONSISTENCY_TOKEN_OTHER_EPOCH",
            "consistency token is of another life of the store, which was restored or replaced since",
        )
        .with("knowledge_base", names::of_knowledge_base(&token.knowledge_base))),
    }
}

async fn wait_until<F>(tokens: &[Token], until: Instant, seen: impl Fn(Token) -> F) -> Result<(), Failure>
where
    F: Future<Output = ()>,
{
    for token in tokens {
        if tokio::time::timeout_at(until.into(), seen(token.clone())).await.is_err() {
            return Err(Failure::new(
                ErrorKind::Unavailable,
                "WRITE_NOT_YET_VISIBLE",
                "the write of a consistency token is not visible here yet, try again",
            )
            .with("knowledge_base", names::of_knowledge_base(&token.knowledge_base))
            .with("revision", token.revision.0.to_string())
            .retry_after(RETRY_AFTER));
        }
    }
    Ok(())
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = Sha256::digest(bytes);
    [hash[0], hash[1], hash[2], hash[3]]
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().map(|byte| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    });
    let digits: Vec<u8> = digits.collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn text_of(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    Some((String::from_utf8(text.to_vec()).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};
    use tonic_types::StatusExt;

    use super::*;

    fn token(epoch: &str, revision: u64) -> Token {
        Token {
            epoch: StoreEpoch(epoch.to_owned()),
            knowledge_base: KnowledgeBaseId::try_new("retail-1").expect("an id"),
            revision: Revision(revision),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..300 {
            let epoch: String = (0..rng.usize(..40)).map(|_| rng.alphanumeric()).collect();
            let token = token(&epoch, rng.u64(..));
            assert_eq!(Token::decode(&token.encode()), Ok(token));
        }
    }

    #[test]
    fn every_other_text_is_malformed() {
        let good = token("e1", 42).encode();
        for bad in
            ["", "0", "zz", "退款", &good[1..], &good[..good.len() - 2], &good.to_uppercase(), &format!("{good}00")]
        {
            assert_eq!(Token::decode(bad), Err(Malformed), "{bad}");
        }
        for at in 0..good.len() {
            let mut changed = good.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).expect("ascii");
            assert_eq!(Token::decode(&changed), Err(Malformed), "{at}");
        }
    }

    #[test]
    fn another_epoch_is_a_failed_precondition() {
        assert!(check_epoch(&[token("a", 1)], &StoreEpoch("a".to_owned())).is_ok());
        let failure = check_epoch(&[token("a", 1), token("b", 1)], &StoreEpoch("a".to_owned())).expect_err("another");
        assert_eq!(Status::from(failure).code(), Code::FailedPrecondition);
    }

    #[tokio::test]
    async fn a_write_not_seen_in_time_is_unavailable_with_a_hint() {
        let now = Instant::now();
        let seen = |_| std::future::ready(());
        assert!(wait_until(&[token("a", 1)], now, seen).await.is_ok(), "what is there is seen at any deadline");
        let never = |_| std::future::pending();
        let status = Status::from(wait_until(&[token("a", 1)], now, never).await.expect_err("never"));
        assert_eq!(status.code(), Code::Unavailable);
        let delay = status.get_error_details().retry_info().and_then(|info| info.retry_delay);
        assert_eq!(delay, Some(RETRY_AFTER));
    }
}
