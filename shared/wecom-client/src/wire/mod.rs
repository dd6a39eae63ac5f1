//! WeCom's spelling, and nothing else: from the bytes of an answer to our own words.
//!
//! Every decoder is tolerant (WECOM.md §3): any field may be absent, null, empty or of a
//! neighbouring type; numbers may come as text and ids as numbers. One thing is never guessed: an
//! answer without the list that was asked for is [`Malformed`], not an empty list.

mod agent;
mod department;
mod envelope;
mod lenient;
mod member;
mod tag;
mod token;

pub(crate) use agent::{AgentAnswer, agent_answer};
pub use department::DepartmentPlace;
pub(crate) use department::{
    DepartmentList, department_answer, department_list, department_places,
};
pub(crate) use envelope::{Judged, Malformed, Refusal, judge};
pub(crate) use member::{member_answer, member_list, userid_answer, userid_list};
pub(crate) use tag::{TagAnswer, tag_answer};
pub(crate) use token::{TokenAnswer, token_answer};

#[cfg(test)]
mod tests;
