/// FNV-1a, the same in every process and on every system, unlike Swift's hashes.
/// - Parameter before: the hash of the bytes that come before these.
package func stableHash(_ bytes: some Sequence<UInt8>, after before: UInt64 = 0xcbf2_9ce4_8422_2325) -> UInt64 {
  bytes.reduce(before) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
