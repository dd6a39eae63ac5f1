//! Silence on the road: its code, who acts, and how.

use sync_run::ports::{ReadError, Remedy};

use super::error;
use crate::transport::{Silence, TlsFault};

/// As a run tells it: one code for an agent that does not serve, whatever the reason.
pub(super) fn silent(silence: Silence) -> ReadError {
    let (code, remedy) = match silence {
        Silence::BadAgentUrl
        | Silence::NameUnknown
        | Silence::ConnectRefused
        | Silence::Unreachable
        | Silence::AgentRefusesCredentials
        | Silence::AgentForbids
        | Silence::AgentBadGateway(_)
        | Silence::AgentRefusesTunnel => ("no_agent", Remedy::FixSettings),
        Silence::ForbiddenAddress => ("forbidden_address", Remedy::FixSettings),
        Silence::Tls(_) | Silence::AgentTls(_) => ("tls", Remedy::FixSettings),
        Silence::ConnectTimeout | Silence::TimedOut | Silence::Cut | Silence::GivenUp => {
            ("no_answer", Remedy::RetryLater)
        }
        Silence::Status(_) => ("wecom_unavailable", Remedy::RetryLater),
    };
    error(code, silence.to_string(), remedy, remedy_of(silence))
}

/// As a check tells it (`CheckFailure::code`).
pub(super) fn code_of(silence: Silence) -> &'static str {
    match silence {
        Silence::BadAgentUrl => "bad_agent_url",
        Silence::NameUnknown => "name_unknown",
        Silence::ForbiddenAddress => "forbidden_address",
        Silence::ConnectRefused => "connect_refused",
        Silence::ConnectTimeout => "connect_timeout",
        Silence::Unreachable => "unreachable",
        Silence::AgentRefusesCredentials => "proxy_auth_required",
        Silence::AgentForbids => "proxy_forbidden",
        Silence::AgentBadGateway(_) => "proxy_bad_gateway",
        Silence::AgentRefusesTunnel => "proxy_refused",
        Silence::AgentTls(_) => "agent_tls",
        Silence::Tls(TlsFault::Untrusted) => "tls_untrusted",
        Silence::Tls(TlsFault::WrongName) => "tls_wrong_name",
        Silence::Tls(TlsFault::Expired) => "tls_expired",
        Silence::Tls(TlsFault::Other) => "tls",
        Silence::TimedOut | Silence::Cut | Silence::GivenUp => "no_answer",
        Silence::Status(_) => "wecom_unavailable",
    }
}

fn remedy_of(silence: Silence) -> &'static str {
    match silence {
        Silence::BadAgentUrl => {
            "enter the agent's address as http://host:port or https://host:port"
        }
        Silence::NameUnknown => "correct the name in the agent's address, or its entry in DNS",
        Silence::ForbiddenAddress => {
            "enter the address of the agent itself; link-local addresses and metadata services are \
             never asked"
        }
        Silence::AgentRefusesCredentials => "correct the agent's username and password",
        Silence::AgentForbids | Silence::AgentRefusesTunnel => {
            "allow the agent to connect to the host and port of base_url, and check its log"
        }
        Silence::AgentBadGateway(_) => {
            "check the agent's own way to the host and port of base_url: its DNS, its firewall, \
             its log"
        }
        Silence::ConnectRefused | Silence::ConnectTimeout | Silence::Unreachable => {
            "check that the agent runs and that its address can be reached from here"
        }
        Silence::AgentTls(_) | Silence::Tls(_) => {
            "check the certificates of WeCom and of an https agent; a private CA belongs in the \
             file that SSL_CERT_FILE names"
        }
        Silence::TimedOut | Silence::Cut | Silence::GivenUp => {
            "nothing at first; the next run tries again. If it lasts, check the agent and its way \
             to WeCom"
        }
        Silence::Status(_) => "nothing; the next run tries again",
    }
}
