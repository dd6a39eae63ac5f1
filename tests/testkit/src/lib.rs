//! What tests and the local runner need around the system, and no more.
//!
//! - **For:** an embedded DynamoDB with the template's tables, a forward proxy that serves as an
//!   agent, a real Squid where there is one, a clock that stands still until told, and a DynamoDB
//!   connection that fails on command.
//! - **Knows:** the wire: DynamoDB's protocol through the real SDK, HTTP proxying, the template.
//! - **Must never know:** people, departments, plans or runs; what is stored is not its business.
//! - **Keeps invariant 7 of ARCHITECTURE.md:** everything listens on loopback and stops on drop.

pub mod clock;
pub mod crash;
pub mod dynamo;
pub mod proxy;
pub mod squid;
pub mod template;

pub use clock::ManualClock;
pub use crash::Faults;
pub use dynamo::EmbeddedDynamo;
pub use proxy::{ForwardProxy, ProxyManner, ProxyOptions};
pub use squid::{Squid, SquidOptions};
pub use template::{TableDefinition, create_missing_tables, tables_from_template};
