//! `Knowledge`: what editors do.

mod articles;
mod bases;
mod files;
mod listing;
mod retries;
