use std::io;

use rustls::{CertificateError, Error, PeerIncompatible};

use super::{Silence, TlsFault, silence_in, tls_fault};

#[test]
fn what_is_wrong_with_a_certificate_is_told_apart() {
    for (flaw, fault) in [
        (CertificateError::UnknownIssuer, TlsFault::Untrusted),
        (CertificateError::NotValidForName, TlsFault::WrongName),
        (CertificateError::Expired, TlsFault::Expired),
        (CertificateError::NotValidYet, TlsFault::Expired),
        (CertificateError::Revoked, TlsFault::Other),
    ] {
        let error = Error::InvalidCertificate(flaw);
        assert_eq!(tls_fault(&error), Some(fault), "{error}");
        // As a socket's error it is the same.
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, error);
        assert_eq!(silence_in(&wrapped), Some(Silence::Tls(fault)));
    }
    let protocol = Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered);
    assert_eq!(tls_fault(&protocol), Some(TlsFault::Other));
}

#[test]
fn a_connection_that_breaks_off_is_no_judgement_about_certificates() {
    for (kind, silence) in [
        (io::ErrorKind::ConnectionReset, None),
        (io::ErrorKind::UnexpectedEof, None),
        (
            io::ErrorKind::ConnectionRefused,
            Some(Silence::ConnectRefused),
        ),
    ] {
        assert_eq!(silence_in(&io::Error::from(kind)), silence);
    }
}
