use super::{Silence, judge, status_of};

#[test]
fn the_status_is_read_from_the_first_line() {
    assert_eq!(
        status_of(b"HTTP/1.1 407 Proxy Authentication Required\r\n"),
        Some(407)
    );
    assert_eq!(
        status_of(b"HTTP/1.0 200 Connection established\r\nX: 503\r\n"),
        Some(200)
    );
    for odd in [
        &b"SSH-2.0-OpenSSH_9.2 200\r\n"[..],
        b"HTTP/1.1\r\n",
        b"HTTP/1.1 abc\r\n",
        b"\xff\xfe\n",
        b"",
    ] {
        assert_eq!(status_of(odd), None);
    }
}

#[test]
fn each_refusal_has_its_own_meaning() {
    assert_eq!(judge(200), Ok(()));
    assert_eq!(judge(407), Err(Silence::AgentRefusesCredentials));
    assert_eq!(judge(403), Err(Silence::AgentForbids));
    for status in [502, 503, 504] {
        assert_eq!(judge(status), Err(Silence::AgentBadGateway(status)));
    }
    for status in [204, 302, 400, 405, 500] {
        assert_eq!(judge(status), Err(Silence::AgentRefusesTunnel));
    }
}
