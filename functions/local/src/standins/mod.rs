//! What stands in for AWS services on a laptop: files, and tasks of this process.

mod contacts;
mod notices;
mod starter;
mod vault;

pub use contacts::NoContacts;
pub use notices::NoticeFile;
pub use starter::TaskStarter;
pub use vault::SecretFile;
