import CBitnet
import Foundation

/// A model that is loaded, and the threads that compute with it. Any thread may call anything.
public final class Engine: @unchecked Sendable {
  let handle: OpaquePointer

  /// How a model is loaded; 0 and false are the library's defaults.
  public struct Options: Sendable {
    public var threads = 0
    /// Generated for at once; more wait.
    public var maxSequences = 0
    /// Tokens that are remembered of all sequences together: what takes most memory beside the model.
    public var cacheTokens = 0
    public var mapsFile = true

    public init() {}
  }

  /// Maps the GGUF file at `path` and makes its weights ready for this chip. May take seconds: not on the main actor.
  public init(path: String, options: Options = Options()) throws {
    var raw = bitnet_engine_options()
    bitnet_engine_options_init(&raw)
    raw.flags = options.mapsFile ? 0 : BITNET_NO_MMAP
    raw.num_threads = Int32(options.threads)
    raw.max_sequences = Int32(options.maxSequences)
    raw.kv_cache_tokens = UInt64(options.cacheTokens)
    var created: OpaquePointer?
    try call { error in bitnet_engine_create(path, &raw, &created, error) }
    handle = created!
  }

  deinit {
    bitnet_engine_destroy(handle)
  }

  /// The tokens of a text as it is, with the beginning-of-sequence token where the model wants one.
  public func tokens(of text: String) throws -> [Int32] {
    try text.withCString { bytes in
      try readTokens { tokens, capacity, length, error in
        bitnet_tokenize(
          handle, bytes, text.utf8.count, BITNET_ADD_BOS, tokens, capacity, length, error)
      }
    }
  }

  /// The prompt that lets the model answer a conversation.
  public func tokens(of messages: [ChatMessage]) throws -> [Int32] {
    let texts = messages.map { (role: strdup($0.role.rawValue), content: strdup($0.content)) }
    defer {
      for text in texts {
        free(text.role)
        free(text.content)
      }
    }
    let raw = texts.map { text in
      var message = bitnet_chat_message()
      bitnet_chat_message_init(&message)
      message.role = UnsafePointer(text.role)
      message.content = UnsafePointer(text.content)
      return message
    }
    return try raw.withUnsafeBufferPointer { buffer in
      try readTokens { tokens, capacity, length, error in
        bitnet_chat_tokenize(
          handle, buffer.baseAddress, buffer.count, nil, tokens, capacity, length, error)
      }
    }
  }

  /// Begins an answer to these tokens, beside all others.
  public func generate(_ prompt: [Int32], options: Generation.Options = Generation.Options()) throws -> Generation {
    try Generation(engine: self, prompt: prompt, options: options)
  }

  /// Begins an answer to a conversation.
  public func chat(_ messages: [ChatMessage], options: Generation.Options = Generation.Options()) throws -> Generation {
    try generate(tokens(of: messages), options: options)
  }
}

/// One message of a conversation.
public struct ChatMessage: Sendable {
  public enum Role: String, Sendable {
    case system, user, assistant, tool
  }

  public var role: Role
  public var content: String

  public init(_ role: Role, _ content: String) {
    self.role = role
    self.content = content
  }
}
