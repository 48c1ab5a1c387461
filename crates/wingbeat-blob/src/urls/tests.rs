use proptest::prelude::{any, prop, proptest};

use super::{Disposition, Grant, UrlError, UrlMethod, UrlSigner, md5_to_base64};
use crate::path::{BlobPath, PathError};
use crate::upload::Expected;

const NOW: i64 = 1_700_000_000;
const EXPIRY: i64 = NOW + 60;

fn signer() -> UrlSigner {
    UrlSigner::new([7; 32])
}

fn put_grant() -> Grant {
    Grant {
        content_md5: Some([0xfb; 16]),
        content_length: Some(12),
        ..Grant::put(BlobPath::parse("uploads/_/p/d/x/a b.tgz").unwrap(), EXPIRY)
    }
}

fn get_grant() -> Grant {
    Grant {
        disposition: Disposition::Inline,
        content_type: Some("text/html; charset=utf-8".to_owned()),
        ..Grant::get(BlobPath::parse("runs/_/p/d/r/a0/1/report.html").unwrap(), EXPIRY)
    }
}

fn verify(method: UrlMethod, url: &str, now: i64) -> Result<Grant, UrlError> {
    match url.split_once('?') {
        Some((path, query)) => signer().verify(method, path, Some(query), now),
        None => signer().verify(method, url, None, now),
    }
}

/// Signs, applies the change, and verifies in time with the method that was signed.
fn altered(grant: &Grant, from: &str, to: &str) -> Result<Grant, UrlError> {
    let url = signer().sign(grant).unwrap();
    assert!(url.contains(from), "{from} is not in {url}");
    verify(grant.method, &url.replacen(from, to, 1), NOW)
}

#[test]
fn a_url_permits_what_was_signed() {
    for grant in [put_grant(), get_grant(), Grant::get(BlobPath::parse("a").unwrap(), EXPIRY)] {
        let url = signer().sign(&grant).unwrap();
        assert_eq!(verify(grant.method, &url, NOW), Ok(grant), "{url}");
    }
}

#[test]
fn the_form_of_a_url_is_stable() {
    // URLs outlive a restart with a newer version; a change here needs a new route and domain.
    let url = signer().sign(&put_grant()).unwrap();
    let (unsigned, signature) = url.split_once("&sig=").unwrap();
    assert_eq!(
        unsigned,
        "/blob/v1/uploads/_/p/d/x/a%20b.tgz?exp=1700000060&md5=-_v7-_v7-_v7-_v7-_v7-w&len=12"
    );
    assert_eq!(signature.len(), 43);
    let url = signer().sign(&get_grant()).unwrap();
    assert!(url.contains("&disp=inline&ct=text%2Fhtml%3B%20charset%3Dutf-8&sig="), "{url}");
}

#[test]
fn no_part_can_be_altered() {
    let cases = [
        (put_grant(), "/x/a", "/y/a"),
        (put_grant(), "uploads", "runs"),
        (put_grant(), "exp=1700000060", "exp=1700000061"),
        (put_grant(), "md5=-_v7", "md5=_-v7"),
        (put_grant(), "&md5=-_v7-_v7-_v7-_v7-_v7-w", ""),
        (put_grant(), "len=12", "len=13"),
        (put_grant(), "&len=12", ""),
        (put_grant(), "&len=12", "&len=12&disp=inline"),
        (get_grant(), "&disp=inline", ""),
        (get_grant(), "text%2Fhtml", "text%2Fplain"),
        (get_grant(), "&sig=", "&len=4&sig="),
    ];
    for (grant, from, to) in cases {
        assert_eq!(altered(&grant, from, to), Err(UrlError::BadSignature), "{from} -> {to}");
    }
}

#[test]
fn another_key_signs_another_url() {
    let url = UrlSigner::new([8; 32]).sign(&put_grant()).unwrap();
    assert_eq!(verify(UrlMethod::Put, &url, NOW), Err(UrlError::BadSignature));
}

#[test]
fn a_url_is_good_before_its_second_of_expiry() {
    let url = signer().sign(&put_grant()).unwrap();
    assert!(verify(UrlMethod::Put, &url, EXPIRY - 1).is_ok());
    for now in [EXPIRY, EXPIRY + 1, i64::MAX] {
        assert_eq!(verify(UrlMethod::Put, &url, now), Err(UrlError::Expired { at: EXPIRY, now }));
    }
    // A forged URL learns nothing of the time.
    assert_eq!(verify(UrlMethod::Put, &url.replace("exp=17", "exp=16"), EXPIRY), Err(UrlError::BadSignature));
}

#[test]
fn a_url_for_one_method_says_so_when_used_for_the_other() {
    let put = signer().sign(&put_grant()).unwrap();
    let get = signer().sign(&get_grant()).unwrap();
    assert_eq!(
        verify(UrlMethod::Get, &put, NOW),
        Err(UrlError::WrongMethod { signed_for: UrlMethod::Put, used: UrlMethod::Get })
    );
    let error = verify(UrlMethod::Put, &get, NOW).unwrap_err();
    assert_eq!(error.to_string(), "the URL is signed for GET, not for PUT");
}

#[test]
fn malformed_queries_are_named() {
    for (from, to, what) in [
        ("exp=1700000060", "exp=+1700000060", "exp"),
        ("exp=1700000060", "exp=01700000060", "exp"),
        ("exp=1700000060&", "", "exp"),
        ("exp=", "exp=1&exp=", "exp"),
        ("md5=-", "md5=*", "md5"),
        ("md5=-_v7", "md5=", "md5"),
        ("len=12", "len=012", "len"),
        ("len=12", "len=-1", "len"),
        ("&len", "&disp=none&len", "disp"),
        ("&len", "&ct=a%0Ab&len", "ct"),
        ("&sig=", "&sig=*", "sig"),
        ("&sig=", "&gis=", "sig"),
        ("/blob/v1/", "/blob/v2/", "path"),
    ] {
        assert_eq!(altered(&put_grant(), from, to), Err(UrlError::Malformed { what }), "{from} -> {to}");
    }
    assert_eq!(verify(UrlMethod::Put, "/blob/v1/a", NOW), Err(UrlError::Malformed { what: "exp" }));
    let grant = Grant { content_type: Some("a\nb".to_owned()), ..get_grant() };
    assert_eq!(signer().sign(&grant), Err(UrlError::Malformed { what: "ct" }));
}

#[test]
fn foreign_parameters_permit_nothing_and_harm_nothing() {
    assert_eq!(altered(&get_grant(), "?exp", "?download=1&exp"), Ok(get_grant()));
}

#[test]
fn paths_that_lead_elsewhere_are_refused_before_the_signature() {
    let tries = [
        "../secret",
        "%2e%2e/secret",
        "a/%2e%2e/%2E%2E/secret",
        "a/..%2fsecret",
        "a%2fb",
        "%2fetc/passwd",
        "/etc/passwd",
        "a//b",
        "a/./b",
        "a%00b",
        "a%5c..%5cb",
        "a%0ab",
        "a%",
        "a%f",
        "%ff%fe",
        "",
        ".wingbeat/md5/a",
    ];
    for path in tries {
        let url = format!("/blob/v1/{path}?exp={EXPIRY}&sig=AAAA");
        let got = verify(UrlMethod::Get, &url, NOW);
        assert!(matches!(got, Err(UrlError::BadPath(_))), "{path}: {got:?}");
    }
    // Encoded twice is a name with percent signs, and nobody signed it.
    assert_eq!(
        verify(UrlMethod::Get, &format!("/blob/v1/%252e%252e/a?exp={EXPIRY}&sig=AAAA"), NOW),
        Err(UrlError::BadSignature)
    );
    let url = format!("/blob/v1/%zz?exp={EXPIRY}&sig=AAAA");
    assert_eq!(verify(UrlMethod::Get, &url, NOW), Err(UrlError::BadPath(PathError::Encoding)));
}

#[test]
fn an_upload_must_announce_what_was_signed() {
    let (md5, other) = (md5_to_base64(&[0xfb; 16]), md5_to_base64(&[1; 16]));
    let expected = Expected { md5: Some([0xfb; 16]), length: Some(12), max_bytes: 99 };
    let grant = put_grant();
    for (header, length) in [(Some(md5.as_str()), Some(12)), (None, Some(12)), (None, None)] {
        assert_eq!(grant.expect_upload(header, length, 99), Ok(expected));
    }
    assert!(matches!(grant.expect_upload(Some(&other), None, 99), Err(UrlError::Md5Mismatch { .. })));
    assert_eq!(
        grant.expect_upload(Some(&md5), Some(13), 99),
        Err(UrlError::LengthMismatch { signed: 12, sent: 13 })
    );
    let bad = UrlError::Malformed { what: "content-md5" };
    assert_eq!(grant.expect_upload(Some("x"), None, 99), Err(bad));
    let open = Grant::put(BlobPath::parse("a").unwrap(), EXPIRY);
    let from_headers = Expected { md5: Some([1; 16]), length: Some(3), max_bytes: 99 };
    assert_eq!(open.expect_upload(Some(&other), Some(3), 99), Ok(from_headers));
}

#[test]
fn a_blob_cannot_act_as_a_page_of_ours() {
    let value = |grant: &Grant, name: &str| {
        grant.response_headers().into_iter().find(|(key, _)| *key == name).unwrap().1
    };
    let file = Grant::get(BlobPath::parse("a/näme \"x\".html").unwrap(), EXPIRY);
    assert_eq!(value(&file, "content-type"), "application/octet-stream");
    assert_eq!(
        value(&file, "content-disposition"),
        "attachment; filename=\"n_me _x_.html\"; filename*=UTF-8''n%C3%A4me%20%22x%22.html"
    );
    assert!(value(&file, "content-security-policy").starts_with("sandbox;"));
    let report = get_grant();
    assert_eq!(value(&report, "content-type"), "text/html; charset=utf-8");
    assert!(value(&report, "content-disposition").starts_with("inline;"));
    let policy = value(&report, "content-security-policy");
    assert!(policy.starts_with("sandbox") && !policy.contains("allow-same-origin"), "{policy}");
    assert_eq!(value(&report, "x-content-type-options"), "nosniff");
}

#[test]
fn the_key_is_not_printed() {
    assert_eq!(format!("{:?}", signer()), "UrlSigner { .. }");
}

proptest! {
    #[test]
    fn any_grant_survives_a_round_trip(
        segments in prop::collection::vec("[^/\\\\\\p{C}]{1,20}", 1..5),
        md5 in any::<Option<[u8; 16]>>(),
        length in any::<Option<u64>>(),
        expires_at in any::<i64>(),
        inline in any::<bool>(),
    ) {
        // Not every random text is a name; `.` and `a#1` are not.
        if let Ok(path) = BlobPath::parse(&segments.join("/")) {
            let grant = Grant {
                content_md5: md5,
                content_length: length,
                disposition: if inline { Disposition::Inline } else { Disposition::Attachment },
                ..Grant::put(path, expires_at.max(1))
            };
            let url = signer().sign(&grant).unwrap();
            assert!(url.is_ascii());
            assert_eq!(verify(UrlMethod::Put, &url, 0), Ok(grant));
        }
    }

    #[test]
    fn no_request_makes_the_check_panic(path in any::<String>(), query in any::<String>()) {
        assert!(signer().verify(UrlMethod::Get, &path, Some(&query), NOW).is_err());
        assert!(signer().verify(UrlMethod::Get, &format!("/blob/v1/{path}"), None, NOW).is_err());
    }
}
