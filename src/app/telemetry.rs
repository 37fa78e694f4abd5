//! Logs to standard error, panics included. Customer text is never above debug level.

use tracing_subscriber::EnvFilter;

/// Sets logging up; a second call changes nothing. Fails where the filter is not of the form `info` or `yingda=debug`.
pub fn init(filter: &str) -> Result<(), tracing_subscriber::filter::ParseError> {
    let filter = EnvFilter::try_new(filter)?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Somebody else's subscriber, as in tests, stays.
    let _ = subscriber.try_init();
    // The default hook prints the panic's message, which may hold what a customer wrote.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!(place, "panicked");
    }));
    Ok(())
}
