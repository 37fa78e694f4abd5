//! Recognizes what a message names: persons, places, numbers, dates, amounts, products.
//!
//! Works on the original text, full-width and Traditional forms included, for highlights and masks must fit what was
//! typed. Must not know what the things are for, nor the clock.
//!
//! Invariants: entities are in the order of the text and do not overlap; where two kinds claim a place, the first one
//! to claim has it, personal data before the rest. To add a kind: a function from text to finds in a file below, its
//! cues where words call for it, and its place in the order of claims.

use crate::domain::{Entity, EntityKind, Span};

use self::cues::{Cue, Cues};
use self::products::Products;
use self::scan::{Found, Scan};

mod accounts;
mod addresses;
mod cards;
mod context;
mod cues;
mod dates;
mod fields;
mod models;
mod money;
mod names;
mod numbers;
mod phones;
mod plain_names;
mod products;
mod regions;
mod scan;
mod surnames;

pub(super) use regions::public_len;
pub(super) use surnames::surname_len;

/// Recognizes entities, products by the list it was made with.
#[derive(Clone, Debug)]
pub struct Entities {
    products: Products,
}

impl Entities {
    /// Makes a recognizer that knows these product names or models.
    pub fn new(products: &[String]) -> Self {
        Self { products: Products::new(products) }
    }

    /// Returns what the text names, in its order; the spans are of `original`.
    pub fn recognize(&self, original: &str) -> Vec<Entity> {
        let mut claims = self.identifier_claims(original);
        claims.add(EntityKind::Product, models::models);
        claims.add(EntityKind::Money, money::amounts);
        claims.add(EntityKind::DateTime, dates::dates);
        claims.in_order()
    }

    /// Returns only what names one person, order, address or product; a mask needs no more.
    pub(super) fn identifiers(&self, original: &str) -> Vec<Entity> {
        self.identifier_claims(original).in_order()
    }

    fn identifier_claims(&self, original: &str) -> Claims {
        let mut claims = Claims { scan: Scan::new(original), entities: Vec::new(), anchors: Vec::new() };
        let cues = Cues::of(&claims.scan.text);
        let has_digits = claims.scan.text.bytes().any(|byte| byte.is_ascii_digit());
        claims.add_personal(&cues, has_digits);
        if claims.scan.text.contains(['.', '/']) {
            claims.add(EntityKind::Url, numbers::urls);
        }
        if has_digits {
            claims.add(EntityKind::TrackingNumber, numbers::tracking_numbers);
            claims.add(EntityKind::OrderNumber, numbers::named_orders);
            claims.add(EntityKind::BankCard, cards::bank_cards);
        }
        if cues.has(Cue::House) {
            claims.add(EntityKind::Address, addresses::addresses);
        }
        claims.add_names(&cues);
        claims.add(EntityKind::Product, |text| self.products.find(text));
        if has_digits {
            claims.add(EntityKind::OrderNumber, numbers::orders);
        }
        claims
    }
}

/// What is taken already, and what is left to look through.
struct Claims {
    scan: Scan,
    entities: Vec<Entity>,
    /// Where in the scan something personal stands that a name may stand beside.
    anchors: Vec<Span>,
}

impl Claims {
    fn add(&mut self, kind: EntityKind, find: impl FnOnce(&str) -> Vec<Found>) {
        for Found { span, value } in find(&self.scan.text) {
            let original = self.scan.original_span(span);
            if !self.entities.iter().any(|entity| entity.span.overlaps(original)) {
                self.entities.push(Entity { kind, span: original, value });
                self.scan.blank(span);
                if kind.is_personal() && kind != EntityKind::Credential {
                    self.anchors.push(span);
                }
            }
        }
    }

    /// Adds what is personal and known by its form or the word before it.
    fn add_personal(&mut self, cues: &Cues, has_digits: bool) {
        if self.scan.text.contains('@') {
            self.add(EntityKind::Email, numbers::emails);
        }
        if cues.has(Cue::Secret) {
            self.add(EntityKind::Credential, accounts::secrets);
        }
        if has_digits {
            self.add(EntityKind::IdCard, cards::id_cards);
            self.add(EntityKind::Phone, phones::phones);
        }
        if cues.has(Cue::Spoken) {
            self.add(EntityKind::Phone, phones::spoken);
        }
        if cues.has(Cue::Document) && has_digits {
            self.add(EntityKind::Passport, cards::documents);
        }
        if cues.has(Cue::Messenger) {
            self.add(EntityKind::SocialAccount, accounts::messengers);
        }
        if has_digits && self.scan.text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            self.add(EntityKind::LicensePlate, cards::plates);
        }
    }

    fn add_names(&mut self, cues: &Cues) {
        let anchors = std::mem::take(&mut self.anchors);
        self.add(EntityKind::PersonName, |text| names::names(text, cues, &anchors));
    }

    fn in_order(mut self) -> Vec<Entity> {
        self.entities.sort_unstable_by_key(|entity| entity.span);
        self.entities
    }
}

#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod tests;
