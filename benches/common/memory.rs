//! The synthetic base in memory, at the sizes that are measured.

use std::sync::Arc;

use yingda::{
    app::{App, StoreKind},
    domain::{Article, ManualClock},
};

use crate::{
    base::fill,
    setup::{MOMENT, config},
};

/// Starts an application in memory over articles.
pub fn app(articles: &[Article]) -> App {
    let clock = Arc::new(ManualClock::new(MOMENT));
    let app = App::start_with(&config(None), &StoreKind::Memory, clock, None).expect("the application starts");
    fill(&app, articles);
    app
}
