/// The version of this package, by semantic versioning: Docs/Changelog.md says what may change with which of its numbers.
public var adjointVersion: String { "0.1.0" }
