//! Every service over a real port.

mod assist;
mod evaluation;
mod feedback;
mod health;
mod indexing;
mod knowledge;
mod lexicon;
mod lifecycle;
mod limits;
mod models;
mod reflection;
mod rules;
mod server_info;
mod text_tools;
mod tokens;
