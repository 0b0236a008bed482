import CBitnet

/// What the library says is wrong.
public struct BitnetError: Error, CustomStringConvertible {
  /// As gRPC numbers them: 3 is an invalid argument, 5 not found, 8 resources exhausted.
  public let code: Int
  /// What was found and what was wanted.
  public let message: String

  public var description: String {
    String(cString: bitnet_code_name(bitnet_code(rawValue: numericCast(code)))) + ": " + message
  }
}

/// Throws what `body`, a call of the library, says of its failure.
func call(_ body: (UnsafeMutablePointer<bitnet_error>) -> bitnet_code) throws {
  var error = bitnet_error()
  let code = withUnsafeMutablePointer(to: &error) { body($0) }
  if code != BITNET_OK {
    let message = withUnsafePointer(to: error) { String(cString: bitnet_error_message($0)) }
    throw BitnetError(code: Int(code.rawValue), message: message)
  }
}

/// The tokens that `body` writes into a buffer, after it was asked for their number.
func readTokens(
  _ body: (
    UnsafeMutablePointer<Int32>?, Int, UnsafeMutablePointer<Int>, UnsafeMutablePointer<bitnet_error>
  ) -> bitnet_code
) throws -> [Int32] {
  var length = 0
  try call { error in body(nil, 0, &length, error) }
  var tokens = [Int32](repeating: 0, count: length)
  try tokens.withUnsafeMutableBufferPointer { buffer in
    try call { error in body(buffer.baseAddress, buffer.count, &length, error) }
  }
  return tokens
}
