//! Names that say where they are: ARNs.

/// The region of an ARN; `None` if it has none, or is no ARN.
pub(super) fn region_of(path: &str) -> Option<&str> {
    let mut parts = path.split(':');
    let is_arn = parts.next() == Some("arn");
    parts.nth(2).filter(|region| is_arn && !region.is_empty())
}

/// Which of the parts of AWS that know nothing of each other a region belongs to.
pub(super) fn partition_of(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_its_region() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf";
        assert_eq!(region_of(arn), Some("eu-west-1"));
        assert_eq!(region_of("lagomo/production/a:b:c:d"), None);
        assert_eq!(region_of("arn:aws:secretsmanager"), None);
        assert_eq!(region_of("arn:aws:iam::123456789012:role/a"), None);
    }

    #[test]
    fn a_region_says_its_partition() {
        assert_eq!(partition_of("eu-west-1"), "aws");
        assert_eq!(partition_of("cn-north-1"), "aws-cn");
        assert_eq!(partition_of("us-gov-east-1"), "aws-us-gov");
    }
}
