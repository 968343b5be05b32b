"""The collector: receives OTLP, keeps traces durably, answers the read API. Imports only `unspan_proto` of ours."""
