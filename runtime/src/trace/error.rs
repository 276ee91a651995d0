//! Why a run could not be traced. That keeps no command from starting.

use std::time::Duration;

use thiserror::Error;

use crate::error::Explain;

/// Why a run could not be traced.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The endpoint is none.
    #[error("the endpoint for traces is no URL of http or https, or has a password in it")]
    Endpoint,
    /// The headers are none.
    #[error("the headers for traces are not of the form name=value,name=value")]
    Headers,
    /// Only HTTP is spoken.
    #[error("traces are wanted by gRPC, and are sent by HTTP only")]
    Grpc,
    /// Nobody took it.
    #[error("the trace could not be sent: {reason}")]
    Unreachable {
        /// What failed.
        reason: String,
    },
    /// The receiver did not want it.
    #[error("the receiver of traces answers with status {status}")]
    Status {
        /// What it says.
        status: u16,
    },
    /// It took too long.
    #[error("the receiver of traces has not answered within {}ms", .patience.as_millis())]
    Late {
        /// How long it had.
        patience: Duration,
    },
}

impl Explain for TraceError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Endpoint | Self::Headers | Self::Grpc => "trace-misconfigured",
            Self::Unreachable { .. } | Self::Status { .. } | Self::Late { .. } => "trace-not-sent",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Endpoint => {
                    "for example OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost:4318/v1/traces"
                }
                Self::Headers => "look at OTEL_EXPORTER_OTLP_HEADERS; values are percent-encoded",
                Self::Grpc => {
                    "set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json and the endpoint of the \
                     receiver's port for HTTP, usually 4318"
                }
                Self::Unreachable { .. } | Self::Status { .. } | Self::Late { .. } => {
                    "look at the receiver that OTEL_EXPORTER_OTLP_ENDPOINT names, or set \
                     OTEL_SDK_DISABLED=true"
                }
            }
            .to_owned(),
        )
    }
}
